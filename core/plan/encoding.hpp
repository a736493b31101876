// Quantised weights as the hf side publishes them: what --quantize asks for, after all rules ran.
// The counterpart of quantised_source.hpp.
#pragma once

#include <vector>

#include "core/base/error.hpp"
#include "core/mapping/mapping.hpp"
#include "core/plan/draft.hpp"

namespace ckptscope {

/// Puts codes and scale in the place of every draft that the preset names. A weight that is packed
/// already stays as it is. What cannot be encoded (no number, an input dim that no block fits)
/// becomes a problem, as does a preset that names nothing there is.
void encode_drafts(const QuantPreset& preset, std::vector<Draft>& drafts,
                   std::vector<Problem>& problems);

}  // namespace ckptscope
