// Element types: those of safetensors, and what else torch.save writes. One table.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace ckptscope {

/// Names and widths as in safetensors' tensor.rs (`Dtype`).
enum class Dtype : std::uint8_t {
  BOOL,
  F4,
  F6_E2M3,
  F6_E3M2,
  U8,
  I8,
  F8_E5M2,
  F8_E4M3,
  F8_E8M0,
  F8_E4M3FNUZ,
  F8_E5M2FNUZ,
  I16,
  U16,
  F16,
  BF16,
  I32,
  U32,
  F32,
  C64,
  F64,
  I64,
  U64,
  C128,  // of torch.save alone
};

struct DtypeRow {
  Dtype dtype;
  std::string_view name;   // as safetensors spells it
  std::uint8_t bits;       // of one element
  bool is_number;          // a float that rules may transpose, stack, split and cast
  std::string_view alias;  // as torch spells it, accepted from people; may be empty
  bool in_safetensors = true;
};

std::span<const DtypeRow> dtype_table();
const DtypeRow& row_of(Dtype dtype);
inline std::string_view name_of(Dtype dtype) {
  return row_of(dtype).name;
}
inline unsigned bits_of(Dtype dtype) {
  return row_of(dtype).bits;
}
inline bool is_number(Dtype dtype) {
  return row_of(dtype).is_number;
}
/// What weights are decoded and cast to: BF16, F16 or F32.
inline bool is_output_dtype(std::optional<Dtype> dtype) {
  return dtype == Dtype::BF16 || dtype == Dtype::F16 || dtype == Dtype::F32;
}
/// Bytes of one element; only for dtypes of whole bytes.
inline std::uint64_t size_of(Dtype dtype) {
  return bits_of(dtype) / 8;
}
inline bool is_fp8(Dtype dtype) {
  return dtype == Dtype::F8_E4M3 || dtype == Dtype::F8_E5M2;
}
/// A power of two as its biased exponent alone; of U8 where it scales FP8 codes.
inline bool is_exponent(Dtype dtype) {
  return dtype == Dtype::F8_E8M0 || dtype == Dtype::U8;
}

/// Elements of an MXFP4 block that share one scale. Source: OCP Microscaling Formats v1.0, 5.2.
inline constexpr std::uint64_t kMxfp4Block = 32;
/// The same of NVFP4.
inline constexpr std::uint64_t kNvfp4Block = 16;
/// The same of int4, as it is published.
inline constexpr std::uint64_t kInt4Block = 32;

/// Exactly the spelling of the format: "F32" yes, "f32" no.
std::optional<Dtype> parse_dtype_strict(std::string_view name);
/// What people write: any case, and "bfloat16", "float8_e4m3fn", "half", ….
std::optional<Dtype> parse_dtype(std::string_view name);

}  // namespace ckptscope
