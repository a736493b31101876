// The tensors of a checkpoint as numbers: packed weights and their scales are one tensor, under
// whichever of their names they are asked for.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/checkpoint.hpp"
#include "core/compare.hpp"
#include "core/plan.hpp"
#include "core/stats.hpp"

namespace ckptscope {

/// Every tensor, decoded where it is packed, in natural order of keys; no family needs be known.
std::vector<StatsItem> logical_items(const Checkpoint& checkpoint);

/// Those of numbers that a query finds, by their logical key or by that of any part. An exact key
/// is found first. Throws NoMatch, and Usage for a tensor that holds no numbers.
std::vector<StatsItem> matching_items(const Checkpoint& checkpoint,
                                      const std::vector<std::string>& words);

/// Tensors of `reference` under the keys of another checkpoint: as they are when both are of one
/// namespace, else through the family's mapping.
struct Reference {
  std::shared_ptr<const Checkpoint> checkpoint;
  std::vector<StatsItem> items;
  std::string how;  // "same keys", or "native -> hf, gpt_oss"
};
/// Throws the first defect of either.
Reference open_reference(const Checkpoint& checkpoint, const std::string& path);

/// What both have: pairs of equal shape. The others are named.
struct Meeting {
  std::vector<ValuePair> pairs;         // of floats
  std::vector<ValuePair> others;        // of one other dtype, or F64: to be compared byte by byte
  std::vector<std::string> only_here;   // keys
  std::vector<std::string> only_there;  // keys
  std::vector<std::string> misshapen;   // "key: shape, shape there"
};
Meeting meet(const std::vector<StatsItem>& items, const Reference& reference);

}  // namespace ckptscope
