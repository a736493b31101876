// Rows of small plans: a mapping, tensors as text, a direction, and the plan as text.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/language/family_text.hpp"
#include "core/plan/planner.hpp"
#include "tests/support/tensor_texts.hpp"

namespace ckptscope::testing {

/// A mapping as its text says it, without a config and without what families share.
inline Mapping mapping(std::string text, std::vector<QuantScheme> schemes = {}) {
  const MappingText one{"test.map", std::move(text)};
  check_mapping({&one, 1});
  Mapping result = read_mapping({&one, 1}, {}, {});
  result.schemes = std::move(schemes);
  return result;
}
/// A number as a mapping's text says it, also one that no config states.
inline std::string size_text(Extent size) {
  return size ? std::to_string(*size) : ".unknown";
}

struct PlanRow {
  std::string_view name;
  Mapping mapping;
  PlanOptions options;
  std::string_view tensors;
  std::string plan;  // and notes below it; of one that is not sound its problems alone
};

inline PlanOptions options_for(Side from, Side to,
                               const std::function<void(PlanOptions&)>& change = {}) {
  PlanOptions options;
  options.from = from;
  options.to = to;
  options.adapter = "family";
  if (change) change(options);
  return options;
}
inline PlanOptions to_native(const std::function<void(PlanOptions&)>& change = {}) {
  return options_for(Side::Hf, Side::Native, change);
}
inline PlanOptions to_hf(const std::function<void(PlanOptions&)>& change = {}) {
  return options_for(Side::Native, Side::Hf, change);
}
inline PlanOptions within_hf(const std::function<void(PlanOptions&)>& change = {}) {
  return options_for(Side::Hf, Side::Hf, change);
}

inline void expect_plans(const std::vector<PlanRow>& rows) {
  for (const PlanRow& row : rows) {
    const TensorTexts tensors(row.tensors);
    const Plan plan = make_plan(tensors.list(), row.mapping, row.options);
    EXPECT_EQ((plan.sound() ? plan.text() : "") + lines_of(plan.problems), row.plan) << row.name;
  }
}

inline const std::string kNothingToDo =
    "note     nothing changes: every tensor passes through [nothing-to-do]\n";

}  // namespace ckptscope::testing
