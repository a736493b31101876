// The definition of decoding codes of four bits under a scale a group.
#include <cstring>

#include "core/kernels/scalar/scalar.hpp"

namespace ckptscope::scalar {
namespace {

/// The 16 products that a group can hold, rounded, as words of type T; then looked up.
template <typename T>
void decode_groups(const std::byte* codes, const std::array<float, 16>& values,
                   std::span<const float> scales, std::size_t group, Dtype to, std::byte* out) {
  std::array<T, 16> words;
  for (const float scale : scales) {
    std::array<float, 16> products;
    for (std::size_t i = 0; i < products.size(); ++i) products[i] = values[i] * scale;
    scalar::cast_elements(Dtype::F32, reinterpret_cast<const std::byte*>(products.data()), to,
                          reinterpret_cast<std::byte*>(words.data()), words.size());
    for (std::size_t i = 0; i < group / 2; ++i) {
      const auto byte = std::to_integer<std::size_t>(*codes++);
      const T pair[] = {words[byte & 15], words[byte >> 4]};
      std::memcpy(out, pair, sizeof pair);
      out += sizeof pair;
    }
  }
}

}  // namespace

void decode_nibbles(std::span<const std::byte> codes, const std::array<float, 16>& values,
                    std::span<const float> scales, std::size_t group, Dtype to,
                    std::byte* out) noexcept {
  if (size_of(to) == sizeof(std::uint16_t)) {
    decode_groups<std::uint16_t>(codes.data(), values, scales, group, to, out);
  } else {
    decode_groups<std::uint32_t>(codes.data(), values, scales, group, to, out);
  }
}

}  // namespace ckptscope::scalar
