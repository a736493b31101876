// Rounding is done on the bits of floats, the same in every vector width; sums have a fixed order.
#include <algorithm>
#include <array>
#include <bit>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/encode.cpp"
#include <hwy/foreach_target.h>  // compiles what follows once for every target
#include <hwy/highway.h>

#include "core/kernels/encode-inl.hpp"
#include "core/kernels/scalar/scalar.hpp"
#include "core/kernels/target.hpp"
#include "core/numbers/formats.hpp"

HWY_BEFORE_NAMESPACE();
namespace ckptscope::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR
float LargestMagnitude(std::span<const float> values) {
  return scalar::largest_magnitude(values);
}
float LargestBf16Magnitude(std::span<const std::uint16_t> values) {
  return scalar::largest_magnitude(values);
}
Rounding EncodeMxfp4(std::span<const float> values, float largest, std::byte* codes,
                     std::byte* scales) {
  return scalar::encode_mxfp4(values, largest, codes, scales);
}
Rounding EncodeBf16AsMxfp4(std::span<const std::uint16_t> values, float largest, std::byte* codes,
                           std::byte* scales) {
  return scalar::encode_mxfp4(values, largest, codes, scales);
}
Rounding EncodeFp8(std::span<const float> values, Dtype dtype, float scale, std::byte* codes) {
  return scalar::encode_fp8(values, dtype, scale, codes);
}
Rounding EncodeBf16AsFp8(std::span<const std::uint16_t> values, float scale, std::byte* codes) {
  return scalar::encode_fp8(values, scale, codes);
}
Rounding EncodeE2m1(std::span<const float> values, Dtype dtype, float scale, std::byte* codes) {
  return scalar::encode_e2m1(values, dtype, scale, codes);
}
#else

HWY_INLINE float largest_of(const float* values, std::size_t count) {
  const Words magnitude = hn::Set(kU, 0x7FFFFFFF);
  Words largest = hn::Zero(kU);
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const Words bits = hn::BitCast(kU, hn::LoadU(kF, values + i));
    largest = hn::Max(largest, hn::And(bits, magnitude));
  }
  std::uint32_t result = hn::GetLane(hn::MaxOfLanes(kU, largest));
  for (; i < count; ++i) {
    result = std::max(result, std::bit_cast<std::uint32_t>(values[i]) & 0x7FFFFFFF);
  }
  return std::bit_cast<float>(result);
}

/// Of vectors of any size by their halves, down to eight, for which x86 has an instruction.
template <typename Halves>
HWY_INLINE std::uint16_t largest_lane(Halves halves, hn::Vec<Halves> lanes) {
  if constexpr (hn::MaxLanes(halves) <= 8) {
    return hn::GetLane(hn::MaxOfLanes(halves, lanes));
  } else {
    const hn::Half<Halves> half;
    return largest_lane(half, hn::Max(hn::LowerHalf(half, lanes), hn::UpperHalf(half, lanes)));
  }
}

HWY_INLINE float largest_of(const std::uint16_t* values, std::size_t count) {
  const hn::CappedTag<std::uint16_t, 32> halves;
  constexpr std::size_t kHalves = hn::MaxLanes(halves);
  const auto magnitude = hn::Set(halves, 0x7FFF);
  auto largest = hn::Zero(halves);
  std::size_t i = 0;
  for (; i + kHalves <= count; i += kHalves) {
    largest = hn::Max(largest, hn::And(hn::LoadU(halves, values + i), magnitude));
  }
  std::uint32_t result = largest_lane(halves, largest);
  for (; i < count; ++i) result = std::max<std::uint32_t>(result, values[i] & 0x7FFF);
  return std::bit_cast<float>(result << 16);
}

float LargestMagnitude(std::span<const float> values) {
  return largest_of(values.data(), values.size());
}

float LargestBf16Magnitude(std::span<const std::uint16_t> values) {
  return largest_of(values.data(), values.size());
}

/// Magnitudes rounded to a small float: `code` without sign, and the `value` that it stands for.
struct Rounded {
  Words code;
  Floats value;
};

