// Slices that the ranks of a training run have written as safetensors become whole tensors again.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/arena.hpp"
#include "core/base/problems.hpp"
#include "core/tensor/tensor_info.hpp"

namespace ckptscope {

/// DCP_SHARDING_INFO, which torch's HuggingFaceStorageWriter and Automodel put into the metadata of
/// the shards of a training run: {"tensor": {"saved_offsets": [0, 512]}, …}, where a rank's slice
/// of a tensor begins in it. Source: pytorch, torch/distributed/checkpoint/_hf_utils.py.
using SavedOffsets = std::map<std::string, std::vector<std::uint64_t>, std::less<>>;

/// Throws BadDcp ("sharding info: …") for a text that is not of that form.
SavedOffsets parse_sharding_info(const std::string& text);

/// One rank has written all of its tensors whole, as far as this file tells.
bool all_start_at_zero(const SavedOffsets& offsets);

/// `offsets` by shard; nullopt for a shard without. Tensors of one name become one, in pieces; its
/// shape is as large as its slices say. What is wrong with them are problems.
void join_slices(const std::vector<std::optional<SavedOffsets>>& offsets,
                 std::vector<TensorInfo>& tensors, std::vector<Piece>& pieces, Arena& arena,
                 Problems& problems);

}  // namespace ckptscope
