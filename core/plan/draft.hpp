// Tensors on their way through the stages of the planner.
#pragma once

#include <string_view>

#include "core/plan/plan.hpp"

namespace ckptscope {

/// What the rules see on the source side: an input tensor, or a packed weight and its scale as one.
/// Views are into the header and, where a prefix changed a key, into the planner's arena.
struct LogicalTensor {
  std::string_view origin;  // the key on disk, without the suffix of a scheme
  std::string_view key;     // after prefixes
  ValuePtr value = nullptr;
};

/// An output and the key on disk that it came from; of several, the first. Empty for what came from
/// nowhere.
struct Draft {
  Output output;
  std::string_view origin{};
};

}  // namespace ckptscope
