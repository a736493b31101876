// A small model of which the test knows what stands out.
#pragma once

#include "core/checkpoint/synthetic.hpp"

namespace ckptscope::testing {

/// Eight layers; layers 2 to 7 have twelve experts, split ([4, 4] each) or stacked ([12, 4, 4]).
/// All weights are + and - a magnitude near 1, so that their deviation is that magnitude. Odd are:
/// the o_proj of layer 5 (magnitude 4), expert 7 of layer 3 (magnitude 3), expert 2 of layer 6
/// (all zeros), and experts 8 and 9 of layer 4 (the same bytes).
SyntheticCheckpoint odd_model(bool stacked);

}  // namespace ckptscope::testing
