// Floats of single precision by their bits and at their ends.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>
#include <vector>

#include "core/numbers/formats.hpp"

namespace ckptscope::testing {

using Floats = std::vector<float>;

inline constexpr float kMaxFloat = std::numeric_limits<float>::max();
inline constexpr float kMinFloat = std::numeric_limits<float>::denorm_min();

inline float float_of(std::uint64_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
}

}  // namespace ckptscope::testing
