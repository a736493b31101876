// Figures of the codes and scales of a quantised tensor.
#pragma once

#include <array>
#include <cstdint>
#include <limits>

namespace ckptscope {

/// What a code is by itself, before its scale.
enum class CodeFormat { Other, E2M1, E4M3, E5M2, Int4 };

/// Codes of a quantised tensor.
struct CodeStats {
  CodeFormat format = CodeFormat::Other;
  std::uint64_t used = 0;                   // different codes that occur
  std::uint64_t possible = 0;               // 16, or 256
  std::uint64_t saturated = 0;              // elements at the largest magnitude: +-6, +-448
  std::uint64_t subnormal = 0;              // elements at +-0.5, or with exponent 0 and not zero
  std::array<std::uint64_t, 256> counts{};  // elements by code
};

/// Scales of a quantised tensor.
struct ScaleStats {
  std::uint64_t count = 0;
  double least = std::numeric_limits<double>::infinity();  // of those that are no NaN
  double most = -std::numeric_limits<double>::infinity();
  std::uint64_t zeros = 0;                  // MXFP4: byte 0, which is 2^-127
  std::uint64_t all_ones = 0;               // MXFP4: byte 255, which is 2^128
  std::array<std::uint64_t, 512> powers{};  // by floor(log2 |scale|) + 256
};

}  // namespace ckptscope
