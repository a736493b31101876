// Rounding to BF16, for kernels that Highway compiles once for every target.
#if defined(CKPTSCOPE_BF16_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef CKPTSCOPE_BF16_INL
#undef CKPTSCOPE_BF16_INL
#else
#define CKPTSCOPE_BF16_INL
#endif

#include <hwy/highway.h>

#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace ckptscope::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// As float_to_bf16() in core/numbers/formats.hpp, in the lower halves of words.
template <typename Floats>
HWY_INLINE hn::Vec<hn::RebindToUnsigned<Floats>> bf16_bits(Floats, hn::Vec<Floats> value) {
  const hn::RebindToUnsigned<Floats> words;
  const auto bits = hn::BitCast(words, value);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(words, 1));
  const auto rounded = hn::Add(hn::Add(bits, odd), hn::Set(words, 0x7FFF));
  const auto is_nan = hn::RebindMask(words, hn::IsNaN(value));
  return hn::ShiftRight<16>(hn::IfThenElse(is_nan, hn::Set(words, 0x7FC00000), rounded));
}

template <typename Floats>
HWY_INLINE void store_bf16(Floats floats, hn::Vec<Floats> value, std::uint16_t* to) {
  const hn::Rebind<std::uint16_t, Floats> halves;
  const hn::RebindToSigned<hn::RebindToUnsigned<Floats>> words;
  hn::StoreU(hn::DemoteTo(halves, hn::BitCast(words, bf16_bits(floats, value))), halves, to);
}

}  // namespace ckptscope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // CKPTSCOPE_BF16_INL
