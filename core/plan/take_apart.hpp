// Reading an equation from its whole to its parts.
#pragma once

#include <vector>

#include "core/mapping/lookup.hpp"
#include "core/plan/reading.hpp"

namespace ckptscope {

/// Adds a draft for every tensor of the equation's expression, cut out of `whole`, which stands at
/// `place`. What does not fit becomes a problem of `reading`, and its part is not made.
void take_apart(const Place& place, const LogicalTensor& whole, Reading& reading,
                std::vector<Draft>& drafts);

}  // namespace ckptscope
