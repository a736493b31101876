// Names by which published checkpoints attach scales to weights. One table, for folding, summaries
// and `show`; what a family decodes is its own quant schemes' business.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/tensor/dtype.hpp"

namespace ckptscope {

struct Companion {
  std::string weight;       // the key that this one belongs to, if it exists
  bool activation = false;  // scales activations, not the weight itself
};

/// What `key` belongs to by its name alone; nullopt for a key that is nobody's companion.
/// "x.weight_scale_inv" -> "x.weight", "x_scales" -> "x_blocks", "x.input_scale" -> "x.weight".
std::optional<Companion> companion_of(std::string_view key);
/// All that it may belong to, the likeliest first: whose weight exists is for the caller to see.
std::vector<Companion> possible_companions(std::string_view key);

/// The two tensors of an MXFP4 weight: its name and these.
inline constexpr std::string_view kBlocksSuffix = "_blocks";
inline constexpr std::string_view kScalesSuffix = "_scales";
/// The key of the codes of an MXFP4 weight of that name.
std::string blocks_of(std::string_view weight);
/// The name of the weight that `key` is a part of, without the suffix of a packed form:
/// "x_blocks" and "x_scales" -> "x", "x.weight_scale" -> "x.weight".
std::string logical_name(std::string_view key);

/// Every key that would belong to `weight`: the other way round.
std::vector<std::string> companions_of(std::string_view weight);

}  // namespace ckptscope
