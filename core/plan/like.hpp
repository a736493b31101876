// --like: outputs that must have the keys, dtypes and shapes of another checkpoint.
#pragma once

#include <vector>

#include "core/mapping/mapping.hpp"
#include "core/plan/draft.hpp"
#include "core/plan/planner.hpp"

namespace ckptscope {

/// Adds drafts for what `like` has and no weight tells (activation scales), takes away zeros that
/// it has no place for (their sources must be zero, see Plan::must_be_zero), and reports every
/// other difference.
void match_like(const Like& like, const Mapping& mapping, std::vector<Draft>& drafts, Plan& plan);

}  // namespace ckptscope
