// From a mapping and a list of tensors to a plan. One planner for both directions: an equation
// whose whole lies on the source side is taken apart, else it is assembled.
#pragma once

#include <span>

#include "core/key_index.hpp"
#include "core/mapping.hpp"
#include "core/plan.hpp"

namespace ckptscope {

/// The tensors to plan over; `index` finds them by name.
struct PlanSource {
  std::span<const TensorInfo> tensors;
  const KeyIndex& index;
};

/// Never throws for what the tensors are like: problems are collected in the plan. Throws Usage
/// when options.exclude is no regular expression. Thread-safe. O(tensors x rules).
Plan make_plan(const PlanSource& source, const Mapping& mapping, const PlanOptions& options);

}  // namespace ckptscope
