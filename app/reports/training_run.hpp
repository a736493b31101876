// What a training run leaves beside and around its tensors: the step and its losses, and what the
// state of an optimizer is made of.
#pragma once

#include "core/checkpoint/checkpoint.hpp"
#include "views/document/document.hpp"

namespace ckptscope {

/// Step, epoch and losses of the step that the checkpoint belongs to; empty for any other. A file
/// that cannot be read says so.
Fields step_fields(const Checkpoint& checkpoint);

/// Of the state of an optimizer; both empty for what is none.
struct OptimizerState {
  Table moments;    // "exp_avg": of how many parameters, and how large
  Fields settings;  // of its param_groups, alike ones once: "lr = 0.001"
};

/// Tensors "….state.PARAMETER.MOMENT" and metadata "….param_groups.GROUP.SETTING", as
/// torch.distributed.checkpoint and torch.save name them (the latter with slashes).
/// Empty unless all tensors are of that form. O(tensors).
OptimizerState optimizer_state(const Checkpoint& checkpoint);

}  // namespace ckptscope
