// DCP_SHARDING_INFO, which torch's HuggingFaceStorageWriter and Automodel put into the metadata of
// the shards of a training run: {"tensor": {"saved_offsets": [0, 512]}, …}, where a rank's slice of
// a tensor begins in it. Source: pytorch, torch/distributed/checkpoint/_hf_utils.py.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace ckptscope {

using SavedOffsets = std::map<std::string, std::vector<std::uint64_t>, std::less<>>;

/// Throws BadDcp ("sharding info: …") for a text that is not of that form.
SavedOffsets parse_sharding_info(const std::string& text);

/// One rank has written all of its tensors whole, as far as this file tells.
bool all_start_at_zero(const SavedOffsets& offsets);

}  // namespace ckptscope
