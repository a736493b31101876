// Our own scanner rejects what a JSON library lets pass (a name twice); then the library reads it.
#include "core/base/config.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "core/base/display.hpp"
#include "core/base/error.hpp"
#include "core/base/hash.hpp"
#include "core/base/json_editor.hpp"
#include "core/base/json_scanner.hpp"

namespace ckptscope {

using Json = nlohmann::ordered_json;

struct Config::Data {
  std::string text;
  Json root;
  std::uint64_t hash = 0;
};

namespace {

constexpr const char* kTextConfig = "text_config";
constexpr const char* kQuantisation = "quantization_config";

const Json* member(const Json& object, std::string_view name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(std::string(name));
  return found == object.end() ? nullptr : &*found;
}

const Json* at_path(const Json& root, std::string_view path) {
  const Json* node = &root;
  while (node != nullptr && !path.empty()) {
    const std::size_t dot = path.find('.');
    node = member(*node, path.substr(0, dot));
    path = dot == path.npos ? std::string_view() : path.substr(dot + 1);
  }
  return node;
}

/// Where the text part of a model of several parts may lie. The talker of Qwen3-Omni has numbers of
/// its own, which are never taken for the model's.
constexpr std::array kTextParts{"text_config", "thinker_config.text_config", "llm_config"};

/// Names of the number of layers.
constexpr std::array<std::string_view, 3> kLayerCounts{"num_hidden_layers", "n_layer",
                                                       "num_layers"};

/// At the path, or else in the text part.
const Json* at_path_or_text(const Json& root, std::string_view path) {
  const Json* node = at_path(root, path);
  for (const char* part : kTextParts) {
    if (node != nullptr && !node->is_null()) return node;
    const Json* text = at_path(root, part);
    node = text == nullptr ? nullptr : at_path(*text, path);
  }
  return node;
}

ConfigValue::Scalar scalar_of(const Json& node) {
  if (node.is_boolean()) return node.get<bool>();
  if (node.is_number_float()) return node.get<double>();
  if (node.is_string()) return node.get<std::string>();
  const bool fits =
      node.is_number_unsigned() ? node.get<std::uint64_t>() >> 63 == 0 : node.is_number();
  if (fits) return node.get<std::int64_t>();
  return {};
}

std::optional<std::uint64_t> as_unsigned(const Json* node) {
  if (node == nullptr || !node->is_number_unsigned()) return std::nullopt;
  return node->get<std::uint64_t>();
}

/// NaN and Infinity are no JSON: the library does not read them. Nobody asks a config for them, so
/// null stands in their place; outside strings nothing else has their letters.
std::string without_python_numbers(const std::string& text) {
  std::string out;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string && c == '\\') out += text[i++];
    if (c == '"') in_string = !in_string;
    if (in_string || (c != 'N' && c != 'I')) {
      out += text[i];
      continue;
    }
    if (out.ends_with('-')) out.pop_back();
    out += "null";
    i += std::string_view(c == 'N' ? "NaN" : "Infinity").size() - 1;
  }
  return out;
}

/// Sets whichever of dtype and torch_dtype the object has; true when it had one.
bool set_dtype(JsonEditor& object, const std::string& dtype) {
  bool found = false;
  for (const char* name : {"dtype", "torch_dtype"}) {
    if (!object.value(name)) continue;
    object.set(name, dtype);
    found = true;
  }
  return found;
}

/// `json` on lines of its own, where `object` is written so.
std::string laid_out_in(const JsonEditor& object, const std::string& json) {
  const std::string& around = object.text();
  const std::size_t line = around.find('\n');
  if (line == around.npos) return Json::parse(json).dump();
  const std::string indent(around.substr(line, around.find_first_not_of(" \n", line) - line));
  std::string out;
  for (const char c : Json::parse(json).dump(2)) out += c == '\n' ? indent : std::string(1, c);
  return out;
}

/// Set in an object that is to have it, and removed from one that is not.
void set_quantisation(JsonEditor& object, const Config::Edit& edit, bool here) {
  if (!edit.quantisation) return;
  if (edit.quantisation->empty() || !here) return object.remove(kQuantisation);
  object.set(kQuantisation, laid_out_in(object, *edit.quantisation));
}