/// As rounded_code() in numbers/formats.cpp, saturated at `most`. Beside 2^k, k chosen by its
/// exponent, a magnitude keeps as many bits as the small float has; those are the end of the sum,
/// and the number of exponents below it is the rest of the code.
template <int kMantissaBits, int kMinExponent>
HWY_INLINE Rounded round_to(Floats magnitude, float most) {
  constexpr int kDropped = 23 - kMantissaBits;
  constexpr std::uint32_t kLeast = (127 + kMinExponent) << 23;
  const Floats kept = hn::Min(magnitude, hn::Set(kF, most));
  const Words bits = hn::And(hn::BitCast(kU, kept), hn::Set(kU, 0x7F800000));
  const Words exponent = hn::Max(bits, hn::Set(kU, kLeast));
  const Words beside = hn::Add(exponent, hn::Set(kU, kDropped << 23));
  const Floats sum = hn::Add(kept, hn::BitCast(kF, beside));
  const Words end = hn::Sub(hn::BitCast(kU, sum), beside);
  const Words below = hn::ShiftRight<kDropped>(hn::Sub(exponent, hn::Set(kU, kLeast)));
  return {hn::Add(end, below), hn::Sub(sum, hn::BitCast(kF, beside))};
}

/// The sign of a float as that of a code, `kShift` bits further down.
template <int kShift>
HWY_INLINE Words with_sign(Words code, Floats value) {
  constexpr std::uint32_t kSign = 0x80000000u >> kShift;
  const Words sign = hn::ShiftRight<kShift>(hn::BitCast(kU, value));
  return hn::Or(code, hn::And(sign, hn::Set(kU, kSign)));
}

/// The same, both in one byte, the first in the low nibble.
HWY_INLINE void store_nibbles(Words even, Words odd, std::byte* to) {
  const Words both = hn::Or(even, hn::ShiftLeft<4>(odd));
  hn::StoreU(hn::DemoteTo(U8(), hn::BitCast(I32(), both)), U8(),
             reinterpret_cast<std::uint8_t*>(to));
}

/// A magnitude rounded to FP4 in the unit of its block.
struct Fp4 {
  Words code;
  Floats error;
};

HWY_INLINE Fp4 round_to_fp4(Floats scaled) {
  const Floats magnitude = hn::Abs(scaled);
  const Rounded rounded = round_to<1, 0>(magnitude, 6.0F);
  return {with_sign<28>(rounded.code, scaled), hn::Sub(magnitude, rounded.value)};
}

/// Beside a much larger one a value may be nothing even before it is rounded, and then shows no
/// error.
HWY_INLINE std::size_t vanished(Floats value, Floats scaled) {
  const Floats zero = hn::Zero(kF);
  return hn::CountTrue(kF, hn::AndNot(hn::Ne(scaled, zero), hn::Ne(value, zero)));
}

template <typename Element>
HWY_INLINE Rounding encode_mxfp4(std::span<const Element> values, float largest, std::byte* codes,
                                 std::byte* scales) {
  constexpr std::uint8_t kKeepsAll = 127;  // up to it, values are scaled up
  Rounding result;
  Sum signal;
  Sum noise;
  const std::uint8_t unit = e8m0_scale_of(largest);
  const Element* const end = values.data() + values.size();
  for (const Element* block = values.data(); block < end; block += kMxfp4Block) {
    const std::uint8_t scale = e8m0_scale_of(largest_of(block, kMxfp4Block));
    *scales++ = std::byte{scale};
    const Floats up = hn::Set(kF, power_of_two(127 - scale));
    const Floats down = hn::Set(kF, power_of_two(scale - unit));
    for (std::size_t i = 0; i < kMxfp4Block; i += kPairLanes) {
      const Pair value = load_pair(block + i);
      const Pair scaled{hn::Mul(value.even, up), hn::Mul(value.odd, up)};
      const Fp4 even = round_to_fp4(scaled.even);
      const Fp4 odd = round_to_fp4(scaled.odd);
      store_nibbles(even.code, odd.code, codes);
      codes += kLanes;
      result.changed += hn::CountTrue(kF, hn::Ne(even.error, hn::Zero(kF)));
      result.changed += hn::CountTrue(kF, hn::Ne(odd.error, hn::Zero(kF)));
      if (scale > kKeepsAll) {
        result.changed += vanished(value.even, scaled.even) + vanished(value.odd, scaled.odd);
      }
      signal.add(i / kPairLanes, hn::Mul(scaled.even, down), hn::Mul(scaled.odd, down));
      noise.add(i / kPairLanes, hn::Mul(even.error, down), hn::Mul(odd.error, down));
    }
  }
  const double squared = e8m0_to_double(unit) * e8m0_to_double(unit);
  result.signal = signal.total() * squared;
  result.noise = noise.total() * squared;
  return result;
}

