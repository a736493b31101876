// The tensors of a checkpoint as numbers: packed weights and their scales are one tensor, under
// whichever of their names they are asked for.
#pragma once

#include <string>
#include <vector>

#include "core/checkpoint/checkpoint.hpp"
#include "core/inspect/stats.hpp"

namespace ckptscope {

/// Every tensor, decoded where it is packed, in natural order of keys; no family needs be known.
std::vector<StatsItem> logical_items(const Checkpoint& checkpoint);

struct MatchingItems {
  std::vector<StatsItem> items;
  std::vector<Problem> notes;  // on the query's words
};

/// Those of numbers that a query finds, by their logical key or by that of any part. An exact key
/// is found first. Throws NoMatch, and Usage for a tensor that holds no numbers.
MatchingItems matching_items(const Checkpoint& checkpoint, const std::vector<std::string>& words);

/// Those that a query finds, by their key or by that of any part. Throws NoMatch.
MatchingItems matching_items(const Checkpoint& checkpoint, std::vector<StatsItem> items,
                             const std::vector<std::string>& words);

/// The cheapest first, so that results come soon.
std::vector<StatsItem> by_cost(std::vector<StatsItem> items, const Checkpoint& checkpoint);

}  // namespace ckptscope
