// Two checkpoints beside each other, tensor by tensor, as the values that they decode to.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/planning/decoded_items.hpp"
#include "core/base/progress.hpp"
#include "core/inspect/value_distance.hpp"

namespace ckptscope {

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
Counterparts open_other(const Checkpoint& checkpoint, const std::string& path, Progress& progress);

/// What both have: pairs of equal shape. The others are named.
struct Meeting {
  std::vector<ValuePair> pairs;         // of floats
  std::vector<ValuePair> others;        // of one other dtype, or F64: to be compared byte by byte
  std::vector<std::string> only_here;   // keys
  std::vector<std::string> only_there;  // keys
  std::vector<std::string> misshapen;   // "key: shape, shape there"
};
Meeting meet(const std::vector<StatsItem>& here, const std::vector<StatsItem>& there);

struct Comparison {
  std::vector<ValueDistance> distances;  // of Meeting::pairs
  std::vector<std::string> unequal;      // keys of Meeting::others whose bytes differ
};
/// Reads all that both have. Throws what reading throws, and Interrupted.
Comparison compare(const Checkpoint& here, const Checkpoint& there, const Meeting& meeting,
                   const Workers& workers, Progress& progress);

}  // namespace ckptscope
