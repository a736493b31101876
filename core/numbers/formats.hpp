// The element formats as numbers: exact decoding to float, and one rounding back.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "core/tensor/dtype.hpp"

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
/// The nearest number of BF16, F16 or F32, ties to even.
inline float rounded_to(Dtype dtype, float value) {
  return dtype == Dtype::BF16  ? bf16_to_float(float_to_bf16(value))
         : dtype == Dtype::F16 ? f16_to_float(float_to_f16(value))
                               : value;
}

/// OCP 8-bit floats. E4M3 has no infinity: 0x7F and 0xFF are NaN, which keep their sign (and get
/// the payload that torch gives them). Source: OCP OFP8 v1.0, table 1.
float e4m3_to_float(std::uint8_t code);
float e5m2_to_float(std::uint8_t code);

/// An 8-bit float. A magnitude is a code without its sign bit.
struct Fp8Format {
  std::array<float, 256> values;  // by code
  std::uint8_t largest;           // magnitude of the largest finite value
  std::uint8_t subnormal;         // magnitudes from 1 to below this are subnormal
};
/// Only for dtypes that are is_fp8().
const Fp8Format& fp8_format(Dtype dtype);

/// The nearest finite E4M3, ties to even, beyond 448 saturated; not for NaN.
std::uint8_t float_to_e4m3(float value);
/// The nearest FP4 (E2M1: 0 .5 1 1.5 2 3 4 6 and their negatives), ties to even, beyond 6
/// saturated; not for NaN. Source: OCP Microscaling Formats v1.0, 5.3.3.
std::uint8_t float_to_e2m1(float value);
float e2m1_to_float(std::uint8_t code);

/// 2^exponent, from -126 to 127; below it is 0.
inline float power_of_two(int exponent) {
  return std::bit_cast<float>(exponent < -126 ? 0u
                                              : static_cast<std::uint32_t>(exponent + 127) << 23);
}

/// 2^(scale - 127), also where that is subnormal or beyond a float (a double holds all of them).
double e8m0_to_double(std::uint8_t scale);
/// The same as a scale of FP8 codes, where 255 is NaN. Source: OCP Microscaling Formats
/// v1.0, 5.4.1.
float e8m0_to_float(std::uint8_t scale);
/// The scale byte of a block whose largest magnitude is `largest`, a finite float:
/// clamp(floor(log2(largest)) - 2 + 127, 0, 254), so that it fits 4 * 2^e to 8 * 2^e; 0 for zero.
inline std::uint8_t e8m0_scale_of(float largest) {
  const std::uint32_t exponent = std::bit_cast<std::uint32_t>(largest) >> 23 & 0xFF;
  return static_cast<std::uint8_t>(exponent < 2 ? 0 : exponent - 2);
}

/// The same for MXFP8, whose largest code is 448 = 1.75 * 2^8: clamp(floor(log2(largest)) - 8 +
/// 127, 0, 254), and one more where the largest value would saturate (what was decoded then comes
/// back, which the formula of OCP Microscaling alone does not give).
inline std::uint8_t mxfp8_scale_of(float largest) {
  constexpr std::uint32_t kMantissa = 0x7FFFFF;
  constexpr std::uint32_t kLargestMantissa = 0x600000;  // of 1.75
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(largest);
  constexpr std::uint32_t kMostExponent = 254;  // above it codes would be rounded to infinity
  const std::uint32_t floor = bits >> 23 & 0xFF;
  const bool clips = (bits & kMantissa) > kLargestMantissa && floor < kMostExponent;
  const std::uint32_t exponent = floor + (clips ? 1 : 0);
  return static_cast<std::uint8_t>(exponent < 8 ? 0 : exponent - 8);
}

/// largest / 448 rounded up to BF16, so that the largest value is not clipped; 1 for zero.
std::uint16_t fp8_scale_of(float largest);

}  // namespace ckptscope
