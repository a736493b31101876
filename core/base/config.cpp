// Our own scanner rejects what a JSON library lets pass (a name twice); then the library reads it.
#include "core/base/config.hpp"

#include <nlohmann/json.hpp>

#include "core/base/display.hpp"
#include "core/base/error.hpp"
#include "core/base/hash.hpp"
#include "core/base/json_scanner.hpp"

namespace ckptscope {

using Json = nlohmann::ordered_json;

struct Config::Data {
  Json root;
  std::uint64_t hash = 0;
};

namespace {

constexpr std::string_view kTextConfig = "text_config";
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

std::optional<std::uint64_t> as_unsigned(const Json* node) {
  if (node == nullptr || !node->is_number_unsigned()) return std::nullopt;
  return node->get<std::uint64_t>();
}

/// Good until a member is added to `root`.
Json* text_config(Json& root) {
  const auto found = root.find(std::string(kTextConfig));
  return found == root.end() || !found->is_object() ? nullptr : &*found;
}

/// Sets whichever of dtype and torch_dtype the object has; true when it had one.
bool set_dtype(Json& object, const std::string& dtype) {
  bool found = false;
  for (const char* name : {"dtype", "torch_dtype"}) {
    if (!object.contains(name)) continue;
    object[name] = dtype;
    found = true;
  }
  return found;
}

}  // namespace

Config Config::parse(const std::string& text, std::string_view name) {
  return with_context(display(name), [&] {
    try {
      if (const auto at = find_invalid_utf8(text); at != text.npos) {
        fail(Code::BadConfig, "byte {} is not UTF-8", at);
      }
      JsonScanner scan(text);
      if (scan.peek() != '{') scan.fail_expected("an object");
      scan.skip_value(/*unique_keys=*/true);
      scan.finish();
      auto data = std::make_shared<Data>();
      data->root = Json::parse(text);
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

std::uint64_t Config::integer_or(std::string_view path, std::uint64_t fallback) const {
  return integer(path).value_or(fallback);
}

std::optional<std::uint64_t> Config::integer(std::initializer_list<std::string_view> paths) const {
  for (const std::string_view path : paths) {
    if (const auto value = integer(path)) return value;
  }
  return std::nullopt;
}

std::optional<std::vector<std::uint64_t>> Config::integers(std::string_view path) const {
  const Json* node = present() ? at_path(data_->root, path) : nullptr;
  if (node == nullptr || !node->is_array()) return std::nullopt;
  std::vector<std::uint64_t> values;
  for (const Json& element : *node) {
    const auto value = as_unsigned(&element);
    if (!value) return std::nullopt;
    values.push_back(*value);
  }
  return values;
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
  if (!present()) return "";
  const Json* node = at_path(data_->root, path);
  const Json* nested = member(data_->root, kTextConfig);
  if (node == nullptr && nested != nullptr) node = at_path(*nested, path);
  return node == nullptr ? "" : node->dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string Config::edited(const Edit& edit) const {
  if (!present()) return "";
  Json root = data_->root;
  if (edit.dtype) {
    bool stated = set_dtype(root, *edit.dtype);
    if (Json* nested = text_config(root)) stated = set_dtype(*nested, *edit.dtype) || stated;
    if (!stated) root["dtype"] = *edit.dtype;
  }
  if (edit.quantisation) {
    if (Json* nested = text_config(root)) nested->erase(kQuantisation);
    if (edit.quantisation->empty()) {
      root.erase(kQuantisation);
    } else {
      root[kQuantisation] = Json::parse(*edit.quantisation);
    }
  }
  return root.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ckptscope
