// Which rows of a folded tree are open, and hence visible.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/names/folded_tree.hpp"

namespace ckptscope {

/// How rows of one parent stand below each other.
struct SiblingOrder {
  bool by_bytes = false;  // the largest first; else as in the tree
  bool inverted = false;
};

/// Changes cost time by the number of rows, which folding keeps small, never by tensors sorted or
/// searched. The tree must outlive it.
class TreeState {
 public:
  TreeState() = default;
  /// Opens level by level as long as everything fits into `page` rows.
  TreeState(const FoldedTree& tree, std::size_t page);

  std::span<const std::uint32_t> visible() const { return visible_; }
  bool is_open(std::uint32_t row) const { return open_[row]; }
  static bool has_children(const FoldedTree& tree, std::uint32_t row) {
    return tree.rows()[row].end > row + 1;
  }

  void set_open(const FoldedTree& tree, std::uint32_t row, bool open);
  void set_all(const FoldedTree& tree, bool open);
  /// Opens everything above a row.
  void reveal(const FoldedTree& tree, std::uint32_t row);
  /// What is open stays open.
  void set_order(const FoldedTree& tree, SiblingOrder order);
  /// Where a visible row, or else what hides it, stands in visible().
  std::size_t position_of(const FoldedTree& tree, std::uint32_t row) const;

 private:
  void refresh(const FoldedTree& tree);
  std::vector<std::uint32_t> siblings(const FoldedTree& tree, std::uint32_t first,
                                      std::uint32_t end) const;

  SiblingOrder order_;
  std::vector<bool> open_;
  std::vector<std::uint32_t> visible_;
  std::vector<std::uint32_t> position_;  // by row; NameTree::kNoNode where it is hidden
};

}  // namespace ckptscope
