// Rounding is done on the bits of floats, the same in every vector width; sums have a fixed order.
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/encode.cpp"
#include <hwy/foreach_target.h>  // compiles what follows once for every target
#include <hwy/highway.h>

#include "core/kernels/bf16-inl.hpp"
#include "core/kernels/int4_search.hpp"
#include "core/kernels/scalar/scalar.hpp"
#include "core/kernels/target.hpp"
#include "core/numbers/formats.hpp"

HWY_BEFORE_NAMESPACE();
namespace ckptscope::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// At most 16 lanes: the sums are defined over 16, see scalar/encode.cpp.
using F32 = hn::CappedTag<float, 16>;
using U32 = hn::RebindToUnsigned<F32>;
using I32 = hn::RebindToSigned<F32>;
using U8 = hn::Rebind<std::uint8_t, F32>;
using Floats = hn::Vec<F32>;
using Words = hn::Vec<U32>;
constexpr F32 kF;
constexpr U32 kU;
constexpr std::size_t kSumLanes = 16;
constexpr std::size_t kLanes = hn::MaxLanes(kF);

/// A sum of squares in 16 lanes, over as many vectors as those take.
class Sum {
 public:
  Sum() { parts_.fill(hn::Zero(kF)); }
  HWY_INLINE void add(std::size_t vector, Floats value) {
    Floats& part = parts_[vector % parts_.size()];
    part = hn::Add(part, hn::Mul(value, value));
  }
  double total() const {
    alignas(64) std::array<float, kSumLanes> all;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      hn::Store(parts_[i], kF, all.data() + i * kLanes);
    }
    for (std::size_t half = kSumLanes / 2; half > 0; half /= 2) {
      for (std::size_t i = 0; i < half; ++i) all[i] += all[i + half];
    }
    return static_cast<double>(all[0]);
  }

 private:
  std::array<Floats, kSumLanes / kLanes> parts_;
};

HWY_INLINE Words magnitude_bits(Floats value) {
  return hn::And(hn::BitCast(kU, value), hn::Set(kU, 0x7FFFFFFF));
}

HWY_INLINE float largest_of(std::span<const float> values) {
  Words largest = hn::Zero(kU);
  std::size_t i = 0;
  for (; i + kLanes <= values.size(); i += kLanes) {
    largest = hn::Max(largest, magnitude_bits(hn::LoadU(kF, values.data() + i)));
  }
  std::uint32_t result = hn::GetLane(hn::MaxOfLanes(kU, largest));
  for (; i < values.size(); ++i) {
    result = std::max(result, std::bit_cast<std::uint32_t>(values[i]) & 0x7FFFFFFF);
  }
  return std::bit_cast<float>(result);
}

float LargestMagnitude(std::span<const float> values) {
  return largest_of(values);
}

/// Magnitudes rounded to a small float: `code` without sign, and the `value` that it stands for.
struct Rounded {
  Words code;
  Floats value;
};

/// As rounded_code() in numbers.cpp, saturated at `most`, which is `highest` as a code.
template <int kMantissaBits, int kMinExponent>
HWY_INLINE Rounded round_to(Words bits, float most, std::uint32_t highest) {
  constexpr int kDropped = 23 - kMantissaBits;
  constexpr std::uint32_t kExponent = 127 + kMinExponent;
  const Words unit = hn::Set(kU, (kExponent + kDropped) << 23);
  const Floats small_sum = hn::Add(hn::BitCast(kF, bits), hn::BitCast(kF, unit));
  const Words odd = hn::And(hn::ShiftRight<kDropped>(bits), hn::Set(kU, 1));
  const Words rounded = hn::Add(hn::Add(bits, odd), hn::Set(kU, (1u << (kDropped - 1)) - 1));
  const Words kept = hn::ShiftRight<kDropped>(rounded);
  const auto is_small = hn::Lt(bits, hn::Set(kU, kExponent << 23));
  const Words code = hn::IfThenElse(is_small, hn::Sub(hn::BitCast(kU, small_sum), unit),
                                    hn::Sub(kept, hn::Set(kU, (kExponent - 1) << kMantissaBits)));
  const Floats value =
      hn::IfThenElse(hn::RebindMask(kF, is_small), hn::Sub(small_sum, hn::BitCast(kF, unit)),
                     hn::BitCast(kF, hn::ShiftLeft<kDropped>(kept)));
  return {hn::Min(code, hn::Set(kU, highest)), hn::Min(value, hn::Set(kF, most))};
}

