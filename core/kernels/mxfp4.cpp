// Sixteen finished words a scale, looked up by a byte shuffle: no multiplication is left.
#include <array>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/mxfp4.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "core/kernels/scalar/scalar.hpp"
#include "core/kernels/target.hpp"

#ifndef CKPTSCOPE_MXFP4_PLANES
#define CKPTSCOPE_MXFP4_PLANES
namespace ckptscope {

/// For each scale the 16 finished BF16 words, as a plane of low bytes and one of high bytes: what a
/// byte shuffle looks up in.
struct Mxfp4Planes {
  alignas(64) std::array<std::array<std::uint8_t, 32>, 256> rows;  // 16 low bytes, 16 high ones
};

}  // namespace ckptscope
#endif

HWY_BEFORE_NAMESPACE();
namespace ckptscope::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR
void DecodeMxfp4(const std::byte* blocks, std::span<const std::byte> scales, const Mxfp4Planes&,
                 std::uint16_t* out) {
  scalar::decode_mxfp4({blocks, 16 * scales.size()}, scales, 16, out);
}
#else
/// One block of 16 bytes after the other.
void DecodeMxfp4(const std::byte* blocks, std::span<const std::byte> scales,
                 const Mxfp4Planes& planes, std::uint16_t* out) {
  const hn::Full128<std::uint8_t> d;
  const auto nibble = hn::Set(d, 0x0F);
  auto* to = reinterpret_cast<std::uint8_t*>(out);
  const auto* in = reinterpret_cast<const std::uint8_t*>(blocks);
  for (const std::byte scale : scales) {
    const auto& row = planes.rows[std::to_integer<std::size_t>(scale)];
    const auto low_plane = hn::Load(d, row.data());
    const auto high_plane = hn::Load(d, row.data() + 16);
    const auto bytes = hn::LoadU(d, in);
    const auto even = hn::And(bytes, nibble);
    const auto odd =
        hn::And(hn::BitCast(d, hn::ShiftRight<4>(hn::BitCast(hn::Full128<std::uint16_t>(), bytes))),
                nibble);
    const auto put = [&](auto codes, std::size_t at) {
      const auto low = hn::TableLookupBytes(low_plane, codes);
      const auto high = hn::TableLookupBytes(high_plane, codes);
      hn::StoreU(hn::InterleaveLower(low, high), d, to + at);
      hn::StoreU(hn::InterleaveUpper(d, low, high), d, to + at + 16);
    };
    put(hn::InterleaveLower(even, odd), 0);
    put(hn::InterleaveUpper(d, even, odd), 32);
    in += 16;
    to += 64;
  }
}
#endif

}  // namespace ckptscope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ckptscope {
namespace {

/// Every scale with all 16 codes, decoded by the plain loop: no second definition.
Mxfp4Planes make_planes() {
  Mxfp4Planes planes{};
  for (std::size_t scale = 0; scale < planes.rows.size(); ++scale) {
    const auto words = mxfp4_values(static_cast<std::uint8_t>(scale));
    for (std::size_t i = 0; i < words.size(); ++i) {
      planes.rows[scale][i] = static_cast<std::uint8_t>(words[i]);
      planes.rows[scale][16 + i] = static_cast<std::uint8_t>(words[i] >> 8);
    }
  }
  return planes;
}

}  // namespace

HWY_EXPORT(DecodeMxfp4);

void decode_mxfp4(std::span<const std::byte> blocks, std::span<const std::byte> scales,
                  std::size_t bytes_per_block, std::uint16_t* out) noexcept {
  if (scalar_kernels() || bytes_per_block != 16) {
    return scalar::decode_mxfp4(blocks, scales, bytes_per_block, out);
  }
  static const Mxfp4Planes planes = make_planes();
  HWY_DYNAMIC_DISPATCH(DecodeMxfp4)(blocks.data(), scales, planes, out);
}

}  // namespace ckptscope
#endif  // HWY_ONCE
