// Bounds for what is walked or shown of a pickle by every path to it.
#pragma once

#include "core/torch/pickle_value.hpp"

namespace ckptscope {

/// Throws BadPickle for a value that contains itself, is too deep, or has too many paths to what is
/// in it, and for a key that stands twice in a dict.
void check_extent(PickleValue value);

}  // namespace ckptscope