/// `edit(editor, node)` for the object at `path` below `root`, which `node` is the value of.
void edit_at(JsonEditor& root, const Json& node, std::string_view path, const auto& edit) {
  if (path.empty()) return edit(root, node);
  const std::size_t dot = path.find('.');
  const std::string name(path.substr(0, dot));
  const Json* inner = member(node, name);
  if (inner == nullptr || !inner->is_object()) return;
  JsonEditor nested(*root.value(name));
  edit_at(nested, *inner, dot == path.npos ? std::string_view() : path.substr(dot + 1), edit);
  root.set(name, nested.text());
}

/// Lists and texts with one entry a layer; lists of the numbers of some layers are others.
bool is_of_every_layer(std::string_view name, const Json& value, std::uint64_t layers) {
  const auto has = [&](std::string_view part) { return name.find(part) != name.npos; };
  if (value.is_array()) {
    return value.size() == layers &&
           (has("types") || has("block_type") || has("freq") || has("pattern"));
  }
  if (!value.is_string() || !name.ends_with("_pattern")) return false;
  const auto& text = value.get_ref<const std::string&>();
  return text.size() == layers &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

/// What counts `before` layers in one object, as if there were `after`.
void shorten(JsonEditor& object, const Json& node, std::uint64_t before, std::uint64_t after) {
  for (const auto& [name, value] : node.items()) {
    const bool counts =
        std::find(kLayerCounts.begin(), kLayerCounts.end(), name) != kLayerCounts.end();
    if (counts && as_unsigned(&value) == before) object.set(name, std::to_string(after));
    if (!is_of_every_layer(name, value, before)) continue;
    if (value.is_string()) object.set(name, Json(value.get<std::string>().substr(0, after)).dump());
    if (value.is_array()) {
      const auto end = value.begin() + static_cast<std::ptrdiff_t>(after);
      object.set(name, Json(std::vector<Json>(value.begin(), end)).dump());
    }
  }
}

}  // namespace

Config Config::parse(const std::string& text, std::string_view name) {
  return with_context(display(name), [&] {
    try {
      if (const auto at = find_invalid_utf8(text); at != text.npos) {
        fail(Code::BadConfig, "byte {} is not UTF-8", at);
      }
      JsonScanner scan(text, JsonDialect::Python);
      if (scan.peek() != '{') scan.fail_expected("an object");
      scan.skip_value(/*unique_keys=*/true);
      scan.finish();
      auto data = std::make_shared<Data>();
      data->text = text;
      data->root = Json::parse(without_python_numbers(text));
      data->hash = xxh3(text);
      Config config;
      config.data_ = std::move(data);
      return config;
    } catch (const Error& error) {
      throw Error(Code::BadConfig, error.what());
    } catch (const Json::exception& error) {
      throw Error(Code::BadConfig, display(error.what()));
    }
  });
}

std::uint64_t Config::hash() const {
  return present() ? data_->hash : 0;
}

std::optional<std::string> Config::text(std::string_view path) const {
  const Json* node = present() ? at_path(data_->root, path) : nullptr;
  if (node == nullptr || !node->is_string()) return std::nullopt;
  return node->get<std::string>();
}

bool ConfigValue::equals(const ConfigValue& other) const {
  const auto same = [&](const Scalar& one) {
    const auto* whole = std::get_if<std::int64_t>(&one);
    const auto* real = std::get_if<double>(&other.scalar);
    if (whole != nullptr && real != nullptr) return static_cast<double>(*whole) == *real;
    return one.index() != 0 && one == other.scalar;
  };
  return same(scalar) || std::any_of(list.begin(), list.end(), same);
}

ConfigValue Config::value(std::string_view path, bool exact) const {
  if (!present()) return {};
  const Json* node = exact ? at_path(data_->root, path) : at_path_or_text(data_->root, path);
  if (node == nullptr) return {};
  ConfigValue value;
  if (!node->is_array()) value.scalar = scalar_of(*node);
  if (node->is_array()) {
    for (const Json& element : *node) value.list.push_back(scalar_of(element));
  }
  return value;
}

bool Config::has(std::string_view path, bool exact) const {
  if (!present()) return false;
  const Json* node = exact ? at_path(data_->root, path) : at_path_or_text(data_->root, path);
  return node != nullptr && !node->is_null();
}

std::optional<std::uint64_t> Config::integer(std::string_view path) const {
  return present() ? as_unsigned(at_path_or_text(data_->root, path)) : std::nullopt;
}