Rounding EncodeMxfp4(std::span<const float> values, float largest, std::byte* codes,
                     std::byte* scales) {
  return encode_mxfp4(values, largest, codes, scales);
}

Rounding EncodeBf16AsMxfp4(std::span<const std::uint16_t> values, float largest, std::byte* codes,
                           std::byte* scales) {
  return encode_mxfp4(values, largest, codes, scales);
}

/// Whether a magnitude, rounded to the dtype, is that of a value which the dtype holds.
template <Dtype kDtype>
HWY_INLINE hn::Mask<F32> comes_back(Floats decoded, Floats value) {
  if constexpr (kDtype == Dtype::BF16) {
    const Words bits = hn::BitCast(kU, decoded);
    const Words odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(kU, 1));
    const Words rounded = hn::Add(hn::Add(bits, odd), hn::Set(kU, 0x7FFF));
    const Words differ = hn::Xor(rounded, hn::BitCast(kU, value));  // but for the sign
    const auto none = hn::Eq(hn::And(differ, hn::Set(kU, 0x7FFF0000)), hn::Zero(kU));
    return hn::RebindMask(kF, none);
  } else if constexpr (kDtype == Dtype::F16) {
    constexpr float kBeyond = 131072;  // no F16 is as large
    return hn::Eq(round_to<10, -14>(decoded, kBeyond).value, hn::Abs(value));
  } else {
    return hn::Eq(decoded, hn::Abs(value));
  }
}

/// E4M3 and E2M1: bits of the mantissa, the least exponent, the largest value, and where the sign
/// of a float becomes that of a code.
struct E4m3 {
  static constexpr int kMantissaBits = 3, kMinExponent = -6, kSignShift = 24;
  static constexpr float kMost = 448;
};
struct E2m1 {
  static constexpr int kMantissaBits = 1, kMinExponent = 0, kSignShift = 28;
  static constexpr float kMost = 6;
};

/// A byte a code, of one pair of vectors after the other.
template <typename Code, Dtype kDtype>
class ByteEncoder {
 public:
  explicit ByteEncoder(float scale) : scale_(scale), divisor_(hn::Set(kF, scale)) {}

  HWY_INLINE void add(std::size_t pair, Pair value, std::uint8_t* codes) {
    const One even = encode(value.even);
    const One odd = encode(value.odd);
    store_bytes(even.code, odd.code, codes);
    signal_.add(pair, even.scaled, odd.scaled);
    noise_.add(pair, even.error, odd.error);
  }

  Rounding result() const {
    const double squared = static_cast<double>(scale_) * static_cast<double>(scale_);
    return {changed_, signal_.total() * squared, noise_.total() * squared};
  }

 private:
  struct One {
    Words code;
    Floats scaled;
    Floats error;
  };

  HWY_INLINE One encode(Floats value) {
    const Floats scaled = hn::Div(value, divisor_);
    const Floats magnitude = hn::Abs(scaled);
    const Rounded rounded =
        round_to<Code::kMantissaBits, Code::kMinExponent>(magnitude, Code::kMost);
    const auto same = comes_back<kDtype>(hn::Mul(rounded.value, divisor_), value);
    changed_ += kLanes - hn::CountTrue(kF, same);
    return {with_sign<Code::kSignShift>(rounded.code, scaled), scaled,
            hn::IfThenZeroElse(same, hn::Sub(magnitude, rounded.value))};
  }

  const float scale_;
  const Floats divisor_;
  std::uint64_t changed_ = 0;
  Sum signal_;
  Sum noise_;
};

