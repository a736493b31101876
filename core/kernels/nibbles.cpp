// The products of a group are rounded to BF16 at once, then looked up by a byte shuffle.
#include <array>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/nibbles.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "core/kernels/bf16-inl.hpp"
#include "core/kernels/scalar/scalar.hpp"
#include "core/kernels/target.hpp"

HWY_BEFORE_NAMESPACE();
namespace ckptscope::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR
void DecodeNibbles(const std::byte* codes, const std::array<float, 16>& values,
                   std::span<const float> scales, std::size_t group, std::uint16_t* out) {
  scalar::decode_nibbles({codes, scales.size() * group / 2}, values, scales, group, Dtype::BF16,
                         reinterpret_cast<std::byte*>(out));
}
#else
using Bytes = hn::Full128<std::uint8_t>;
using ByteVector = hn::Vec<Bytes>;
constexpr Bytes kBytes;

/// 16 finished words, as a plane of low bytes and one of high bytes.
struct Planes {
  ByteVector low;
  ByteVector high;
};

HWY_INLINE Planes planes_of(const float* values, float scale) {
  const hn::CappedTag<float, 16> floats;
  alignas(64) std::array<std::uint16_t, 16> words;
  for (std::size_t i = 0; i < words.size(); i += hn::MaxLanes(floats)) {
    const auto products = hn::Mul(hn::LoadU(floats, values + i), hn::Set(floats, scale));
    store_bf16(floats, products, words.data() + i);
  }
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(words.data());
  const auto first = hn::Load(kBytes, bytes);
  const auto second = hn::Load(kBytes, bytes + 16);
  return {hn::ConcatEven(kBytes, second, first), hn::ConcatOdd(kBytes, second, first)};
}

HWY_INLINE void put(const Planes& planes, ByteVector codes, std::uint8_t* to) {
  const auto low = hn::TableLookupBytes(planes.low, codes);
  const auto high = hn::TableLookupBytes(planes.high, codes);
  hn::StoreU(hn::InterleaveLower(low, high), kBytes, to);
  hn::StoreU(hn::InterleaveUpper(kBytes, low, high), kBytes, to + 16);
}

/// `group` is a multiple of 16: 8 bytes of codes at a time.
void DecodeNibbles(const std::byte* codes, const std::array<float, 16>& values,
                   std::span<const float> scales, std::size_t group, std::uint16_t* out) {
  const auto nibble = hn::Set(kBytes, 0x0F);
  const hn::Half<Bytes> half;
  const auto* in = reinterpret_cast<const std::uint8_t*>(codes);
  auto* to = reinterpret_cast<std::uint8_t*>(out);
  for (const float scale : scales) {
    const Planes planes = planes_of(values.data(), scale);
    for (std::size_t i = 0; i < group; i += 16) {
      const auto bytes = hn::ZeroExtendVector(kBytes, hn::LoadU(half, in));
      const auto words = hn::BitCast(hn::Full128<std::uint16_t>(), bytes);
      const auto odd = hn::And(hn::BitCast(kBytes, hn::ShiftRight<4>(words)), nibble);
      put(planes, hn::InterleaveLower(hn::And(bytes, nibble), odd), to);
      in += 8;
      to += 32;
    }
  }
}
#endif

}  // namespace ckptscope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ckptscope {

HWY_EXPORT(DecodeNibbles);

void decode_nibbles(std::span<const std::byte> codes, const std::array<float, 16>& values,
                    std::span<const float> scales, std::size_t group, Dtype to,
                    std::byte* out) noexcept {
  if (scalar_kernels() || to != Dtype::BF16 || group % 16 != 0) {
    return scalar::decode_nibbles(codes, values, scales, group, to, out);
  }
  HWY_DYNAMIC_DISPATCH(DecodeNibbles)
  (codes.data(), values, scales, group, reinterpret_cast<std::uint16_t*>(out));
}

}  // namespace ckptscope
#endif  // HWY_ONCE
