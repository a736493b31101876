// What both ways of reading an equation share: the checks before a tensor is touched, and the dtype
// that it gets.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "core/base/problems.hpp"
#include "core/plan/draft.hpp"
#include "core/plan/expert_extents.hpp"
#include "core/plan/plan.hpp"

namespace ckptscope {

/// One pass over the equations of a mapping. Checks answer, and note what is wrong.
struct Reading {
  const PlanOptions& options;
  Values& values;
  ExpertExtents& extents;
  Problems problems{};

  /// What is transformed must be numbers, never packed codes.
  bool are_numbers(const Equation& equation, const LogicalTensor& tensor);
  bool has_expected_rows(const Equation& equation, ValuePtr whole, std::string_view key);
  bool has_rank(ValuePtr value, std::size_t rank, std::string_view key);

  /// Cast to the dtype that the equation or the direction gives its tensors, if any.
  ValuePtr with_target_dtype(const Equation& equation, ValuePtr value);
  /// The experts [first, last) of `count` that this plan is for.
  std::pair<std::uint64_t, std::uint64_t> expert_range(std::uint64_t count) const;
};

/// The dimension that `dim` means in a tensor of `rank` dimensions: -1 is the last.
inline int dimension_of(int dim, std::size_t rank) {
  return dim < 0 ? static_cast<int>(rank) + dim : dim;
}

}  // namespace ckptscope
