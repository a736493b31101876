// The definition of the MXFP4 decoder.
#include <array>
#include <cmath>
#include <cstring>

#include "core/kernels/scalar/scalar.hpp"
#include "core/numbers/formats.hpp"

namespace ckptscope::scalar {
namespace {

/// BF16 of value(code) * 2^(scale - 127): the product is exact in a double, then rounded once.
std::uint16_t decoded(unsigned scale, unsigned code) {
  const float magnitude_of_code = e2m1_to_float(static_cast<std::uint8_t>(code & 7));
  const double exact =
      std::ldexp(static_cast<double>(magnitude_of_code), static_cast<int>(scale) - 127);
  // Every such product has two significant bits: it is a float (maybe subnormal) or overflows to
  // infinity, and converting it rounds nothing else.
  const auto magnitude = float_to_bf16(static_cast<float>(exact));
  return static_cast<std::uint16_t>(magnitude | (code & 8) << 12);
}

/// Both elements of a byte, low nibble first, as one 32-bit word: 256 scales x 256 bytes would be
/// 256 KiB, so one row of 16 finished words per scale is kept and pairs are put together.
using Words = std::array<std::array<std::uint16_t, 16>, 256>;

const Words& words() {
  static const Words all = [] {
    Words words{};
    for (unsigned scale = 0; scale < 256; ++scale) {
      for (unsigned code = 0; code < 16; ++code) words[scale][code] = decoded(scale, code);
    }
    return words;
  }();
  return all;
}

}  // namespace

void decode_mxfp4(std::span<const std::byte> blocks, std::span<const std::byte> scales,
                  std::size_t bytes_per_block, std::uint16_t* out) noexcept {
  const Words& all = words();
  const std::byte* in = blocks.data();
  for (const std::byte scale : scales) {
    const auto& row = all[std::to_integer<std::size_t>(scale)];
    for (std::size_t i = 0; i < bytes_per_block; ++i) {
      const auto byte = std::to_integer<unsigned>(*in++);
      const std::uint32_t pair = row[byte & 15] | static_cast<std::uint32_t>(row[byte >> 4]) << 16;
      std::memcpy(out, &pair, sizeof pair);
      out += 2;
    }
  }
}

}  // namespace ckptscope::scalar

namespace ckptscope {

std::array<std::uint16_t, 16> mxfp4_values(std::uint8_t scale) noexcept {
  return scalar::words()[scale];
}

}  // namespace ckptscope