std::optional<std::uint64_t> Config::integer(std::initializer_list<std::string_view> paths) const {
  for (const std::string_view path : paths) {
    if (const auto value = integer(path)) return value;
  }
  return std::nullopt;
}

std::optional<std::vector<std::uint64_t>> Config::integers(std::string_view path) const {
  const Json* node = present() ? at_path_or_text(data_->root, path) : nullptr;
  if (node == nullptr || !node->is_array()) return std::nullopt;
  std::vector<std::uint64_t> values;
  for (const Json& element : *node) {
    const auto value = as_unsigned(&element);
    if (!value) return std::nullopt;
    values.push_back(*value);
  }
  return values;
}

std::vector<ConfigValue> Config::each(std::string_view object, std::string_view path) const {
  std::vector<ConfigValue> values;
  const Json* const members = present() ? at_path_or_text(data_->root, object) : nullptr;
  if (members == nullptr || !members->is_object()) return values;
  for (const Json& one : *members) {
    if (const Json* const node = at_path(one, path)) values.push_back({scalar_of(*node), {}});
  }
  return values;
}

Config::Places Config::quantisation_places() const {
  const auto stands_in = [&](const Json* object) {
    return object != nullptr && member(*object, kQuantisation) != nullptr;
  };
  if (!present()) return {false, false};
  return {stands_in(&data_->root), stands_in(member(data_->root, kTextConfig))};
}

std::optional<std::uint64_t> Config::length(std::string_view path) const {
  const Json* node = present() ? at_path_or_text(data_->root, path) : nullptr;
  if (node == nullptr) return std::nullopt;
  if (node->is_string()) return node->get_ref<const std::string&>().size();
  return node->is_array() ? std::optional<std::uint64_t>(node->size()) : std::nullopt;
}

/// Nemotron's configs of transformers 5 have the list alone, older ones a letter a layer.
std::optional<std::uint64_t> Config::layers() const {
  for (const std::string_view name : kLayerCounts) {
    if (const auto count = integer(name)) return count;
  }
  for (const char* path : {"layers_block_type", "layer_types", "hybrid_override_pattern"}) {
    if (const auto count = length(path)) return count;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> Config::experts() const {
  return integer({"num_local_experts", "n_routed_experts", "num_experts", "moe_num_experts"});
}

std::optional<std::uint64_t> Config::experts_per_token() const {
  return integer(
      {"num_experts_per_tok", "experts_per_token", "moe_topk", "moe_k", "top_k_experts"});
}

std::string Config::pretty() const {
  return present() ? data_->root.dump(2) : "";
}

std::vector<std::string> Config::dtypes() const {
  std::vector<std::string> names;
  for (const char* path :
       {"dtype", "torch_dtype", "text_config.dtype", "text_config.torch_dtype"}) {
    if (auto name = text(path)) names.push_back(std::move(*name));
  }
  return names;
}

std::string Config::json(std::string_view path) const {
  const Json* node = present() ? at_path_or_text(data_->root, path) : nullptr;
  return node == nullptr ? "" : node->dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string Config::edited(const Edit& edit) const {
  if (!present()) return "";
  JsonEditor root(data_->text);
  const std::string dtype = edit.dtype ? Json(*edit.dtype).dump() : "";
  bool stated = edit.dtype && set_dtype(root, dtype);
  const Json* const text = member(data_->root, kTextConfig);
  const bool has_text = text != nullptr && text->is_object();
  if (has_text) {
    JsonEditor nested(*root.value(kTextConfig));
    if (edit.dtype) stated = set_dtype(nested, dtype) || stated;
    set_quantisation(nested, edit, edit.places.text);
    root.set(kTextConfig, nested.text());
  }
  if (edit.dtype && !stated) root.set("dtype", dtype);
  if (const auto before = layers(); before && edit.layers && *edit.layers < *before) {
    const auto fewer = [&](JsonEditor& object, const Json& node) {
      shorten(object, node, *before, *edit.layers);
    };
    edit_at(root, data_->root, "", fewer);
    for (const char* part : kTextParts) edit_at(root, data_->root, part, fewer);
  }
  set_quantisation(root, edit, edit.places.top || !has_text);
  return root.text();
}

}  // namespace ckptscope
