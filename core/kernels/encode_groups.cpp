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

void add(const Rounding& one, Rounding& sum) {
  sum.changed += one.changed;
  sum.signal += one.signal;
  sum.noise += one.noise;
}

/// Where all comes back as zero.
Rounding all_lost(std::span<const float> group) {
  Rounding lost;
  for (const float value : group) {
    lost.changed += value != 0 ? 1 : 0;
    lost.signal += static_cast<double>(value) * static_cast<double>(value);
  }
  lost.noise = lost.signal;
  return lost;
}

/// Of scale 0, under which all is zero.
Rounding encode_nothing(Group group, std::byte* codes) {
  constexpr unsigned kMinusHalf = 9;  // times 0 is -0
  for (std::size_t i = 0; i < group.size(); i += 2) {
    const unsigned low = std::signbit(group[i]) ? kMinusHalf : 0;
    const unsigned high = std::signbit(group[i + 1]) ? kMinusHalf : 0;
    codes[i / 2] = static_cast<std::byte>(low | high << 4);
  }
  return all_lost(group);
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

/// Two codes a byte, the low nibble first.
void pack(std::span<const std::byte> codes, std::byte* out) {
  for (std::size_t i = 0; i < codes.size(); i += 2) *out++ = codes[i] | codes[i + 1] << 4;
}

using Nvfp4Group = std::span<const float, kNvfp4Block>;
using Nvfp4Codes = std::array<std::byte, kNvfp4Block>;
constexpr std::uint8_t kLargestE4m3 = 0x7E;  // 448

/// The E4M3 scales of NVFP4 and the factor of all.
class Nvfp4Scales {
 public:
  Nvfp4Scales(Dtype dtype, float factor, bool divides)
      : dtype_(dtype), factor_(factor), divides_(divides) {}

  /// The one nearest to that under which `largest` is that code.
  std::uint8_t nearest(float largest, float code) const {
    const float wanted = largest / code / (divides_ ? 1 / factor_ : factor_);
    return std::min<std::uint8_t>(float_to_e4m3(wanted), kLargestE4m3);
  }
  /// Under scale 0 all is zero, and keeps its sign.
  Rounding encode(Nvfp4Group group, std::uint8_t scale, Nvfp4Codes& codes) const {
    const float own = e4m3_to_float(scale);
    const float unit = divides_ ? own / factor_ : own * factor_;
    if (unit > 0) return encode_e2m1(group, dtype_, unit, codes.data());
    return encode_nothing(group, codes);
  }

 private:
  static Rounding encode_nothing(Nvfp4Group group, Nvfp4Codes& codes) {
    constexpr std::byte kMinusZero{8};
    std::transform(group.begin(), group.end(), codes.begin(),
                   [](float value) { return std::signbit(value) ? kMinusZero : std::byte{0}; });
    return all_lost(group);
  }

  Dtype dtype_;
  float factor_;
  bool divides_;
};

/// Under the first scale with which all of a decoded group come back, else under that for code 6.
/// The largest value was some code times the scale, give or take a rounding.
Rounding encode_nvfp4_group(Nvfp4Group group, const Nvfp4Scales& scales, bool decoded,
                            std::uint8_t& scale, Nvfp4Codes& codes) {
  const float largest = largest_magnitude(group);
  for (const float code : {6.0F, 4.0F, 3.0F, 2.0F, 1.5F, 1.0F, 0.5F}) {
    if (!decoded || largest == 0) break;
    for (const int step : {0, -1, 1}) {
      const int near = scales.nearest(largest, code) + step;
      if (near < 1 || near > kLargestE4m3) continue;
      scale = static_cast<std::uint8_t>(near);
      const Rounding lost = scales.encode(group, scale, codes);
      if (lost.changed == 0) return lost;
    }
  }
  scale = scales.nearest(largest, 6);
  return scales.encode(group, scale, codes);
}

}  // namespace

Rounding encode_nvfp4(std::span<const float> values, Dtype dtype, float factor, bool divides,
                      bool decoded, std::byte* codes, std::byte* scales) noexcept {
  const Nvfp4Scales known(dtype, factor, divides);
  Rounding result;
  for (std::size_t at = 0; at < values.size(); at += kNvfp4Block) {
    std::uint8_t scale = 0;
    Nvfp4Codes found;
    add(encode_nvfp4_group(values.subspan(at).first<kNvfp4Block>(), known, decoded, scale, found),
        result);
    pack(found, codes + at / 2);
    *scales++ = std::byte{scale};
  }
  return result;
}

namespace {

using Int4Group = std::span<const float, kInt4Block>;
using Int4Codes = std::array<std::byte, kInt4Block>;

/// The scale, as BF16: one that brings all back, else the largest value over 7.
std::uint16_t encode_int4_group(Int4Group group, Int4Codes& codes, Rounding& lost) {
  constexpr float kLeast = 1e-10F;
  const float largest = largest_magnitude(group);
  const std::uint16_t found = largest > 0 ? find_int4_scale(group, largest) : 0;
  const float divisor = found > 0 ? bf16_to_float(found) : std::max(largest / 7, kLeast);
  const std::uint16_t bits = float_to_bf16(divisor);
  lost = round_int4(group, divisor, bf16_to_float(bits), codes.data());
  return bits;
}

}  // namespace

Rounding encode_int4(std::span<const float> values, std::byte* codes, std::byte* scales) noexcept {
  Rounding result;
  for (std::size_t at = 0; at < values.size(); at += kInt4Block) {
    Int4Codes found;
    Rounding lost;
    const std::uint16_t bits =
        encode_int4_group(values.subspan(at).first<kInt4Block>(), found, lost);
    add(lost, result);
    pack(found, codes + at / 2);
    std::memcpy(scales, &bits, sizeof bits);
    scales += sizeof bits;
  }
  return result;
}

Rounding encode_mxfp8(std::span<const float> values, Dtype dtype, std::byte* codes,
                      std::byte* scales) noexcept {
  Rounding result;
  for (std::size_t at = 0; at < values.size(); at += kMxfp4Block) {
    const auto group = values.subspan(at, std::min(kMxfp4Block, values.size() - at));
    const std::uint8_t scale = mxfp8_scale_of(largest_magnitude(group));
    const Rounding one = encode_fp8(group, dtype, e8m0_to_float(scale), codes + at);
    add(one, result);
    *scales++ = std::byte{scale};
  }
  return result;
}

}  // namespace ckptscope
