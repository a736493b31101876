// DCP_SHARDING_INFO, which torch's HuggingFaceStorageWriter puts into the metadata of the shards of
// a training run: {"tensor": {"saved_offsets": [0, 512]}, …}. Source: pytorch,
// torch/distributed/checkpoint/_hf_utils.py.
#pragma once

#include <cstddef>
#include <string>

namespace ckptscope {

/// True when every one of `tensors` tensors begins at its first element: one rank has written all
/// of them. False too for a text that is not of that form, or speaks of another number of tensors.
bool all_start_at_zero(const std::string& sharding_info, std::size_t tensors);

}  // namespace ckptscope
