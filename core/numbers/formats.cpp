// The definitions of the small floats, on their bits.
#include "core/numbers/formats.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace ckptscope {
namespace {

/// A small float of `mantissa_bits` and `exponent_bits`, without infinity and NaN.
float finite(std::uint32_t code, int exponent_bits, int mantissa_bits) {
  const std::uint32_t mantissa = code & ((1u << mantissa_bits) - 1);
  const std::uint32_t exponent = (code >> mantissa_bits) & ((1u << exponent_bits) - 1);
  const bool negative = (code >> (mantissa_bits + exponent_bits) & 1) != 0;
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const bool subnormal = exponent == 0;
  const auto significand =
      static_cast<float>(subnormal ? mantissa : mantissa | 1u << mantissa_bits);
  const int power = (subnormal ? 1 : static_cast<int>(exponent)) - bias - mantissa_bits;
  const float magnitude = std::ldexp(significand, power);
  return negative ? -magnitude : magnitude;
}

}  // namespace

float f16_to_float(std::uint16_t bits) {
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000) << 16;
  const std::uint32_t exponent = bits >> 10 & 0x1F;
  const std::uint32_t mantissa = bits & 0x3FF;
  if (exponent == 0x1F) return std::bit_cast<float>(sign | 0x7F800000 | mantissa << 13);
  if (exponent == 0) return finite(bits, 5, 10);
  return std::bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
}

std::uint16_t float_to_f16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint32_t>(bits >> 16 & 0x8000);
  const std::uint32_t magnitude = bits & 0x7FFFFFFF;
  if (magnitude > 0x7F800000) return static_cast<std::uint16_t>(sign | 0x7E00);
  if (magnitude >= 0x477FF000) return static_cast<std::uint16_t>(sign | 0x7C00);
  if (magnitude < 0x38800000) {
    // Subnormal: adding 0.5 puts the rounding point at bit 0 of the mantissa, in hardware.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
    return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3F000000));
  }
  const std::uint32_t rounded = magnitude + 0xFFF + (magnitude >> 13 & 1);
  return static_cast<std::uint16_t>(sign | (rounded - 0x38000000) >> 13);
}

float e4m3_to_float(std::uint8_t code) {
  if ((code & 0x7F) == 0x7F) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(code & 0x80) << 24 | 0x7FF00000);
  }
  return finite(code, 4, 3);
}

namespace {

/// `value` as a code of `mantissa_bits`, rounded to even: normal numbers from 2^min_exponent on by
/// adding half a unit to the bits, smaller ones by adding a float whose unit is the smallest step.
std::uint32_t rounded_code(std::uint32_t magnitude, int mantissa_bits, int min_exponent) {
  const auto float_exponent = static_cast<std::uint32_t>(127 + min_exponent);
  const int dropped = 23 - mantissa_bits;
  if (magnitude < float_exponent << 23) {
    const std::uint32_t unit = (float_exponent + static_cast<std::uint32_t>(dropped)) << 23;
    const float sum = std::bit_cast<float>(magnitude) + std::bit_cast<float>(unit);
    return std::bit_cast<std::uint32_t>(sum) - unit;
  }
  const std::uint32_t half = (1u << (dropped - 1)) - 1;
  const std::uint32_t rounded = magnitude + half + (magnitude >> dropped & 1);
  return (rounded >> dropped) - ((float_exponent - 1) << mantissa_bits);
}

}  // namespace

std::uint8_t float_to_e4m3(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t code = rounded_code(bits & 0x7FFFFFFF, 3, -6);
  return static_cast<std::uint8_t>(std::min(code, 0x7Eu) | (bits >> 24 & 0x80));
}

std::uint8_t float_to_e2m1(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t code = rounded_code(bits & 0x7FFFFFFF, 1, 0);
  return static_cast<std::uint8_t>(std::min(code, 7u) | (bits >> 28 & 8));
}

float e2m1_to_float(std::uint8_t code) {
  return finite(code, 2, 1);
}

double e8m0_to_double(std::uint8_t scale) {
  return std::ldexp(1.0, static_cast<int>(scale) - 127);
}

float e8m0_to_float(std::uint8_t scale) {
  return scale == 255 ? std::numeric_limits<float>::quiet_NaN()
                      : static_cast<float>(e8m0_to_double(scale));
}

std::uint16_t fp8_scale_of(float largest) {
  if (largest == 0) return 0x3F80;
  const auto bits = std::bit_cast<std::uint32_t>(largest / 448.0F);
  const std::uint32_t up = (bits + 0xFFFF) >> 16;
  return static_cast<std::uint16_t>(up == 0 ? 1 : up);  // the quotient may be too small for a float
}

float e5m2_to_float(std::uint8_t code) {
  return f16_to_float(static_cast<std::uint16_t>(code << 8));  // the upper half of a binary16
}

namespace {

std::array<float, 256> values_of(float (*decode)(std::uint8_t)) {
  std::array<float, 256> values{};
  for (std::size_t code = 0; code < values.size(); ++code) {
    values[code] = decode(static_cast<std::uint8_t>(code));
  }
  return values;
}

}  // namespace

const Fp8Format& fp8_format(Dtype dtype) {
  static const Fp8Format e4m3{values_of(e4m3_to_float), 0x7E, 8};
  static const Fp8Format e5m2{values_of(e5m2_to_float), 0x7B, 4};
  switch (dtype) {
    case Dtype::F8_E4M3:
      return e4m3;
    case Dtype::F8_E5M2:
      return e5m2;
    default:
      std::abort();  // is_fp8() grew without a format
  }
}

}  // namespace ckptscope
