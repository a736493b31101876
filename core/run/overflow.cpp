// By their bits: an exponent of ones and no mantissa.
#include "core/run/overflow.hpp"

#include <cstring>

namespace ckptscope {
namespace {

template <typename Bits>
std::uint64_t count(const std::byte* elements, std::uint64_t number, Bits infinity) {
  constexpr Bits kMagnitude = static_cast<Bits>(~Bits{0}) >> 1;
  std::uint64_t found = 0;
  for (std::uint64_t i = 0; i < number; ++i) {
    Bits bits;
    std::memcpy(&bits, elements + i * sizeof bits, sizeof bits);
    found += (bits & kMagnitude) == infinity ? 1 : 0;
  }
  return found;
}

}  // namespace

std::uint64_t count_infinities(Dtype dtype, const std::byte* elements, std::uint64_t number) {
  switch (dtype) {
    case Dtype::F16:
      return count<std::uint16_t>(elements, number, 0x7C00);
    case Dtype::BF16:
      return count<std::uint16_t>(elements, number, 0x7F80);
    case Dtype::F32:
      return count<std::uint32_t>(elements, number, 0x7F800000);
    case Dtype::F64:
      return count<std::uint64_t>(elements, number, 0x7FF0000000000000);
    default:
      return 0;
  }
}

}  // namespace ckptscope