template <typename Code, Dtype kDtype, typename Element>
HWY_INLINE Rounding encode_as(std::span<const Element> values, float scale, std::byte* codes) {
  ByteEncoder<Code, kDtype> encoder(scale);
  auto* const to = reinterpret_cast<std::uint8_t*>(codes);
  std::size_t i = 0;
  for (; i + kPairLanes <= values.size(); i += kPairLanes) {
    encoder.add(i / kPairLanes, load_pair(values.data() + i), to + i);
  }
  if (const std::size_t left = values.size() - i; left > 0) {  // zeros behind them lose nothing
    alignas(64) std::array<Element, kPairLanes> last{};
    alignas(64) std::array<std::uint8_t, kPairLanes> bytes;
    std::copy_n(values.data() + i, left, last.data());
    encoder.add(i / kPairLanes, load_pair(last.data()), bytes.data());
    std::copy_n(bytes.data(), left, to + i);
  }
  return encoder.result();
}

template <typename Code>
HWY_INLINE Rounding encode_as(std::span<const float> values, Dtype dtype, float scale,
                              std::byte* codes) {
  return dtype == Dtype::BF16  ? encode_as<Code, Dtype::BF16>(values, scale, codes)
         : dtype == Dtype::F16 ? encode_as<Code, Dtype::F16>(values, scale, codes)
                               : encode_as<Code, Dtype::F32>(values, scale, codes);
}

Rounding EncodeFp8(std::span<const float> values, Dtype dtype, float scale, std::byte* codes) {
  return encode_as<E4m3>(values, dtype, scale, codes);
}

Rounding EncodeBf16AsFp8(std::span<const std::uint16_t> values, float scale, std::byte* codes) {
  return encode_as<E4m3, Dtype::BF16>(values, scale, codes);
}

Rounding EncodeE2m1(std::span<const float> values, Dtype dtype, float scale, std::byte* codes) {
  return encode_as<E2m1>(values, dtype, scale, codes);
}

#endif

}  // namespace ckptscope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ckptscope {

HWY_EXPORT(LargestMagnitude);
HWY_EXPORT(LargestBf16Magnitude);
HWY_EXPORT(EncodeMxfp4);
HWY_EXPORT(EncodeBf16AsMxfp4);
HWY_EXPORT(EncodeFp8);
HWY_EXPORT(EncodeBf16AsFp8);
HWY_EXPORT(EncodeE2m1);

float largest_magnitude(std::span<const float> values) noexcept {
  if (scalar_kernels()) return scalar::largest_magnitude(values);
  return HWY_DYNAMIC_DISPATCH(LargestMagnitude)(values);
}

float largest_magnitude(std::span<const std::uint16_t> bf16) noexcept {
  if (scalar_kernels()) return scalar::largest_magnitude(bf16);
  return HWY_DYNAMIC_DISPATCH(LargestBf16Magnitude)(bf16);
}

Rounding encode_mxfp4(std::span<const float> values, float largest, std::byte* codes,
                      std::byte* scales) noexcept {
  if (scalar_kernels()) return scalar::encode_mxfp4(values, largest, codes, scales);
  return HWY_DYNAMIC_DISPATCH(EncodeMxfp4)(values, largest, codes, scales);
}

Rounding encode_mxfp4(std::span<const std::uint16_t> bf16, float largest, std::byte* codes,
                      std::byte* scales) noexcept {
  if (scalar_kernels()) return scalar::encode_mxfp4(bf16, largest, codes, scales);
  return HWY_DYNAMIC_DISPATCH(EncodeBf16AsMxfp4)(bf16, largest, codes, scales);
}

Rounding encode_fp8(std::span<const float> values, Dtype dtype, float scale,
                    std::byte* codes) noexcept {
  if (scalar_kernels()) return scalar::encode_fp8(values, dtype, scale, codes);
  return HWY_DYNAMIC_DISPATCH(EncodeFp8)(values, dtype, scale, codes);
}

Rounding encode_fp8(std::span<const std::uint16_t> bf16, float scale, std::byte* codes) noexcept {
  if (scalar_kernels()) return scalar::encode_fp8(bf16, scale, codes);
  return HWY_DYNAMIC_DISPATCH(EncodeBf16AsFp8)(bf16, scale, codes);
}

Rounding encode_e2m1(std::span<const float> values, Dtype dtype, float scale,
                     std::byte* codes) noexcept {
  if (scalar_kernels()) return scalar::encode_e2m1(values, dtype, scale, codes);
  return HWY_DYNAMIC_DISPATCH(EncodeE2m1)(values, dtype, scale, codes);
}

}  // namespace ckptscope
#endif  // HWY_ONCE
