// A family's mapping between the Hugging Face layout ("hf") and Automodel's grouped-experts layout
// ("native"), as a list of equations. An equation says that one tensor of one side equals an
// expression over tensors of the other:
//
//   native("{p}.mlp.experts.down_projs",
//          stack("E", experts, t(hf("{p}.mlp.experts.{E}.down_proj.weight"))))
//
// Read one way it assembles the native tensor, read the other way it takes it apart; there is no
// second list. Order of work towards native: drops, on the keys as they are; packed weights and
// their scales become one logical tensor each; prefixes; then the first equation that matches the
// whole key. A key that none matches passes unchanged. Towards hf: equations, then prefixes. Rules
// never mention scales.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/mapping/pattern.hpp"
#include "core/tensor/dtype.hpp"

namespace ckptscope {

enum class Side { Hf, Native };
std::string_view name_of(Side side);
constexpr Side other(Side side) {
  return side == Side::Hf ? Side::Native : Side::Hf;
}

/// The number of experts: from the config or from --set; nullopt leaves it to the planner.
using Extent = std::optional<std::uint64_t>;

/// An expression over the tensors of one side.
struct Part {
  enum class Op { Tensor, Transpose, Concat, Stack } op = Op::Tensor;
  std::vector<Pattern> spellings{};  // Tensor: keys it may have; the first one is written
  Side side = Side::Hf;              // Tensor: the side it lies on
  std::size_t number = 0;            // Tensor: its place among those of the equation, left to right
  std::vector<Part> parts{};         // operands of the other operations
  int dim = 0;                       // Concat: the dimension, -1 is the last
  Extent each{};                     // Concat: what every part must measure along `dim`, if known
  std::string index{};               // Stack: the variable that counts the parts
  Extent extent{};                   // Stack: how many
};

/// whole == parts; `whole` lies on the side `side`, all parts on the other.
struct Equation {
  Side side = Side::Native;
  std::vector<Pattern> whole{};  // spellings; the first one is written
  Part parts{};
  std::optional<Dtype> fixed{};  // cast to this dtype, in both directions
  Extent rows{};                 // what dimension 0 of the whole must measure, if known
  Equation as(Dtype dtype) &&;
  Equation with_rows(Extent count) &&;
  /// A further spelling that is understood; the first one is what gets written.
  Equation also_hf(const Pattern& spelling) &&;
  Equation also_native(const Pattern& spelling) &&;
};

/// Keys of the hf side that native does not have. `minimum` restricts it to captures from there on.
struct Drop {
  std::string rule;  // its name on every surface, "hy_v3.mtp"
  Pattern key;
  std::string reason;
  std::string variable{};  // with `minimum`: a digits variable
  std::uint64_t minimum = 0;
};

/// A stage before the equations: the text at the start of keys, so that rules are written once.
struct Prefix {
  std::string hf;
  std::string native;
  bool back_only = false;  // only read towards hf
};

/// Zeros on the native side, for every native key that matches `trigger`, where `key` is missing.
struct Synth {
  std::string rule;
  Pattern trigger;
  Pattern key;  // expands with the captures of `trigger`
  Dtype dtype = Dtype::F32;
  Extent extent{};  // shape [extent]; inferred from dim 0 of the trigger when unknown
};

/// A packed weight and its scale look like one tensor to the rules: stem + weight_suffix and
/// stem + scale_suffix on disk are stem + logical_suffix, decoded.
struct QuantScheme {
  enum class Kind { Mxfp4, Fp8 } kind = Kind::Fp8;
  std::string logical_suffix{};
  std::string weight_suffix{};
  std::string scale_suffix{};
  bool lone_scale = true;              // Fp8: a tensor of that suffix can be nothing but a scale
  std::vector<std::uint64_t> block{};  // Fp8: rows and columns that share one scale, where the
                                       // config says so; else the forms of plan/scale_fit.hpp
};

std::string_view name_of(QuantScheme::Kind kind);  // "mxfp4", "fp8"

/// How a family publishes its quantised weights: a scheme read the other way, for --quantize.
struct QuantPreset {
  struct Weights {
    Pattern key;  // logical, on the hf side
    std::size_t rank;
  };
  QuantScheme scheme;
  std::vector<Weights> weights;     // what is encoded,
  std::vector<std::string> except;  // but for keys that contain one of these
  bool activation_scales = false;   // the published form has scales that no weight tells
  std::string config;               // its quantization_config, as JSON
};

using Rule = std::variant<Equation, Drop, Prefix, Synth, QuantScheme, QuantPreset>;

/// One rule, or several that belong together; both stand in the list of a family alike.
struct Rules {
  template <typename OneRule>
  // NOLINTNEXTLINE(google-explicit-constructor): so that families read as lists
  Rules(OneRule rule) : list{std::move(rule)} {}
  Rules(std::initializer_list<Rules> groups);
  std::vector<Rule> list;
};

struct Mapping {
  Mapping() = default;
  Mapping(std::initializer_list<Rules> groups);
  /// Adds rules behind those that are there.
  void add(const Rules& rules);

  std::vector<Drop> drops;
  std::vector<Prefix> prefixes;
  std::vector<Equation> equations;
  std::vector<Synth> synths;
  std::vector<QuantScheme> schemes;
  std::vector<QuantPreset> presets;

  const QuantPreset* find_preset(QuantScheme::Kind kind) const;
};

/// What a user says about a mapping: --set KEY=VALUE and --layout.
struct MappingOptions {
  std::map<std::string, std::string, std::less<>> settings;
  std::string layout;  // one of the adapter's; empty is its first
};

// The words of a family's list.
Part hf(const Pattern& key);
Part native(const Pattern& key);
Part t(Part part);  // the last two dimensions swapped
Part cat(int dim, std::vector<Part> parts, Extent each = {});
Part stack(std::string index, Extent extent, Part part);
Equation hf(const Pattern& whole, Part parts);
Equation native(const Pattern& whole, Part parts);
Equation same(const Pattern& hf, const Pattern& native);
Prefix prefix(std::string hf, std::string native);
Prefix back_only(std::string hf, std::string native);

/// Captures of `variable` from `minimum` on; see drop_hf.
struct Condition {
  std::string variable;
  std::uint64_t minimum;
};
struct Variable {
  std::string name;
};
inline Variable where(std::string name) {
  return {std::move(name)};
}
inline Condition operator>=(Variable variable, std::uint64_t minimum) {
  return {std::move(variable.name), minimum};
}
Drop drop_hf(std::string rule, const Pattern& key, std::string reason);
Drop drop_hf(std::string rule, const Pattern& key, const Condition& condition, std::string reason);

}  // namespace ckptscope
