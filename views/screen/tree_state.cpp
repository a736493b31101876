// Which rows are open; those that are visible are listed anew when that changes.
#include "views/screen/tree_state.hpp"

#include <algorithm>

namespace ckptscope {

TreeState::TreeState(const FoldedTree& tree, std::size_t page) : open_(tree.rows().size()) {
  const auto rows = tree.rows();
  std::vector<std::uint32_t> level;
  for (std::uint32_t row = 0; row < rows.size(); row = rows[row].end) level.push_back(row);
  std::size_t shown = level.size();
  while (!level.empty()) {
    std::vector<std::uint32_t> next;
    for (const std::uint32_t parent : level) {
      std::vector<std::uint32_t> children;
      for (std::uint32_t row = parent + 1; row < rows[parent].end; row = rows[row].end) {
        children.push_back(row);
      }
      if (shown + children.size() > page) continue;
      shown += children.size();
      open_[parent] = !children.empty();
      next.insert(next.end(), children.begin(), children.end());
    }
    level = std::move(next);
  }
  refresh(tree);
}

void TreeState::set_open(const FoldedTree& tree, std::uint32_t row, bool open) {
  open_[row] = open && has_children(tree, row);
  refresh(tree);
}

void TreeState::set_all(const FoldedTree& tree, bool open) {
  for (std::uint32_t row = 0; row < open_.size(); ++row) {
    open_[row] = open && has_children(tree, row);
  }
  refresh(tree);
}

void TreeState::reveal(const FoldedTree& tree, std::uint32_t row) {
  const auto rows = tree.rows();
  bool changed = false;
  for (auto above = rows[row].parent; above != NameTree::kNoNode; above = rows[above].parent) {
    changed = changed || !open_[above];
    open_[above] = true;
  }
  if (changed) refresh(tree);
}

std::size_t TreeState::position_of(std::uint32_t row) const {
  const auto behind = std::upper_bound(visible_.begin(), visible_.end(), row);
  return static_cast<std::size_t>(std::max<std::ptrdiff_t>(1, behind - visible_.begin()) - 1);
}

void TreeState::refresh(const FoldedTree& tree) {
  const auto rows = tree.rows();
  visible_.clear();
  for (std::uint32_t row = 0; row < rows.size(); row = open_[row] ? row + 1 : rows[row].end) {
    visible_.push_back(row);
  }
}

}  // namespace ckptscope
