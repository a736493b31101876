// What a plan reads: the tensors of the checkpoint, and behind them those that it borrows.
#pragma once

#include <memory>

#include "core/checkpoint/checkpoint.hpp"
#include "core/plan/plan.hpp"
#include "core/source/tensor_source.hpp"

namespace ckptscope {

/// Both checkpoints must outlive it.
struct PlanInputs {
  PlanInputs(const Checkpoint& own) : checkpoint(own) {}  // NOLINT: most plans borrow nothing
  PlanInputs(const Checkpoint& own, const Checkpoint* lender) : checkpoint(own), like(lender) {}

  const Checkpoint& checkpoint;
  const Checkpoint* like = nullptr;

  /// Reads both for `plan`, which must outlive the result.
  std::unique_ptr<TensorSource> open(const Plan& plan) const;
};

}  // namespace ckptscope
