// The keys of a checkpoint as a screen lists them: those that a query finds, as a folded tree and
// in an order.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/checkpoint/checkpoint.hpp"
#include "core/names/folded_tree.hpp"
#include "core/names/name_tree.hpp"

namespace ckptscope {

/// Sorts `order`, which is in natural order of keys, by a column of `ls`: bytes (largest first),
/// dtype, shard, or key. Stable.
void sort_by(const Checkpoint& checkpoint, std::string_view column,
             std::vector<std::uint32_t>& order);

/// Immutable and thread-safe. Not movable: the folds point into the names.
class KeyList {
 public:
  KeyList(std::shared_ptr<const Checkpoint> checkpoint, std::span<const std::uint32_t> ids);
  KeyList(const KeyList&) = delete;
  KeyList& operator=(const KeyList&) = delete;

  const std::shared_ptr<const Checkpoint>& checkpoint() const { return checkpoint_; }
  const NameTree& names() const { return names_; }
  const FoldedTree& folded() const { return folded_; }
  std::uint32_t size() const { return names_.root().tensors; }

  /// A problem of Severity::Error names the tensor, or its shard is damaged.
  bool is_defective(std::uint32_t tensor) const { return defective_.contains(tensor); }
  /// Numbers of the checkpoint's problems that name it.
  std::span<const std::uint32_t> problems_of(std::uint32_t tensor) const;
  /// So is some tensor of a folded row or below it.
  bool has_defect(std::uint32_t row) const { return rows_with_defects_.contains(row); }

 private:
  std::shared_ptr<const Checkpoint> checkpoint_;
  NameTree names_;
  FoldedTree folded_;
  std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> problems_;
  std::unordered_set<std::uint32_t> defective_;
  std::unordered_set<std::uint32_t> rows_with_defects_;
};

/// Places in `order` (ids of tensors) of the keys that a smart-case regex finds, rising. Throws
/// Usage for a pattern that is no regular expression. O(keys).
std::vector<std::uint32_t> find_keys(const Checkpoint& checkpoint,
                                     std::span<const std::uint32_t> order,
                                     std::string_view pattern);

}  // namespace ckptscope
