// How weights are packed: what belongs to one on disk, and the forms that are written.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/tensor/dtype.hpp"

namespace ckptscope {

/// A packed weight and its scale look like one tensor to the rules: stem + weight_suffix and
/// stem + scale_suffix on disk are stem + logical_suffix, decoded.
///
/// The codes of all but Fp8 have four bits, the low nibble first. Int4 is symmetric (codes are
/// numbers minus 8), Fp4 is DeepSeek-V4's, Nvfp4 has a scale of scales.
struct QuantScheme {
  enum class Kind { Mxfp4, Fp8, Fp4, Int4, Nvfp4 } kind = Kind::Fp8;
  std::string logical_suffix{};
  std::string weight_suffix{};
  std::string scale_suffix{};
  std::string third_suffix{};          // Int4: its shape; Nvfp4: the scale of its scales
  bool divides = false;                // Nvfp4: scales are divided by the third
  bool lone_scale = true;              // a tensor of that suffix can be nothing but a scale
  bool in_rows = false;                // Mxfp4: [r, c / 2] of the logical [r, c], not swapped
  std::vector<std::uint64_t> block{};  // Fp8: rows and columns that share one scale, where the
                                       // config says so; else the forms of plan/scale_fit.hpp
  std::uint64_t kv_heads = 0;          // Fp8: of K and V, for plan/joint_scales.hpp; 0: not known
};

std::string_view name_of(QuantScheme::Kind kind);  // "mxfp4", "fp8", …
/// What codes and scales of that kind are stored as, and how many codes an element holds.
bool holds_codes(QuantScheme::Kind kind, Dtype dtype);
bool holds_scales(QuantScheme::Kind kind, Dtype dtype);
std::uint64_t codes_of(Dtype dtype);  // Fp4, Int4 and Nvfp4

/// A form in which packed weights are written.
enum class PackAs : std::uint8_t {
  Mxfp4,
  Fp8,
  Fp8Blocks,
  Fp8BlocksBf16,
  Fp8BlocksUe8m0,
  Fp8BlocksE8m0,
  Mxfp4Rows,
  Mxfp8,
  Int4,
  Fp4,
  Fp8Modelopt,
  Nvfp4,
  Nvfp4Divided,
};
struct WrittenForm {
  std::string_view name;  // in presets
  PackAs as;
  QuantScheme scheme;
  std::string_view word;    // of plans: "mxfp4" for …
  std::string_view codes;   // … "mxfp4_blocks"
  std::string_view scales;  // … "mxfp4_scales"
  std::string_view third{};
  Dtype codes_dtype = Dtype::U8;
  Dtype scales_dtype = Dtype::U8;
  std::array<std::uint64_t, 2> block{1, 32};  // rows and columns that share a scale; 0: all
  bool power_of_two = false;                  // scales are, in whatever dtype
  std::optional<std::size_t> factor_rank{};   // the third is a number that all scales share

  /// A scale is of the whole matrix.
  bool has_one_scale() const { return block[0] == 0; }
  /// All of a weight must be read before a part of it is written.
  bool is_measured() const { return has_one_scale() || factor_rank; }
};
const WrittenForm& written_form(PackAs as);
/// All of them, in the order of PackAs.
std::span<const WrittenForm> written_forms();
const WrittenForm* find_written_form(std::string_view name);  // null without one
std::string written_form_names();                             // "one of mxfp4, fp8, …"

}  // namespace ckptscope
