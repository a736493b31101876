// Element formats by their definition, one number at a time, right at sight.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <vector>

#include "core/numbers/formats.hpp"
#include "core/tensor/dtype.hpp"

namespace ckptscope::testing {

using Bytes = std::vector<std::byte>;

template <typename T>
inline T load_as(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

template <typename T>
inline void store_as(std::byte* at, T value) {
  std::memcpy(at, &value, sizeof value);
}

struct Format {
  int exponent_bits;
  int mantissa_bits;
  bool ieee;  // the highest exponent is for infinity and NaN; else only all ones is NaN
};
inline constexpr Format kBf16{8, 7, true};
inline constexpr Format kF16{5, 10, true};
inline constexpr Format kE5m2{5, 2, true};
inline constexpr Format kE4m3{4, 3, false};

inline std::uint32_t sign_bit(const Format& format) {
  return 1u << (format.exponent_bits + format.mantissa_bits);
}

/// The magnitude of a code as if no code meant infinity or NaN.
inline long double magnitude(const Format& format, std::uint32_t code) {
  const std::uint32_t mantissa = code % (1u << format.mantissa_bits);
  const auto exponent =
      static_cast<int>(code >> format.mantissa_bits) % (1 << format.exponent_bits);
  const int bias = (1 << (format.exponent_bits - 1)) - 1;
  const long double fraction =
      std::ldexp(static_cast<long double>(mantissa), -format.mantissa_bits);
  return exponent == 0 ? std::ldexp(fraction, 1 - bias) : std::ldexp(1 + fraction, exponent - bias);
}

inline std::uint32_t first_special(const Format& format) {
  return format.ieee ? sign_bit(format) - (1u << format.mantissa_bits) : sign_bit(format) - 1;
}

inline long double slow_decode(const Format& format, std::uint32_t code) {
  const std::uint32_t positive = code % sign_bit(format);
  const std::uint32_t special = first_special(format);
  const long double value = positive < special ? magnitude(format, positive)
                            : positive == special && format.ieee
                                ? std::numeric_limits<long double>::infinity()
                                : std::numeric_limits<long double>::quiet_NaN();
  return code == positive ? value : -value;
}

/// The nearest of all codes of an IEEE format, found among all of them; a tie goes to the even one.
class Nearest {
 public:
  explicit Nearest(const Format& format) : sign_(sign_bit(format)) {
    // Infinity takes part with the value that would come next: from half-way on it is nearer.
    for (std::uint32_t code = 0; code <= first_special(format); ++code) {
      values_.push_back(magnitude(format, code));
    }
  }

  std::uint16_t operator()(long double number) const {
    const long double size = std::fabs(number);
    const auto above = std::lower_bound(values_.begin(), values_.end(), size);
    auto code = static_cast<std::uint32_t>(above - values_.begin());
    if (above == values_.end()) {
      code = static_cast<std::uint32_t>(values_.size() - 1);
    } else if (code > 0) {
      const long double down = size - values_[code - 1];
      const long double up = values_[code] - size;
      if (down < up || (down == up && code % 2 == 1)) --code;
    }
    return static_cast<std::uint16_t>(std::signbit(number) ? code | sign_ : code);
  }

 private:
  std::uint32_t sign_;
  std::vector<long double> values_;
};

inline float decode_one(Dtype dtype, const std::byte* at) {
  switch (dtype) {
    case Dtype::BF16:
      return bf16_to_float(load_as<std::uint16_t>(at));
    case Dtype::F16:
      return f16_to_float(load_as<std::uint16_t>(at));
    case Dtype::F32:
      return load_as<float>(at);
    case Dtype::F64:
      return static_cast<float>(load_as<double>(at));
    case Dtype::F8_E4M3:
      return e4m3_to_float(load_as<std::uint8_t>(at));
    case Dtype::F8_E5M2:
      return e5m2_to_float(load_as<std::uint8_t>(at));
    default:
      throw std::logic_error("not a number");
  }
}

inline void encode_one(Dtype dtype, float number, std::byte* at) {
  switch (dtype) {
    case Dtype::BF16:
      return store_as(at, float_to_bf16(number));
    case Dtype::F16:
      return store_as(at, float_to_f16(number));
    case Dtype::F32:
      return store_as(at, number);
    case Dtype::F64:
      return store_as(at, static_cast<double>(number));
    default:
      throw std::logic_error("not a target");
  }
}

inline const std::vector<Dtype> kTargets{Dtype::BF16, Dtype::F16, Dtype::F32, Dtype::F64};
inline const std::vector<Dtype> kNumbers{Dtype::BF16, Dtype::F16,     Dtype::F32,
                                         Dtype::F64,  Dtype::F8_E4M3, Dtype::F8_E5M2};

/// value(code) * 2^(scale - 127) in long double, rounded once.
inline std::uint16_t slow_mxfp4(unsigned code, unsigned scale) {
  static const Nearest nearest(kBf16);
  constexpr long double kValues[] = {0, 0.5L, 1, 1.5L, 2, 3, 4, 6};
  const long double size = std::ldexp(kValues[code % 8], static_cast<int>(scale) - 127);
  return nearest(code < 8 ? size : -size);
}

/// The product of two floats of few digits is exact in a double; it is rounded to f32, then to
/// `to`.
inline void slow_fp8(Dtype from, std::byte code, float scale, Dtype to, std::byte* at) {
  const double exact = static_cast<double>(decode_one(from, &code)) * static_cast<double>(scale);
  encode_one(to, static_cast<float>(exact), at);
}

}  // namespace ckptscope::testing
