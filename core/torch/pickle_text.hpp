// What a pickle says, for people.
#pragma once

#include <string>

#include "core/torch/pickle_value.hpp"

namespace ckptscope {

/// A whole value as people read it: "9", "adamw", "[2, 3]"; long ones are cut.
std::string text_of(PickleValue value);

}  // namespace ckptscope
