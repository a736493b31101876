// Packed forms with a scale for 32 values, one group after the other. Scales of int4 are found by
// trying: nothing in a group says which one it was decoded with.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "core/kernels/kernels.hpp"
#include "core/numbers/formats.hpp"

namespace ckptscope {
namespace {

using Group = std::span<const float, kMxfp4Block>;
using Codes = std::array<int, kMxfp4Block>;  // -8 to 7

int code_of(float value, float scale) {
  return static_cast<int>(std::clamp(std::nearbyint(value / scale), -8.0F, 7.0F));
}

float decoded(int code, float scale) {
  return rounded_to(Dtype::BF16, static_cast<float>(code) * scale);
}

/// True where every value is what its nearest code decodes to.
bool gives_back(Group group, float scale, Codes& codes) {
  for (std::size_t i = 0; i < group.size(); ++i) {
    codes[i] = code_of(group[i], scale);
    if (decoded(codes[i], scale) != group[i]) return false;
  }
  return true;
}

/// The BF16 scale that the group was decoded with: its largest value was some code times it, give
/// or take a rounding. 0 where there is none.
std::uint16_t find_scale(Group group, float largest, Codes& codes) {
  for (const float code : {7.0F, 8.0F, 6.0F, 5.0F, 4.0F, 3.0F, 2.0F, 1.0F}) {
    const std::uint16_t near = float_to_bf16(largest / code);
    for (const int step : {0, -1, 1}) {
      const auto bits = static_cast<std::uint16_t>(near + step);
      const float scale = bf16_to_float(bits);
      if (scale > 0 && std::isfinite(scale) && gives_back(group, scale, codes)) return bits;
    }
  }
  return 0;
}

/// A value that comes back as another.
void add_loss(float value, float back, Rounding& result) {
  const double error = static_cast<double>(value) - static_cast<double>(back);
  result.changed += back != value ? 1 : 0;
  result.signal += static_cast<double>(value) * static_cast<double>(value);
  result.noise += error * error;
}

void add(const Rounding& one, Rounding& sum) {
  sum.changed += one.changed;
  sum.signal += one.signal;
  sum.noise += one.noise;
}

/// Of scale 0, under which all is zero.
Rounding encode_nothing(Group group, std::byte* codes) {
  Rounding lost;
  constexpr unsigned kMinusHalf = 9;  // times 0 is -0
  for (std::size_t i = 0; i < group.size(); i += 2) {
    const unsigned low = std::signbit(group[i]) ? kMinusHalf : 0;
    const unsigned high = std::signbit(group[i + 1]) ? kMinusHalf : 0;
    codes[i / 2] = static_cast<std::byte>(low | high << 4);
  }
  for (const float value : group) add_loss(value, 0, lost);
  return lost;
}

std::uint64_t minus_zeros(Group group) {
  return static_cast<std::uint64_t>(std::count_if(
      group.begin(), group.end(), [](float value) { return value == 0 && std::signbit(value); }));
}

}  // namespace

Rounding encode_fp4(std::span<const float> values, std::byte* codes, std::byte* scales) noexcept {
  Rounding result;
  for (std::size_t at = 0; at < values.size(); at += kMxfp4Block) {
    const Group group = values.subspan(at).first<kMxfp4Block>();
    std::byte* const to = codes + at / 2;
    Rounding one = encode_mxfp4(group, largest_magnitude(group), to, scales);
    if (*scales++ == std::byte{0}) {
      one = encode_nothing(group, to);
    } else {
      one.changed += minus_zeros(group);
    }
    add(one, result);
  }
  return result;
}

namespace {

using Sixteen = std::span<const float, kNvfp4Block>;
constexpr std::uint8_t kLargestE4m3 = 0x7E;  // 448

/// Codes of a group of NVFP4 under an E4M3 scale, and what they lose.
struct Nvfp4Group {
  std::uint8_t scale = 0;
  std::array<std::uint8_t, kNvfp4Block> codes{};
  Rounding lost{};
};

Nvfp4Group under_scale(Sixteen group, Dtype dtype, std::uint8_t scale, float effective) {
  Nvfp4Group result{scale};
  for (std::size_t i = 0; i < group.size(); ++i) {
    const float value = group[i];
    result.codes[i] = float_to_e2m1(effective > 0 ? value / effective : 0);
    const float back = rounded_to(dtype, e2m1_to_float(result.codes[i]) * effective);
    add_loss(value, back, result.lost);
  }
  return result;
}

/// `nearest(code)` is the scale under which the largest value is that code; 0 where none loses
/// nothing.
std::uint8_t find_nvfp4_scale(Sixteen group, Dtype dtype, const auto& nearest,
                              const auto& effective) {
  for (const float code : {6.0F, 4.0F, 3.0F, 2.0F, 1.5F, 1.0F, 0.5F}) {
    for (const int step : {0, -1, 1}) {
      const int scale = nearest(code) + step;
      if (scale < 1 || scale > kLargestE4m3) continue;
      const float unit = effective(static_cast<std::uint8_t>(scale));
      const bool all = std::all_of(group.begin(), group.end(), [&](float value) {
        return rounded_to(dtype, e2m1_to_float(float_to_e2m1(value / unit)) * unit) == value;
      });
      if (all) return static_cast<std::uint8_t>(scale);
    }
  }
  return 0;
}

}  // namespace

Rounding encode_nvfp4(std::span<const float> values, Dtype dtype, float factor, bool divides,
                      bool decoded, std::byte* codes, std::byte* scales) noexcept {
  const auto effective = [&](std::uint8_t scale) {
    return divides ? e4m3_to_float(scale) / factor : e4m3_to_float(scale) * factor;
  };
  Rounding result;
  for (std::size_t at = 0; at < values.size(); at += kNvfp4Block) {
    const Sixteen group = values.subspan(at).first<kNvfp4Block>();
    const float largest = largest_magnitude(group);
    const auto nearest = [&](float code) {
      const float wanted = largest / code / (divides ? 1 / factor : factor);
      return std::min<std::uint8_t>(float_to_e4m3(wanted), kLargestE4m3);
    };
    std::uint8_t scale = decoded ? find_nvfp4_scale(group, dtype, nearest, effective) : 0;
    if (scale == 0) scale = nearest(6);
    const Nvfp4Group found = under_scale(group, dtype, scale, effective(scale));
    for (std::size_t i = 0; i < kNvfp4Block; i += 2) {
      *codes++ = static_cast<std::byte>(found.codes[i] | found.codes[i + 1] << 4);
    }
    *scales++ = std::byte{found.scale};
    add(found.lost, result);
  }
  return result;
}

Rounding encode_int4(std::span<const float> values, std::byte* codes, std::byte* scales) noexcept {
  constexpr float kLeast = 1e-10F;
  Rounding result;
  for (std::size_t at = 0; at < values.size(); at += kMxfp4Block) {
    const Group group = values.subspan(at).first<kMxfp4Block>();
    const float largest = largest_magnitude(group);
    Codes found{};
    std::uint16_t bits = largest > 0 ? find_scale(group, largest, found) : 0;
    if (bits == 0) {
      const float scale = std::max(largest / 7, kLeast);
      for (std::size_t i = 0; i < group.size(); ++i) found[i] = code_of(group[i], scale);
      bits = float_to_bf16(scale);
    }
    for (std::size_t i = 0; i < group.size(); ++i) {
      add_loss(group[i], decoded(found[i], bf16_to_float(bits)), result);
    }
    for (std::size_t i = 0; i < group.size(); i += 2) {
      *codes++ = static_cast<std::byte>((found[i] + 8) | (found[i + 1] + 8) << 4);
    }
    std::memcpy(scales, &bits, sizeof bits);
    scales += sizeof bits;
  }
  return result;
}

Rounding encode_mxfp8(std::span<const float> values, Dtype dtype, std::byte* codes,
                      std::byte* scales) noexcept {
  Rounding result;
  for (std::size_t at = 0; at < values.size(); at += kMxfp4Block) {
    const auto group = values.subspan(at, kMxfp4Block);
    const std::uint8_t scale = mxfp8_scale_of(largest_magnitude(group));
    const Rounding one = encode_fp8(group, dtype, e8m0_to_float(scale), codes + at);
    add(one, result);
    *scales++ = std::byte{scale};
  }
  return result;
}

}  // namespace ckptscope
