// Slices that the ranks of a training run have written as safetensors become whole tensors again.
#pragma once

#include <optional>
#include <vector>

#include "core/base/arena.hpp"
#include "core/base/problems.hpp"
#include "core/checkpoint/sharding_info.hpp"
#include "core/tensor/tensor_info.hpp"

namespace ckptscope {

/// `offsets` by shard; nullopt for a shard without. Tensors of one name become one, in pieces; its
/// shape is as large as its slices say. What is wrong with them are problems.
void join_slices(const std::vector<std::optional<SavedOffsets>>& offsets,
                 std::vector<TensorInfo>& tensors, std::vector<Piece>& pieces, Arena& arena,
                 Problems& problems);

}  // namespace ckptscope