HWY_INLINE void store_bytes(Words codes, std::uint8_t* to) {
  hn::StoreU(hn::DemoteTo(U8(), hn::BitCast(I32(), codes)), U8(), to);
}

/// 32 codes of one byte each as 16 bytes, the first of a pair in the low nibble.
HWY_INLINE void store_nibbles(const std::uint8_t* codes, std::byte* to) {
  const hn::CappedTag<std::uint16_t, 8> pairs;
  const hn::Rebind<std::uint8_t, decltype(pairs)> bytes;
  const hn::RebindToSigned<decltype(pairs)> narrow;
  for (std::size_t i = 0; i < kMxfp4Block / 2; i += hn::MaxLanes(pairs)) {
    const auto pair = hn::LoadU(pairs, reinterpret_cast<const std::uint16_t*>(codes) + i);
    const auto both = hn::Or(pair, hn::ShiftRight<4>(pair));
    const auto byte = hn::And(both, hn::Set(pairs, 0xFF));
    hn::StoreU(hn::DemoteTo(bytes, hn::BitCast(narrow, byte)), bytes,
               reinterpret_cast<std::uint8_t*>(to) + i);
  }
}

Rounding EncodeMxfp4(std::span<const float> values, float largest, std::byte* codes,
                     std::byte* scales) {
  Rounding result;
  Sum signal;
  Sum noise;
  const std::uint8_t unit = e8m0_scale_of(largest);
  const Floats to_unit = hn::Set(kF, power_of_two(127 - unit));
  alignas(64) std::array<std::uint8_t, kMxfp4Block> nibbles;
  for (std::size_t at = 0; at < values.size(); at += kMxfp4Block) {
    const float* block = values.data() + at;
    const std::uint8_t scale = e8m0_scale_of(largest_of({block, kMxfp4Block}));
    scales[at / kMxfp4Block] = std::byte{scale};
    const Floats up = hn::Set(kF, power_of_two(127 - scale));
    const Floats down = hn::Set(kF, power_of_two(scale - unit));
    for (std::size_t i = 0; i < kMxfp4Block; i += kLanes) {
      const Floats value = hn::LoadU(kF, block + i);
      const Floats scaled = hn::Mul(value, up);
      const Words bits = magnitude_bits(scaled);
      const Rounded rounded = round_to<1, 0>(bits, 6.0F, 7);
      const Words sign = hn::And(hn::ShiftRight<28>(hn::BitCast(kU, scaled)), hn::Set(kU, 8));
      store_bytes(hn::Or(rounded.code, sign), nibbles.data() + i);
      const Floats error = hn::Sub(hn::BitCast(kF, bits), rounded.value);
      const Floats lost = hn::IfThenElse(hn::Eq(rounded.value, hn::Zero(kF)), value, error);
      result.changed += hn::CountTrue(kF, hn::Ne(lost, hn::Zero(kF)));
      signal.add(i / kLanes, hn::Mul(value, to_unit));
      noise.add(i / kLanes, hn::Mul(error, down));
    }
    store_nibbles(nibbles.data(), codes + at / 2);
  }
  const double squared = e8m0_to_double(unit) * e8m0_to_double(unit);
  result.signal = signal.total() * squared;
  result.noise = noise.total() * squared;
  return result;
}

/// The nearest number of the dtype, ties to even, of what is not negative.
template <Dtype kDtype>
HWY_INLINE Floats rounded_to(Floats value) {
  if constexpr (kDtype == Dtype::BF16) {
    return hn::BitCast(kF, hn::ShiftLeft<16>(bf16_bits(kF, value)));
  } else if constexpr (kDtype == Dtype::F16) {
    constexpr float kAny = std::numeric_limits<float>::infinity();  // saturates nothing
    return round_to<10, -14>(magnitude_bits(value), kAny, ~0u).value;
  } else {
    return value;
  }
}

