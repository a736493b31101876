// Proof of a conversion: every output tensor is computed again from the source and compared with
// what a checkpoint holds, bit for bit.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/checkpoint/checkpoint.hpp"
#include "core/plan/plan.hpp"
#include "core/run/executor.hpp"
#include "core/run/inputs.hpp"

namespace ckptscope {

struct Difference {
  enum class Kind { Missing, Extra, OtherDtype, OtherShape, OtherValues, Damaged } kind;
  std::string key;
  std::string detail;  // expected and found
};
std::string_view name_of(Difference::Kind kind);

struct VerifyReport {
  std::uint64_t tensors = 0;  // of the plan
  std::uint64_t equal = 0;    // of those, equal in dtype, shape and every bit
  std::uint64_t bytes_equal = 0;
  Losses losses;
  std::vector<Difference> differences;  // in the order of the plan, extra tensors last

  bool verified() const { return differences.empty(); }
};

/// Throws Refused for an unsound plan or a damaged source, and what reading throws; differences do
/// not throw. A damaged output is not read: its defects are the differences.
VerifyReport verify(const PlanInputs& source, const Plan& plan, const Checkpoint& output,
                    const Resources& resources, Progress& progress);

}  // namespace ckptscope
