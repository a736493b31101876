// Sources that are neither converted nor proved against.
#pragma once

#include "core/checkpoint/checkpoint.hpp"
#include "core/plan/plan.hpp"
#include "core/run/inputs.hpp"
#include "core/source/tensor_source.hpp"

namespace ckptscope {

/// True when every byte of a tensor of `bytes` bytes is `value`, and there is one; stops reading at
/// the first that is not. Throws what reading throws.
bool every_byte_is(std::byte value, TensorSource& source, std::uint32_t tensor,
                   std::uint64_t bytes);

/// Throws when the checkpoint of --like has any defect: keys and shapes are taken on its word.
void refuse_damaged_like(const PlanInputs& sources);

/// Reads the few values that decide: throws Constant for MXFP4 blocks and scales that are
/// placeholders (another program has filled them with ones instead of computing them), and NotZero
/// for values that the plan drops because they should be zero.
void refuse_values(const PlanInputs& sources, const Plan& plan);

}  // namespace ckptscope