/// E4M3 and E2M1: bits of the mantissa, the least exponent, the largest value and its code, and
/// where the sign of a float becomes that of a code.
struct E4m3 {
  static constexpr int kMantissaBits = 3, kMinExponent = -6, kSignShift = 24;
  static constexpr float kMost = 448;
  static constexpr std::uint32_t kHighest = 0x7E;
};
struct E2m1 {
  static constexpr int kMantissaBits = 1, kMinExponent = 0, kSignShift = 28;
  static constexpr float kMost = 6;
  static constexpr std::uint32_t kHighest = 7;
};

/// A byte a code, of one vector after the other.
template <typename Code, Dtype kDtype>
class ByteEncoder {
 public:
  explicit ByteEncoder(float scale) : scale_(scale), divisor_(hn::Set(kF, scale)) {}

  HWY_INLINE void add(std::size_t vector, Floats value, std::uint8_t* codes) {
    constexpr std::uint32_t kSign = 0x80000000u >> Code::kSignShift;
    const Floats scaled = hn::Div(value, divisor_);
    const Words bits = magnitude_bits(scaled);
    const Rounded rounded =
        round_to<Code::kMantissaBits, Code::kMinExponent>(bits, Code::kMost, Code::kHighest);
    const Words sign =
        hn::And(hn::ShiftRight<Code::kSignShift>(hn::BitCast(kU, scaled)), hn::Set(kU, kSign));
    store_bytes(hn::Or(rounded.code, sign), codes);
    const Floats decoded = rounded_to<kDtype>(hn::Mul(rounded.value, divisor_));
    const auto same = hn::Eq(decoded, hn::BitCast(kF, magnitude_bits(value)));
    changed_ += kLanes - hn::CountTrue(kF, same);
    signal_.add(vector, scaled);
    noise_.add(vector, hn::IfThenZeroElse(same, hn::Sub(hn::BitCast(kF, bits), rounded.value)));
  }

  Rounding result() const {
    const double squared = static_cast<double>(scale_) * static_cast<double>(scale_);
    return {changed_, signal_.total() * squared, noise_.total() * squared};
  }

 private:
  const float scale_;
  const Floats divisor_;
  std::uint64_t changed_ = 0;
  Sum signal_;
  Sum noise_;
};

