// A family's mapping between the Hugging Face layout ("hf") and Automodel's grouped-experts layout
// ("native"), as a list of equations. An equation says that one tensor of one side equals an
// expression over tensors of the other:
//
//   stack(E, experts, t({p}.mlp.experts.{E}.down_proj.weight)) = {p}.mlp.experts.down_projs
//
// Read one way it assembles the native tensor, read the other way it takes it apart; there is no
// second list. Order of work towards native: drops, on the keys as they are; packed weights and
// their scales become one logical tensor each; prefixes; then the first equation that matches the
// whole key; then what the mapping adds. A key that none matches passes unchanged. Towards hf:
// drops of native keys, equations, prefixes. Rules never mention scales.
//
// Mappings are read from texts: core/language.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/config.hpp"
#include "core/mapping/pattern.hpp"
#include "core/mapping/quant_scheme.hpp"
#include "core/tensor/dtype.hpp"

namespace ckptscope {

enum class Side { Hf, Native };
std::string_view name_of(Side side);
constexpr Side other(Side side) {
  return side == Side::Hf ? Side::Native : Side::Hf;
}

/// A size: from the config or from --set; nullopt where neither tells. The number of experts is
/// then left to the planner.
using Extent = std::optional<std::uint64_t>;

/// An expression over the tensors of one side. language/words.hpp has a row an operation.
struct Part {
  enum class Op {
    Tensor,
    Transpose,
    Concat,
    Stack,
    Row,
    Head,
    Scaled,
    Interleaved
  } op = Op::Tensor;
  std::vector<Pattern> spellings{};  // Tensor: keys it may have; the first one is written
  Side side = Side::Hf;              // Tensor: the side it lies on
  std::size_t number = 0;            // Tensor: its place among those of the equation, left to right
  std::vector<Part> parts{};         // operands of the other operations
  int dim = 0;                       // Concat, Interleaved: the dimension, -1 is the last
  Extent each{};                     // Concat of like parts: what each must measure, if known
  std::vector<std::uint64_t> sizes{};  // Concat of unlike parts: what they must measure
  std::string index{};                 // Stack: the variable that counts the parts
  Extent extent{};                     // Stack: how many; Head: how many are kept
  std::uint64_t multiple = 1;          // Head: the part is filled up to a multiple of it
  std::string unknown{};  // Head and unlike parts: what config.json would have to state; else empty
};

/// whole == parts; `whole` lies on the side `side`, all parts on the other.
struct Equation {
  Side side = Side::Native;
  std::vector<Pattern> whole{};  // spellings; the first one is written
  Part parts{};
  std::optional<Dtype> fixed{};  // cast to this dtype, in both directions
  bool as_output = false;    // towards native cast to the output dtype, also where nothing stacks
  Extent rows{};             // what dimension 0 of the whole must measure, if known:
  bool counts_rows = false;  // it is of experts
  std::string line{};        // where it stands: "hy_v3.map:15"

  /// Numbers the tensors; a closed set that one pattern declares holds in all of them.
  void settle();
};

/// Captures of a digits variable from `minimum` on, or below it.
struct Condition {
  std::string variable{};  // empty: always
  std::uint64_t limit = 0;
  bool below = false;

  bool holds(const Captures& captures) const;
};

/// Keys of one side that the other does not have.
struct Drop {
  Side side = Side::Hf;
  std::string rule;  // its name on every surface, "hy_v3.mtp"
  Pattern key;
  std::string reason;
  Condition where{};
  std::string line{};  // where it stands

  bool applies(std::string_view of) const;  // to a key of its side
};

/// A stage before the equations: the start of keys, so that rules are written once.
struct Prefix {
  Prefix(std::string hf, std::string native);
  bool reads(Side side) const { return side == Side::Hf ? to_native : to_hf; }
  const std::string& start(Side side) const { return side == Side::Hf ? hf : native; }
  /// `key` of side `from` with its start replaced; nullopt where it does not begin so.
  std::optional<std::string> replace(std::string_view key, Side from) const;
  bool begins(std::string_view key, Side side) const;

  std::string hf;  // as written, captures and all
  std::string native;
  bool to_native = true;
  bool to_hf = true;
  Condition where{};  // towards native

 private:
  bool is_plain_;  // no captures: the start of a string is compared
  Pattern hf_key_;
  Pattern native_key_;
};

/// What native has and hf has not: made for every native key that matches `beside`, where `key` is
/// missing.
struct Addition {
  enum class Kind {
    Zeros,        // F32 [extent]; inferred from dimension 0 of `beside` when unknown
    Copy,         // of the tensor `beside`
    Frequencies,  // F32 [dim / 2]: 1 / theta^(2i / dim), of rotary embeddings
  } kind = Kind::Zeros;
  std::string rule;
  Pattern beside = "";
  Pattern key = "";  // expands with the captures of `beside`
  Extent extent{};
  double theta = 0;
  std::uint64_t dim = 0;
};

/// How a family publishes its quantised weights: a scheme read the other way, for --quantize.
struct QuantPreset {
  struct Weights {
    Pattern key;  // logical, on the hf side
    std::size_t rank;
    PackAs as;
  };
  PackAs as = PackAs::Fp8;            // what it is called, and most weights are
  std::vector<Weights> weights{};     // what is encoded, by the first that matches,
  std::vector<std::string> except{};  // but for keys that contain one of these
  bool activation_scales = false;     // the published form has scales that no weight tells,
  bool is_dynamic = false;            // which its config goes without
  std::string config{};               // its quantization_config, as JSON,
  std::string unpacked{};             // with the modules that stay as they are under this name
  Config::Places places{};            // where it stands in config.json

  const QuantScheme& scheme() const { return written_form(as).scheme; }
};

struct Mapping {
  std::vector<Drop> drops;
  std::vector<Prefix> prefixes;
  std::vector<Equation> equations;
  std::vector<Addition> additions;
  std::vector<QuantScheme> schemes;
  std::vector<QuantPreset> presets;
  std::string closed;  // the rule by which every hf key must be named; empty: others pass

  const QuantPreset* find_preset(QuantScheme::Kind kind) const;
};

/// What a user says about a mapping: --set KEY=VALUE and --layout.
struct MappingOptions {
  std::map<std::string, std::string, std::less<>> settings;
  std::string layout;  // one of the family's; empty is its first
};

}  // namespace ckptscope
