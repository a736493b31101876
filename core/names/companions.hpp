// Names by which published checkpoints attach scales to weights. One table, for folding, summaries
// and `show`; what a family decodes is its own quant schemes' business.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ckptscope {

struct Companion {
  std::string weight;       // the key that this one belongs to, if it exists
  bool activation = false;  // scales activations, not the weight itself
};

/// What `key` belongs to by its name alone; nullopt for a key that is nobody's companion.
/// "x.weight_scale_inv" -> "x.weight", "x_scales" -> "x_blocks", "x.input_scale" -> "x.weight".
std::optional<Companion> companion_of(std::string_view key);

/// Every key that would belong to `weight`: the other way round.
std::vector<std::string> companions_of(std::string_view weight);

}  // namespace ckptscope
