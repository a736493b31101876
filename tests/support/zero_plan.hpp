// Plans whose outputs are zeros, for what only asks for keys and sizes.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/plan/plan.hpp"

namespace ckptscope::testing {

inline Plan plan_of(std::vector<std::pair<std::string, std::uint64_t>> bytes_by_key) {
  Plan plan;
  for (const auto& [key, bytes] : bytes_by_key) {
    plan.outputs.push_back(
        {key, plan.values->zeros(Dtype::U8, Shape{bytes}), OutputKind::Synthesised, "test.zeros"});
  }
  return plan;
}

}  // namespace ckptscope::testing
