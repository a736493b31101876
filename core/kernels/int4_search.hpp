// The scales that int4 tries, the same for plain and vector code.
#pragma once

#include <cmath>
#include <cstdint>

#include "core/numbers/formats.hpp"

namespace ckptscope {

/// The first BF16 scale that `brings_back` a group whose largest magnitude, not 0, was some code
/// times it, give or take a rounding; 0 where none does.
std::uint16_t search_int4_scale(float largest, const auto& brings_back) {
  for (const float code : {7.0F, 8.0F, 6.0F, 5.0F, 4.0F, 3.0F, 2.0F, 1.0F}) {
    const std::uint16_t near = float_to_bf16(largest / code);
    for (const int step : {0, -1, 1}) {
      const auto bits = static_cast<std::uint16_t>(near + step);
      const float scale = bf16_to_float(bits);
      if (scale > 0 && std::isfinite(scale) && brings_back(scale)) return bits;
    }
  }
  return 0;
}

}  // namespace ckptscope
