// Our own scanner rejects what a JSON library lets pass (a name twice); then the library reads it.
#include "core/base/config.hpp"

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

/// At the path, or else under text_config.
const Json* at_path_or_text(const Json& root, std::string_view path) {
  const Json* node = at_path(root, path);
  const Json* nested = node == nullptr ? member(root, kTextConfig) : nullptr;
  return nested == nullptr ? node : at_path(*nested, path);
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
  const bool lines = object.text().find('\n') != std::string::npos;
  const std::string text = Json::parse(json).dump(lines ? 2 : -1);
  std::string out;
  for (const char c : text) out += c == '\n' ? "\n  " : std::string(1, c);
  return out;
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

std::optional<std::uint64_t> Config::integer(std::string_view path) const {
  if (!present()) return std::nullopt;
  if (const auto value = as_unsigned(at_path(data_->root, path))) return value;
  const Json* nested = member(data_->root, kTextConfig);
  return nested == nullptr ? std::nullopt : as_unsigned(at_path(*nested, path));
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

std::optional<std::uint64_t> Config::length(std::string_view path) const {
  const Json* node = present() ? at_path_or_text(data_->root, path) : nullptr;
  if (node == nullptr) return std::nullopt;
  if (node->is_string()) return node->get_ref<const std::string&>().size();
  return node->is_array() ? std::optional<std::uint64_t>(node->size()) : std::nullopt;
}

/// Nemotron's configs of transformers 5 have the list alone, older ones a letter a layer.
std::optional<std::uint64_t> Config::layers() const {
  if (const auto count = integer({"num_hidden_layers", "n_layer", "num_layers"})) return count;
  for (const char* path : {"layers_block_type", "layer_types", "hybrid_override_pattern"}) {
    if (const auto count = length(path)) return count;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> Config::experts() const {
  return integer({"num_local_experts", "n_routed_experts", "num_experts"});
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
  if (at_path(data_->root, kTextConfig) != nullptr && data_->root[kTextConfig].is_object()) {
    JsonEditor nested(*root.value(kTextConfig));
    if (edit.dtype) stated = set_dtype(nested, dtype) || stated;
    if (edit.quantisation) nested.remove(kQuantisation);
    root.set(kTextConfig, nested.text());
  }
  if (edit.dtype && !stated) root.set("dtype", dtype);
  if (edit.quantisation && edit.quantisation->empty()) root.remove(kQuantisation);
  if (edit.quantisation && !edit.quantisation->empty()) {
    root.set(kQuantisation, laid_out_in(root, *edit.quantisation));
  }
  return root.text();
}

}  // namespace ckptscope
