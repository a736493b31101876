// Outputs while a plan is being made.
#pragma once

#include <string_view>

#include "core/plan/plan.hpp"

namespace ckptscope {

/// An output and the source key that it came from; of several, the first. Empty for what came from
/// nowhere.
struct Draft {
  Output output;
  std::string_view origin;
};

}  // namespace ckptscope
