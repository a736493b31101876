// How far the values of two checkpoints are apart, as a table.
#pragma once

#include <vector>

#include "core/inspect/value_distance.hpp"
#include "views/document/document.hpp"

namespace ckptscope {

/// One row a pair: how far the values are apart; those with NaN or infinities on one side come
/// first. `rows` belong to `pairs`, in order.
Table distance_table(const std::vector<ValuePair>& pairs, const std::vector<ValueDistance>& rows);

}  // namespace ckptscope
