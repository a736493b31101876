// Reads the equations of a mapping over logical tensors, in whichever direction the plan goes: an
// equation whose whole lies on the source side is taken apart, else it is assembled.
#pragma once

#include <span>
#include <vector>

#include "core/mapping/mapping.hpp"
#include "core/plan/draft.hpp"
#include "core/plan/expert_extents.hpp"
#include "core/plan/plan.hpp"

namespace ckptscope {

struct EquationResult {
  std::vector<Draft> drafts;                         // keys before prefixes
  std::vector<const LogicalTensor*> passing;         // no equation has their keys
  std::vector<const LogicalTensor*> of_other_ranks;  // experts outside PlanOptions::expert_range
  std::vector<Padding> paddings;                     // what was cut off wholes
  std::vector<Problem>
      problems;  // missing and unexpected parts, shapes that do not fit; of what is not made
};

/// Pointers in the result are into `tensors`.
EquationResult read_equations(const Mapping& mapping, const PlanOptions& options,
                              std::span<const LogicalTensor> tensors, ExpertExtents& extents,
                              Values& values);

}  // namespace ckptscope
