// Vector code for the casts that conversions spend their time in; all others are plain loops.
#include <array>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/cast.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "core/kernels/bf16-inl.hpp"
#include "core/kernels/scalar/scalar.hpp"
#include "core/kernels/target.hpp"

HWY_BEFORE_NAMESPACE();
namespace ckptscope::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using F32 = hn::ScalableTag<float>;
using U32 = hn::RebindToUnsigned<F32>;
using U16 = hn::Rebind<std::uint16_t, F32>;
using U8 = hn::Rebind<std::uint8_t, F32>;
using Floats = hn::Vec<F32>;
using Words = hn::Vec<U32>;
constexpr F32 kF;
constexpr U32 kU;

/// How many elements were done: whole vectors.
std::size_t Bf16ToFloat(const std::byte* in, std::byte* out, std::size_t count) {
  const std::size_t lanes = hn::Lanes(kF);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto halves = hn::LoadU(U16(), reinterpret_cast<const std::uint16_t*>(in + 2 * i));
    const Words bits = hn::ShiftLeft<16>(hn::PromoteTo(kU, halves));
    hn::StoreU(bits, kU, reinterpret_cast<std::uint32_t*>(out + 4 * i));
  }
  return i;
}

std::size_t FloatToBf16(const std::byte* in, std::byte* out, std::size_t count) {
  const std::size_t lanes = hn::Lanes(kF);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    store_bf16(kF, hn::LoadU(kF, reinterpret_cast<const float*>(in + 4 * i)),
               reinterpret_cast<std::uint16_t*>(out + 2 * i));
  }
  return i;
}

/// Codes as floats: exponent and mantissa in their place, then the bias made good by an exact
/// product, which also makes subnormals what they are. Not for the NaN codes.
HWY_INLINE Floats e4m3_values(Words codes) {
  const Words magnitude = hn::ShiftLeft<20>(hn::And(codes, hn::Set(kU, 0x7F)));
  const Words sign = hn::ShiftLeft<24>(hn::And(codes, hn::Set(kU, 0x80)));
  const Floats value = hn::Mul(hn::BitCast(kF, magnitude), hn::Set(kF, 0x1p120F));
  return hn::BitCast(kF, hn::Or(hn::BitCast(kU, value), sign));
}

/// Stops early at a vector that holds a NaN.
template <bool kToBf16>
HWY_INLINE std::size_t decode_e4m3(const std::byte* codes, float scale, std::byte* out,
                                   std::size_t count) {
  const std::size_t lanes = hn::Lanes(kF);
  const Floats factor = hn::Set(kF, scale);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto bytes = hn::LoadU(U8(), reinterpret_cast<const std::uint8_t*>(codes + i));
    const Words words = hn::PromoteTo(kU, bytes);
    const Words magnitude = hn::And(words, hn::Set(kU, 0x7F));
    if (!hn::AllFalse(kU, hn::Eq(magnitude, hn::Set(kU, 0x7F)))) break;
    const Floats value = hn::Mul(e4m3_values(words), factor);
    if constexpr (kToBf16) {
      store_bf16(kF, value, reinterpret_cast<std::uint16_t*>(out + 2 * i));
    } else {
      hn::StoreU(value, kF, reinterpret_cast<float*>(out + 4 * i));
    }
  }
  return i;
}

#if HWY_TARGET == HWY_SCALAR
std::size_t E4m3ToBf16(const std::byte* codes, float scale, std::byte* out, std::size_t count) {
  return decode_e4m3<true>(codes, scale, out, count);
}
#else
using Bytes = hn::CappedTag<std::uint8_t, 64>;
using ByteLanes = hn::Vec<Bytes>;
constexpr Bytes kBytes;

/// What codes are as BF16 under a scale, but for their sign and exponent, on which no rounding
/// depends: 16 words as low and high bytes, the same in every block of 16 bytes. First come the
/// mantissas of normal codes, then the subnormal codes, whose exponent counts as 0.
struct E4m3Words {
  ByteLanes low;
  ByteLanes high;
};

HWY_INLINE E4m3Words e4m3_words(float scale) {
  constexpr unsigned kExponentOfOne = 0x38 << 4;
  alignas(64) static constexpr std::array<float, 16> kValues = {
      1, 1.125F,  1.25F,   1.375F,  1.5F,    1.625F,  1.75F,   1.875F,
      0, 0x1p-9F, 0x2p-9F, 0x3p-9F, 0x4p-9F, 0x5p-9F, 0x6p-9F, 0x7p-9F};
  std::array<std::uint16_t, 16> words;
  for (std::size_t i = 0; i < 16; i += hn::Lanes(kF)) {
    store_bf16(kF, hn::Mul(hn::Load(kF, &kValues[i]), hn::Set(kF, scale)), &words[i]);
  }
  alignas(16) std::array<std::uint8_t, 16> low;
  alignas(16) std::array<std::uint8_t, 16> high;
  for (std::size_t i = 0; i < 16; ++i) {
    const unsigned word = words[i] - (i < 8 ? kExponentOfOne : 0);
    low[i] = static_cast<std::uint8_t>(word);
    high[i] = static_cast<std::uint8_t>(word >> 8);
  }
  return {hn::LoadDup128(kBytes, low.data()), hn::LoadDup128(kBytes, high.data())};
}

