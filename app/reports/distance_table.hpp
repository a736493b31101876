// How far the values of two checkpoints are apart, as tables.
#pragma once

#include <vector>

#include "core/inspect/value_distance.hpp"
#include "views/document/document.hpp"

namespace ckptscope {

/// One row a pair, by damage: what is not finite on one side alone first, then the farthest.
/// `distances` belong to `pairs`. People who do not ask for all (`folds`) see a row a name over
/// layers and experts, and the first of the pairs.
void add_distances(Document& document, const std::vector<ValuePair>& pairs,
                   const std::vector<ValueDistance>& distances, bool folds);

}  // namespace ckptscope
