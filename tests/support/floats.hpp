// Floats of single precision by their bits and at their ends.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <vector>

#include "core/kernels/kernels.hpp"

namespace ckptscope::testing {

using Floats = std::vector<float>;

inline constexpr float kMaxFloat = std::numeric_limits<float>::max();
inline constexpr float kMinFloat = std::numeric_limits<float>::denorm_min();

inline float float_of(std::uint64_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
}

/// The nearest number of the dtype, ties to even.
inline float rounded_to(Dtype dtype, float value) {
  std::array<std::byte, sizeof(float)> bytes;
  cast_elements(Dtype::F32, reinterpret_cast<const std::byte*>(&value), dtype, bytes.data(), 1);
  cast_elements(dtype, bytes.data(), Dtype::F32, reinterpret_cast<std::byte*>(&value), 1);
  return value;
}

}  // namespace ckptscope::testing
