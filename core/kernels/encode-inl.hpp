// Vectors of floats two by two, what they are encoded to and sums over them, for kernels that
// Highway compiles once for every target.
#if defined(CKPTSCOPE_ENCODE_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef CKPTSCOPE_ENCODE_INL
#undef CKPTSCOPE_ENCODE_INL
#else
#define CKPTSCOPE_ENCODE_INL
#endif

#include <hwy/highway.h>

#include <array>
#include <cstddef>
#include <cstdint>

#if HWY_TARGET != HWY_SCALAR
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

constexpr std::size_t kPairLanes = 2 * kLanes;  // elements of a pair of vectors

/// What two vectors' worth of neighbours hold: those at even places, and those behind them.
struct Pair {
  Floats even;
  Floats odd;
};

HWY_INLINE Pair load_pair(const float* from) {
  Floats even;
  Floats odd;
  hn::LoadInterleaved2(kF, from, even, odd);
  return {even, odd};
}

/// Two BF16 lie in a word, and each is the upper half of a float.
HWY_INLINE Pair load_pair(const std::uint16_t* from) {
  const Words words = hn::BitCast(kU, hn::LoadU(hn::RepartitionToNarrow<U32>(), from));
  return {hn::BitCast(kF, hn::ShiftLeft<16>(words)),
          hn::BitCast(kF, hn::And(words, hn::Set(kU, 0xFFFF0000)))};
}

/// A sum of squares in 16 lanes, over as many vectors as those take.
class Sum {
 public:
  HWY_INLINE Sum() {
    for (Floats& part : parts_) part = hn::Zero(kF);
  }
  HWY_INLINE void add(std::size_t pair, Floats even, Floats odd) {
    Floats& part = parts_[pair % kParts];
    part = hn::Add(part, hn::Add(hn::Mul(even, even), hn::Mul(odd, odd)));
  }
  double total() const {
    alignas(64) std::array<float, kSumLanes> all;
    for (std::size_t i = 0; i < kParts; ++i) {
      hn::Store(parts_[i], kF, all.data() + i * kLanes);
    }
    for (std::size_t half = kSumLanes / 2; half > 0; half /= 2) {
      for (std::size_t i = 0; i < half; ++i) all[i] += all[i + half];
    }
    return static_cast<double>(all[0]);
  }

 private:
  static constexpr std::size_t kParts = kSumLanes / kLanes;
  Floats parts_[kParts];
};

/// Neighbours' codes, a byte each.
HWY_INLINE void store_bytes(Words even, Words odd, std::uint8_t* to) {
  const hn::Rebind<std::uint16_t, I32> halves;
  const Words both = hn::Or(even, hn::ShiftLeft<8>(odd));
  hn::StoreU(hn::BitCast(hn::Repartition<std::uint8_t, decltype(halves)>(),
                         hn::DemoteTo(halves, hn::BitCast(I32(), both))),
             hn::Repartition<std::uint8_t, decltype(halves)>(), to);
}

}  // namespace ckptscope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif

#endif  // CKPTSCOPE_ENCODE_INL
