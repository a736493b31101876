// config.json, read strictly and asked by name.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ckptscope {

/// What a config says at a path: a flag, a number, a text, or the like of a list's elements.
struct ConfigValue {
  using Scalar = std::variant<std::monostate, bool, std::int64_t, double, std::string>;
  Scalar scalar{};
  std::vector<Scalar> list{};

  bool absent() const { return scalar.index() == 0 && list.empty(); }
  /// The same scalar; of a list one element is enough. A whole number equals its real.
  bool equals(const ConfigValue& other) const;
};

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
  /// What is at the path; unless `exact` also in the text part of a model of several parts:
  /// "text_config.", "thinker_config.text_config." or "llm_config." + path, and nowhere else.
  ConfigValue value(std::string_view path, bool exact = false) const;
  /// True for anything there but null, objects too.
  bool has(std::string_view path, bool exact = false) const;
  /// A non-negative integer at the path, or else in the text part.
  std::optional<std::uint64_t> integer(std::string_view path) const;
  /// The first of several names that is there.
  std::optional<std::uint64_t> integer(std::initializer_list<std::string_view> paths) const;
  /// Elements of an array of integers, e.g. weight_block_size; also in the text part.
  std::optional<std::vector<std::uint64_t>> integers(std::string_view path) const;

  /// What is at `path` in each member of an object, of those that have it; also in the text part.
  std::vector<ConfigValue> each(std::string_view object, std::string_view path) const;
  /// How many elements an array has, or characters a text; also in the text part.
  std::optional<std::uint64_t> length(std::string_view path) const;
  /// Layers of the model, as num_hidden_layers counts them, or a list of their kinds.
  std::optional<std::uint64_t> layers() const;
  /// Routed experts of a layer, under any of the names that families give their number.
  std::optional<std::uint64_t> experts() const;
  /// Those of them that a token goes through.
  std::optional<std::uint64_t> experts_per_token() const;

  /// What `dtype` and `torch_dtype` say ("bfloat16", "auto"): at the top, then under text_config.
  std::vector<std::string> dtypes() const;

  /// All of it, a member a line; empty without one.
  std::string pretty() const;
  /// The JSON of the member at a path, or in the text part; empty without one.
  std::string json(std::string_view path) const;

  /// Where quantization_config stands: beside model_type, under text_config, or in both.
  struct Places {
    bool top = true;
    bool text = false;
  };
  Places quantisation_places() const;

  struct Edit {
    std::optional<std::string> dtype{};         // "bfloat16"; nullopt keeps what it says
    std::optional<std::string> quantisation{};  // JSON; empty removes it; nullopt keeps it
    Places places{};                            // where it is set; without text_config at the top
    std::optional<std::uint64_t> layers{};  // that stay of those that layers() counts, the first
  };
  /// The text, changed in these places alone: `dtype` set where the config states one (else added);
  /// quantization_config removed at the top and under text_config, then set in its `places`.
  /// Fewer `layers`: their number, and lists and texts with one entry a layer, by names with
  /// "layer" or "pattern" in them.
  std::string edited(const Edit& edit) const;

 private:
  struct Data;
  std::shared_ptr<const Data> data_;
};

}  // namespace ckptscope