/// Codes such that InterleaveLower() gives the first half of them in order, and InterleaveUpper()
/// the second: those interleave within blocks.
HWY_INLINE ByteLanes load_halves(const std::byte* codes) {
  const auto bytes = hn::LoadU(kBytes, reinterpret_cast<const std::uint8_t*>(codes));
  constexpr std::size_t kHalves = hn::MaxLanes(kBytes) / 8;
  if constexpr (kHalves == 2) {
    return bytes;
  } else {
    const hn::Repartition<std::uint64_t, Bytes> halves;
    alignas(64) std::array<std::uint64_t, kHalves> order;
    for (std::size_t i = 0; i < kHalves; ++i) order[i] = i / 2 + i % 2 * (kHalves / 2);
    const auto indices = hn::SetTableIndices(halves, order.data());
    return hn::BitCast(kBytes, hn::TableLookupLanes(hn::BitCast(halves, bytes), indices));
  }
}

template <int kBits>
HWY_INLINE ByteLanes shifted_left(ByteLanes bytes, std::uint8_t kept) {
  const hn::Repartition<std::uint16_t, Bytes> words;
  const auto shifted = hn::ShiftLeft<kBits>(hn::BitCast(words, bytes));
  return hn::And(hn::BitCast(kBytes, shifted), hn::Set(kBytes, kept));
}

template <int kBits>
HWY_INLINE ByteLanes shifted_right(ByteLanes bytes, std::uint8_t kept) {
  const hn::Repartition<std::uint16_t, Bytes> words;
  const auto shifted = hn::ShiftRight<kBits>(hn::BitCast(words, bytes));
  return hn::And(hn::BitCast(kBytes, shifted), hn::Set(kBytes, kept));
}

/// Stops early at a vector that holds a NaN.
std::size_t E4m3ToBf16(const std::byte* codes, float scale, std::byte* out, std::size_t count) {
  constexpr float kLeast = 0x1p-100F, kMost = 0x1p100F;  // between them all products are normal
  constexpr std::size_t kCodes = hn::MaxLanes(kBytes);
  if (count < kCodes || !(std::abs(scale) >= kLeast && std::abs(scale) <= kMost)) {
    return decode_e4m3<true>(codes, scale, out, count);
  }
  const hn::Repartition<std::uint16_t, Bytes> words;
  const auto set = [](std::uint8_t byte) HWY_ATTR { return hn::Set(kBytes, byte); };
  const auto store = [&](auto known, auto rest, std::byte* to) HWY_ATTR {
    hn::StoreU(hn::Add(hn::BitCast(words, known), hn::BitCast(words, rest)), words,
               reinterpret_cast<std::uint16_t*>(to));
  };
  const E4m3Words table = e4m3_words(scale);
  std::size_t i = 0;
  for (; i + kCodes <= count; i += kCodes) {
    const ByteLanes code = load_halves(codes + i);
    if (!hn::AllFalse(kBytes, hn::Eq(hn::And(code, set(0x7F)), set(0x7F)))) break;
    const ByteLanes exponent = hn::And(code, set(0x78));
    const ByteLanes subnormal = hn::Xor(hn::Min(exponent, set(8)), set(8));  // 8 or 0
    const ByteLanes index = hn::Or(hn::And(code, set(7)), subnormal);
    const ByteLanes low = hn::TableLookupBytes(table.low, index);
    const ByteLanes high = hn::TableLookupBytes(table.high, index);
    const ByteLanes rest_low = shifted_left<4>(code, 0x80);
    const ByteLanes rest_high = hn::Or(shifted_right<4>(code, 0x07), hn::And(code, set(0x80)));
    store(hn::InterleaveLower(kBytes, low, high), hn::InterleaveLower(kBytes, rest_low, rest_high),
          out + 2 * i);
    store(hn::InterleaveUpper(kBytes, low, high), hn::InterleaveUpper(kBytes, rest_low, rest_high),
          out + 2 * i + kCodes);
  }
  return i;
}
#endif

std::size_t E4m3ToFloat(const std::byte* codes, float scale, std::byte* out, std::size_t count) {
  return decode_e4m3<false>(codes, scale, out, count);
}

}  // namespace ckptscope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ckptscope {

HWY_EXPORT(Bf16ToFloat);
HWY_EXPORT(FloatToBf16);
HWY_EXPORT(E4m3ToBf16);
HWY_EXPORT(E4m3ToFloat);

void cast_elements(Dtype from, const std::byte* in, Dtype to, std::byte* out,
                   std::size_t count) noexcept {
  std::size_t done = 0;
  if (!scalar_kernels() && from == Dtype::BF16 && to == Dtype::F32) {
    done = HWY_DYNAMIC_DISPATCH(Bf16ToFloat)(in, out, count);
  } else if (!scalar_kernels() && from == Dtype::F32 && to == Dtype::BF16) {
    done = HWY_DYNAMIC_DISPATCH(FloatToBf16)(in, out, count);
  }
  if (done == count) return;
  scalar::cast_elements(from, in + done * size_of(from), to, out + done * size_of(to),
                        count - done);
}

void decode_fp8(Dtype from, const std::byte* codes, float scale, Dtype to, std::byte* out,
                std::size_t count) noexcept {
  constexpr std::size_t kPlain = 64;  // elements done plainly where vectors stop, before they go on
  const bool vectors = !scalar_kernels() && from == Dtype::F8_E4M3 && size_of(to) >= 2 &&
                       (to == Dtype::BF16 || to == Dtype::F32);
  while (count > 0) {
    std::size_t done = 0;
    if (vectors) {
      done = to == Dtype::BF16 ? HWY_DYNAMIC_DISPATCH(E4m3ToBf16)(codes, scale, out, count)
                               : HWY_DYNAMIC_DISPATCH(E4m3ToFloat)(codes, scale, out, count);
    }
    const std::size_t plain = vectors ? std::min(kPlain, count - done) : count;
    scalar::decode_fp8(from, codes + done, scale, to, out + done * size_of(to), plain);
    codes += done + plain;
    out += (done + plain) * size_of(to);
    count -= done + plain;
  }
}

}  // namespace ckptscope
#endif  // HWY_ONCE