template <typename Code, Dtype kDtype>
HWY_INLINE Rounding encode_as(std::span<const float> values, float scale, std::byte* codes) {
  ByteEncoder<Code, kDtype> encoder(scale);
  auto* const to = reinterpret_cast<std::uint8_t*>(codes);
  std::size_t i = 0;
  for (; i + kLanes <= values.size(); i += kLanes) {
    encoder.add(i / kLanes, hn::LoadU(kF, values.data() + i), to + i);
  }
  if (const std::size_t left = values.size() - i; left > 0) {  // zeros behind them lose nothing
    alignas(64) std::array<float, kLanes> floats{};
    alignas(64) std::array<std::uint8_t, kLanes> bytes;
    std::copy_n(values.data() + i, left, floats.data());
    encoder.add(i / kLanes, hn::Load(kF, floats.data()), bytes.data());
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

Rounding EncodeE2m1(std::span<const float> values, Dtype dtype, float scale, std::byte* codes) {
  return encode_as<E2m1>(values, dtype, scale, codes);
}

/// Decoded, as bits; -0 is no number of int4, but does not speak against a scale.
HWY_INLINE bool is_int4_of(Floats value, Floats scale, Floats inverse) {
  const Floats most = hn::Min(hn::Mul(value, inverse), hn::Set(kF, 7.0F));
  const auto code = hn::NearestInt(hn::Max(most, hn::Set(kF, -8.0F)));
  const Floats decoded = rounded_to<Dtype::BF16>(hn::Mul(hn::ConvertTo(kF, code), scale));
  return hn::AllTrue(kF, hn::Eq(decoded, value));
}

std::uint16_t FindInt4Scale(std::span<const float, kInt4Block> values, float largest) {
  return search_int4_scale(largest, [&](float scale) HWY_ATTR {
    const Floats unit = hn::Set(kF, scale);
    const Floats inverse = hn::Set(kF, 1 / scale);
    for (std::size_t i = 0; i < values.size(); i += kLanes) {
      if (!is_int4_of(hn::LoadU(kF, values.data() + i), unit, inverse)) return false;
    }
    return true;
  });
}

Rounding RoundInt4(std::span<const float, kInt4Block> values, float divisor, float scale,
                   std::byte* codes) {
  Rounding result;
  Sum signal;
  Sum noise;
  const Floats by = hn::Set(kF, divisor);
  const Floats unit = hn::Set(kF, scale);
  auto* const bytes = reinterpret_cast<std::uint8_t*>(codes);
  for (std::size_t i = 0; i < values.size(); i += kLanes) {
    const Floats value = hn::LoadU(kF, values.data() + i);
    const Floats most = hn::Min(hn::Div(value, by), hn::Set(kF, 7.0F));
    const auto code = hn::NearestInt(hn::Max(most, hn::Set(kF, -8.0F)));
    store_bytes(hn::BitCast(kU, hn::Add(code, hn::Set(I32(), 8))), bytes + i);
    const Floats number = hn::ConvertTo(kF, code);
    const Floats decoded = rounded_to<Dtype::BF16>(hn::Mul(number, unit));
    const auto same = hn::RebindMask(kF, hn::Eq(hn::BitCast(kU, decoded), hn::BitCast(kU, value)));
    const Floats scaled = hn::Div(value, unit);
    result.changed += kLanes - hn::CountTrue(kF, same);
    signal.add(i / kLanes, scaled);
    noise.add(i / kLanes, hn::IfThenZeroElse(same, hn::Sub(scaled, number)));
  }
  const double squared = static_cast<double>(scale) * static_cast<double>(scale);
  result.signal = signal.total() * squared;
  result.noise = noise.total() * squared;
  return result;
}

}  // namespace ckptscope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ckptscope {

HWY_EXPORT(LargestMagnitude);
HWY_EXPORT(EncodeMxfp4);
HWY_EXPORT(EncodeFp8);
HWY_EXPORT(EncodeE2m1);
HWY_EXPORT(FindInt4Scale);
HWY_EXPORT(RoundInt4);

float largest_magnitude(std::span<const float> values) noexcept {
  if (scalar_kernels()) return scalar::largest_magnitude(values);
  return HWY_DYNAMIC_DISPATCH(LargestMagnitude)(values);
}

Rounding encode_mxfp4(std::span<const float> values, float largest, std::byte* codes,
                      std::byte* scales) noexcept {
  if (scalar_kernels()) return scalar::encode_mxfp4(values, largest, codes, scales);
  return HWY_DYNAMIC_DISPATCH(EncodeMxfp4)(values, largest, codes, scales);
}

Rounding encode_fp8(std::span<const float> values, Dtype dtype, float scale,
                    std::byte* codes) noexcept {
  if (scalar_kernels()) return scalar::encode_fp8(values, dtype, scale, codes);
  return HWY_DYNAMIC_DISPATCH(EncodeFp8)(values, dtype, scale, codes);
}

Rounding encode_e2m1(std::span<const float> values, Dtype dtype, float scale,
                     std::byte* codes) noexcept {
  if (scalar_kernels()) return scalar::encode_e2m1(values, dtype, scale, codes);
  return HWY_DYNAMIC_DISPATCH(EncodeE2m1)(values, dtype, scale, codes);
}

std::uint16_t find_int4_scale(std::span<const float, kInt4Block> values, float largest) noexcept {
  if (scalar_kernels()) return scalar::find_int4_scale(values, largest);
  return HWY_DYNAMIC_DISPATCH(FindInt4Scale)(values, largest);
}

Rounding round_int4(std::span<const float, kInt4Block> values, float divisor, float scale,
                    std::byte* codes) noexcept {
  if (scalar_kernels()) return scalar::round_int4(values, divisor, scale, codes);
  return HWY_DYNAMIC_DISPATCH(RoundInt4)(values, divisor, scale, codes);
}

}  // namespace ckptscope
#endif  // HWY_ONCE
