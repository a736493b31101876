#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "core/kernels/kernels.hpp"
#include "core/kernels/numbers.hpp"

namespace ckptscope {
namespace {

constexpr std::size_t kBlock = 32;

/// Sums of one block in single precision, lane by lane and then by halves: the order is that of a
/// vector of 16, whatever the machine has, so that every machine gives the same sums.
class Lanes {
 public:
  void add(std::size_t index, float value) { lanes_[index % lanes_.size()] += value * value; }
  double sum() {
    for (std::size_t half = lanes_.size() / 2; half > 0; half /= 2) {
      for (std::size_t i = 0; i < half; ++i) lanes_[i] += lanes_[i + half];
    }
    return static_cast<double>(lanes_[0]);
  }

 private:
  std::array<float, 16> lanes_{};
};

/// Adds one block's values and errors, both divided by `unit`.
void add_block(Rounding& total, Lanes& signal, Lanes& noise, double unit) {
  total.signal += signal.sum() * unit * unit;
  total.noise += noise.sum() * unit * unit;
}

}  // namespace

float largest_magnitude(std::span<const float> values) noexcept {
  std::uint32_t largest = 0;  // magnitudes are ordered as their bits are, NaN above infinity
  for (const float value : values) {
    largest = std::max(largest, std::bit_cast<std::uint32_t>(value) & 0x7FFFFFFF);
  }
  return std::bit_cast<float>(largest);
}

Rounding encode_mxfp4(std::span<const float> values, std::byte* codes, std::byte* scales) noexcept {
  Rounding total;
  for (; !values.empty(); values = values.subspan(kBlock)) {
    const auto block = values.first(kBlock);
    const std::uint8_t scale = e8m0_scale_of(largest_magnitude(block));
    *scales++ = std::byte{scale};
    const auto up = static_cast<float>(std::ldexp(1.0, 127 - scale));
    Lanes signal;
    Lanes noise;
    std::array<std::uint8_t, kBlock> nibbles;
    for (std::size_t i = 0; i < kBlock; ++i) {
      const float scaled = block[i] * up;  // exact: a power of two
      nibbles[i] = float_to_e2m1(scaled);
      const float error = scaled - e2m1_to_float(nibbles[i]);
      total.changed += error != 0 ? 1 : 0;
      signal.add(i, scaled);
      noise.add(i, error);
    }
    for (std::size_t i = 0; i < kBlock; i += 2) {
      *codes++ = static_cast<std::byte>(nibbles[i] | nibbles[i + 1] << 4);
    }
    add_block(total, signal, noise, e8m0_to_double(scale));
  }
  return total;
}

Rounding encode_fp8(std::span<const float> values, float scale, std::byte* codes) noexcept {
  Rounding total;
  while (!values.empty()) {
    const auto block = values.first(std::min(kBlock, values.size()));
    values = values.subspan(block.size());
    Lanes signal;
    Lanes noise;
    for (std::size_t i = 0; i < block.size(); ++i) {
      const float scaled = block[i] / scale;
      const std::uint8_t code = float_to_e4m3(scaled);
      *codes++ = std::byte{code};
      const float decoded = e4m3_to_float(code);
      total.changed += decoded * scale != block[i] ? 1 : 0;
      signal.add(i, scaled);
      noise.add(i, scaled - decoded);
    }
    add_block(total, signal, noise, static_cast<double>(scale));
  }
  return total;
}

}  // namespace ckptscope
