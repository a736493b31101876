// The element formats as numbers: exact decoding to float, and one rounding back.
#pragma once

#include <bit>
#include <cstdint>

namespace ckptscope {

/// BF16 is the upper half of a float: exact.
inline float bf16_to_float(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

/// Nearest even; every NaN becomes 0x7FC0, as torch has it; overflow becomes infinity.
inline std::uint16_t float_to_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7FFFFFFF) > 0x7F800000) return 0x7FC0;
  return static_cast<std::uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

/// IEEE 754 binary16: exact.
float f16_to_float(std::uint16_t bits);
/// Nearest even, subnormals kept, overflow to infinity, NaN to a quiet NaN of the same sign.
std::uint16_t float_to_f16(float value);

/// OCP 8-bit floats. E4M3 has no infinity: 0x7F and 0xFF are NaN, which keep their sign (and get
/// the payload that torch gives them). Source: OCP OFP8 v1.0, table 1.
float e4m3_to_float(std::uint8_t code);
float e5m2_to_float(std::uint8_t code);

}  // namespace ckptscope
