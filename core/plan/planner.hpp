// From a mapping and a list of tensors to a plan. One planner for both directions: an equation
// whose whole lies on the source side is taken apart, else it is assembled.
#pragma once

#include "core/mapping/mapping.hpp"
#include "core/plan/like.hpp"
#include "core/plan/plan.hpp"
#include "core/tensor/tensor_list.hpp"

namespace ckptscope {

/// Never throws for what the tensors are like: problems are collected in the plan. Throws Usage
/// when options.exclude is no regular expression. Thread-safe. O(tensors x rules).
/// With `like`, the outputs must have its keys, dtypes and shapes; what no weight tells is
/// borrowed.
Plan make_plan(const TensorList& source, const Mapping& mapping, const PlanOptions& options,
               const Like* like = nullptr);

}  // namespace ckptscope
