// The definition of the encoders, element by element.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "core/kernels/int4_search.hpp"
#include "core/kernels/scalar/scalar.hpp"
#include "core/numbers/formats.hpp"

namespace ckptscope::scalar {
namespace {

/// A sum of squares in single precision: those of two neighbours are added up, pair i goes to lane
/// i mod 16, and lanes are added by halves. It is the order of vectors of 16, whatever the machine
/// has, so that every machine gives the same sums.
class Squares {
 public:
  void add(float value) {
    const float square = value * value;
    if (count_ % 2 == 0) {
      even_ = square;
    } else {
      lanes_[count_ / 2 % lanes_.size()] += even_ + square;
    }
    ++count_;
  }
  double sum() {
    if (count_ % 2 != 0) add(0);
    for (std::size_t half = lanes_.size() / 2; half > 0; half /= 2) {
      for (std::size_t i = 0; i < half; ++i) lanes_[i] += lanes_[i + half];
    }
    return static_cast<double>(lanes_[0]);
  }

 private:
  std::array<float, 16> lanes_{};
  std::size_t count_ = 0;
  float even_ = 0;
};

float as_float(float value) {
  return value;
}

float as_float(std::uint16_t bf16) {
  return bf16_to_float(bf16);
}

template <typename Element>
float largest_of(std::span<const Element> values) {
  std::uint32_t largest = 0;  // magnitudes are ordered as their bits are, NaN above infinity
  for (const Element value : values) {
    largest = std::max(largest, std::bit_cast<std::uint32_t>(as_float(value)) & 0x7FFFFFFF);
  }
  return std::bit_cast<float>(largest);
}

template <typename Element>
Rounding mxfp4_of(std::span<const Element> values, float largest, std::byte* codes,
                  std::byte* scales) {
  Rounding total;
  Squares signal;
  Squares noise;
  // Sums are taken in the unit of the largest block, so that no square leaves a float.
  const std::uint8_t unit = e8m0_scale_of(largest);
  for (; !values.empty(); values = values.subspan(kMxfp4Block)) {
    const auto block = values.first(kMxfp4Block);
    const std::uint8_t scale = e8m0_scale_of(largest_of(block));
    *scales++ = std::byte{scale};
    const float up = power_of_two(127 - scale);
    const float down = power_of_two(scale - unit);
    std::array<std::uint8_t, kMxfp4Block> nibbles;
    for (std::size_t i = 0; i < kMxfp4Block; ++i) {
      const float value = as_float(block[i]);
      const float scaled = value * up;  // exact: a power of two
      nibbles[i] = float_to_e2m1(scaled);
      const float decoded = e2m1_to_float(nibbles[i]);
      const float error = scaled - decoded;
      // Beside a much larger one a value may be nothing even before it is rounded.
      total.changed += (decoded == 0 ? value : error) != 0 ? 1 : 0;
      signal.add(scaled * down);
      noise.add(error * down);
    }
    for (std::size_t i = 0; i < kMxfp4Block; i += 2) {
      *codes++ = static_cast<std::byte>(nibbles[i] | nibbles[i + 1] << 4);
    }
  }
  const double squared = e8m0_to_double(unit) * e8m0_to_double(unit);
  total.signal = signal.sum() * squared;
  total.noise = noise.sum() * squared;
  return total;
}

/// A byte a code.
template <typename Element>
Rounding encode_as(const auto& to_code, const auto& to_float, std::span<const Element> values,
                   Dtype dtype, float scale, std::byte* codes) {
  Rounding total;
  Squares signal;
  Squares noise;
  for (const Element element : values) {
    const float value = as_float(element);
    const float scaled = value / scale;
    const std::uint8_t code = to_code(scaled);
    *codes++ = std::byte{code};
    const float decoded = to_float(code);
    const bool same = rounded_to(dtype, decoded * scale) == value;
    total.changed += same ? 0 : 1;
    signal.add(scaled);
    noise.add(same ? 0 : scaled - decoded);
  }
  const double squared = static_cast<double>(scale) * static_cast<double>(scale);
  total.signal = signal.sum() * squared;
  total.noise = noise.sum() * squared;
  return total;
}

}  // namespace

float largest_magnitude(std::span<const float> values) noexcept {
  return largest_of(values);
}

float largest_magnitude(std::span<const std::uint16_t> bf16) noexcept {
  return largest_of(bf16);
}

Rounding encode_mxfp4(std::span<const float> values, float largest, std::byte* codes,
                      std::byte* scales) noexcept {
  return mxfp4_of(values, largest, codes, scales);
}

Rounding encode_mxfp4(std::span<const std::uint16_t> bf16, float largest, std::byte* codes,
                      std::byte* scales) noexcept {
  return mxfp4_of(bf16, largest, codes, scales);
}

Rounding encode_fp8(std::span<const float> values, Dtype dtype, float scale,
                    std::byte* codes) noexcept {
  return encode_as(float_to_e4m3, e4m3_to_float, values, dtype, scale, codes);
}

Rounding encode_fp8(std::span<const std::uint16_t> bf16, float scale, std::byte* codes) noexcept {
  return encode_as(float_to_e4m3, e4m3_to_float, bf16, Dtype::BF16, scale, codes);
}

Rounding encode_e2m1(std::span<const float> values, Dtype dtype, float scale,
                     std::byte* codes) noexcept {
  return encode_as(float_to_e2m1, e2m1_to_float, values, dtype, scale, codes);
}

std::uint16_t find_int4_scale(std::span<const float, kInt4Block> values, float largest) noexcept {
  return search_int4_scale(largest, [&](float scale) {
    return std::all_of(values.begin(), values.end(), [&](float value) {
      const float code = std::nearbyint(std::clamp(value * (1 / scale), -8.0F, 7.0F));
      return rounded_to(Dtype::BF16, code * scale) == value;
    });
  });
}

Rounding round_int4(std::span<const float, kInt4Block> values, float divisor, float scale,
                    std::byte* codes) noexcept {
  Rounding total;
  Squares signal;
  Squares noise;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto code =
        static_cast<int>(std::nearbyint(std::clamp(values[i] / divisor, -8.0F, 7.0F)));
    codes[i] = static_cast<std::byte>(code + 8);
    const auto number = static_cast<float>(code);
    const float decoded = rounded_to(Dtype::BF16, number * scale);
    const float scaled = values[i] / scale;
    const bool same =
        std::bit_cast<std::uint32_t>(decoded) == std::bit_cast<std::uint32_t>(values[i]);
    total.changed += same ? 0 : 1;
    signal.add(scaled);
    noise.add(same ? 0 : scaled - number);
  }
  const double squared = static_cast<double>(scale) * static_cast<double>(scale);
  total.signal = signal.sum() * squared;
  total.noise = noise.sum() * squared;
  return total;
}

}  // namespace ckptscope::scalar
