// int4: the scale of a group that brings back what it was decoded from, and rounding beside one.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/encode_int4.cpp"
#include <hwy/foreach_target.h>  // compiles what follows once for every target
#include <hwy/highway.h>

#include "core/kernels/bf16-inl.hpp"
#include "core/kernels/encode-inl.hpp"
#include "core/kernels/int4_search.hpp"
#include "core/kernels/scalar/scalar.hpp"
#include "core/kernels/target.hpp"

HWY_BEFORE_NAMESPACE();
namespace ckptscope::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR
std::uint16_t FindInt4Scale(std::span<const float, kInt4Block> values, float largest) {
  return scalar::find_int4_scale(values, largest);
}
Rounding RoundInt4(std::span<const float, kInt4Block> values, float divisor, float scale,
                   std::byte* codes) {
  return scalar::round_int4(values, divisor, scale, codes);
}
#else

HWY_INLINE Floats rounded_to_bf16(Floats value) {
  return hn::BitCast(kF, hn::ShiftLeft<16>(bf16_bits(kF, value)));
}

/// Decoded, as bits; -0 is no number of int4, but does not speak against a scale.
HWY_INLINE bool is_int4_of(Floats value, Floats scale, Floats inverse) {
  const Floats most = hn::Min(hn::Mul(value, inverse), hn::Set(kF, 7.0F));
  const auto code = hn::NearestInt(hn::Max(most, hn::Set(kF, -8.0F)));
  const Floats decoded = rounded_to_bf16(hn::Mul(hn::ConvertTo(kF, code), scale));
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

/// One vector of a group: codes as numbers plus 8.
struct Int4 {
  Words code;
  Floats scaled;
  Floats error;
  std::size_t changed;
};

HWY_INLINE Int4 round_to_int4(Floats value, Floats divisor, Floats scale) {
  const Floats most = hn::Min(hn::Div(value, divisor), hn::Set(kF, 7.0F));
  const auto code = hn::NearestInt(hn::Max(most, hn::Set(kF, -8.0F)));
  const Floats number = hn::ConvertTo(kF, code);
  const Floats decoded = rounded_to_bf16(hn::Mul(number, scale));
  const auto same = hn::RebindMask(kF, hn::Eq(hn::BitCast(kU, decoded), hn::BitCast(kU, value)));
  const Floats scaled = hn::Div(value, scale);
  return {hn::BitCast(kU, hn::Add(code, hn::Set(I32(), 8))), scaled,
          hn::IfThenZeroElse(same, hn::Sub(scaled, number)), kLanes - hn::CountTrue(kF, same)};
}

Rounding RoundInt4(std::span<const float, kInt4Block> values, float divisor, float scale,
                   std::byte* codes) {
  Rounding result;
  Sum signal;
  Sum noise;
  const Floats by = hn::Set(kF, divisor);
  const Floats unit = hn::Set(kF, scale);
  for (std::size_t i = 0; i < values.size(); i += kPairLanes) {
    const Pair value = load_pair(values.data() + i);
    const Int4 even = round_to_int4(value.even, by, unit);
    const Int4 odd = round_to_int4(value.odd, by, unit);
    store_bytes(even.code, odd.code, reinterpret_cast<std::uint8_t*>(codes + i));
    result.changed += even.changed + odd.changed;
    signal.add(i / kPairLanes, even.scaled, odd.scaled);
    noise.add(i / kPairLanes, even.error, odd.error);
  }
  const double squared = static_cast<double>(scale) * static_cast<double>(scale);
  result.signal = signal.total() * squared;
  result.noise = noise.total() * squared;
  return result;
}
#endif

}  // namespace ckptscope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ckptscope {

HWY_EXPORT(FindInt4Scale);
HWY_EXPORT(RoundInt4);

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
