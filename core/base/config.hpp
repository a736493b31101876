// config.json, read strictly and asked by name.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ckptscope {

/// Immutable; cheap to copy; thread-safe. A default-made Config is absent: every question gets
/// nullopt. Numbers in it are claims: nothing may be allocated on their word.
class Config {
 public:
  Config() = default;
  /// Throws BadConfig: not an object, duplicate names, nested too deep, not JSON. Python's NaN and
  /// Infinity are numbers, though nobody can ask for them. `name` is for messages.
  static Config parse(const std::string& text, std::string_view name);

  bool present() const { return data_ != nullptr; }
  /// xxh3-64 of its text; 0 when absent.
  std::uint64_t hash() const;

  /// The member at a dotted path ("text_config.model_type"), if it is of that type.
  std::optional<std::string> text(std::string_view path) const;
  /// A non-negative integer at the path, or else at "text_config." + path.
  std::optional<std::uint64_t> integer(std::string_view path) const;
  /// The first of several names that is there.
  std::optional<std::uint64_t> integer(std::initializer_list<std::string_view> paths) const;
  /// Elements of an array of integers, e.g. weight_block_size; also under "text_config.".
  std::optional<std::vector<std::uint64_t>> integers(std::string_view path) const;

  /// How many elements an array has, or characters a text; also under "text_config.".
  std::optional<std::uint64_t> length(std::string_view path) const;
  /// Layers of the model, as num_hidden_layers counts them, or a list of their kinds.
  std::optional<std::uint64_t> layers() const;
  /// Routed experts of a layer, under any of the names that families give their number.
  std::optional<std::uint64_t> experts() const;

  /// What `dtype` and `torch_dtype` say ("bfloat16", "auto"): at the top, then under text_config.
  std::vector<std::string> dtypes() const;

  /// The JSON of the member at a path, or under "text_config."; empty without one.
  std::string json(std::string_view path) const;

  struct Edit {
    std::optional<std::string> dtype{};         // "bfloat16"; nullopt keeps what it says
    std::optional<std::string> quantisation{};  // JSON; empty removes it; nullopt keeps it
  };
  /// The text, changed in these places alone: `dtype` set where the config states one (else added);
  /// quantization_config removed at the top and under text_config, or set at the top.
  std::string edited(const Edit& edit) const;

 private:
  struct Data;
  std::shared_ptr<const Data> data_;
};

}  // namespace ckptscope
