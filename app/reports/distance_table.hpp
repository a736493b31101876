// How far the values of two checkpoints are apart, as a table.
#pragma once

#include <memory>
#include <vector>

#include "core/inspect/value_distance.hpp"
#include "views/document/document.hpp"

namespace ckptscope {

/// One row a pair: how far the values are apart. `rows` belong to `pairs`, in order.
Table distance_table(const std::vector<ValuePair>& pairs,
                     std::shared_ptr<const std::vector<ValueDistance>> rows);

}  // namespace ckptscope
