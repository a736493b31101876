// Quantised weights as the hf side publishes them: what --quantize asks for, after all rules ran.
// The counterpart of decoding.hpp.
#pragma once

#include <cstddef>
#include <vector>

#include "core/base/error.hpp"
#include "core/mapping/mapping.hpp"
#include "core/plan/draft.hpp"

namespace ckptscope {

struct Encoded {
  std::vector<Draft> drafts;
  std::size_t weights = 0;  // that were encoded
  std::size_t packed = 0;   // codes that were packed before, and stay as they are
  std::vector<Problem> problems;
};

/// Puts codes and scale in the place of every draft that the preset names. What cannot be encoded
/// (no number, an input dim that no block fits) becomes a problem.
Encoded encode(const QuantPreset& preset, std::vector<Draft> drafts, Values& values);

}  // namespace ckptscope
