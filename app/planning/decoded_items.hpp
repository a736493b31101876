// The tensors of a checkpoint as numbers: packed weights and their scales are one tensor, under
// whichever of their names they are asked for.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/checkpoint/checkpoint.hpp"
#include "core/inspect/stats.hpp"
#include "core/inspect/value_distance.hpp"
#include "core/plan/plan.hpp"

namespace ckptscope {

/// Every tensor, decoded where it is packed, in natural order of keys; no family needs be known.
std::vector<StatsItem> logical_items(const Checkpoint& checkpoint);

/// Those of numbers that a query finds, by their logical key or by that of any part. An exact key
/// is found first. Throws NoMatch, and Usage for a tensor that holds no numbers.
std::vector<StatsItem> matching_items(const Checkpoint& checkpoint,
                                      const std::vector<std::string>& words);

/// Two checkpoints under the keys of one namespace: as they are when both are of one, else the hf
/// one through its family's mapping to native.
struct Counterparts {
  std::shared_ptr<const Checkpoint> other;
  std::vector<StatsItem> here;
  std::vector<StatsItem> there;
  std::vector<std::string> dropped_here;   // "key: reason", of what has no counterpart in native
  std::vector<std::string> dropped_there;  // the same, of the other one
  std::string how;                         // "same keys", or "hf -> native, gpt_oss"
};
/// Throws the first defect of either.
Counterparts open_other(const Checkpoint& checkpoint, const std::string& path);

/// Those that a query finds, by their key or by that of any part. Throws NoMatch.
std::vector<StatsItem> matching_items(const Checkpoint& checkpoint, std::vector<StatsItem> items,
                                      const std::vector<std::string>& words);

/// What both have: pairs of equal shape. The others are named.
struct Meeting {
  std::vector<ValuePair> pairs;         // of floats
  std::vector<ValuePair> others;        // of one other dtype, or F64: to be compared byte by byte
  std::vector<std::string> only_here;   // keys
  std::vector<std::string> only_there;  // keys
  std::vector<std::string> misshapen;   // "key: shape, shape there"
};
Meeting meet(const std::vector<StatsItem>& here, const std::vector<StatsItem>& there);

}  // namespace ckptscope
