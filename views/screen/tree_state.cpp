// Which rows are open; those that are visible are listed anew when that changes.
#include "views/screen/tree_state.hpp"

#include <algorithm>

namespace ckptscope {

TreeState::TreeState(const FoldedTree& tree, std::size_t page) : open_(tree.rows().size()) {
  const auto rows = tree.rows();
  std::vector<std::uint32_t> level = siblings(tree, 0, static_cast<std::uint32_t>(rows.size()));
  std::size_t shown = level.size();
  while (!level.empty()) {
    std::vector<std::uint32_t> next;
    for (const std::uint32_t parent : level) {
      const auto children = siblings(tree, parent + 1, rows[parent].end);
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

void TreeState::set_order(const FoldedTree& tree, SiblingOrder order) {
  order_ = order;
  refresh(tree);
}

std::size_t TreeState::position_of(const FoldedTree& tree, std::uint32_t row) const {
  while (position_[row] == NameTree::kNoNode && tree.rows()[row].parent != NameTree::kNoNode) {
    row = tree.rows()[row].parent;
  }
  return position_[row];
}

std::vector<std::uint32_t> TreeState::siblings(const FoldedTree& tree, std::uint32_t first,
                                               std::uint32_t end) const {
  const auto rows = tree.rows();
  std::vector<std::uint32_t> level;
  for (std::uint32_t row = first; row < end; row = rows[row].end) level.push_back(row);
  if (order_.by_bytes) {
    std::stable_sort(level.begin(), level.end(),
                     [&](auto a, auto b) { return rows[a].bytes > rows[b].bytes; });
  }
  if (order_.inverted) std::reverse(level.begin(), level.end());
  return level;
}

void TreeState::refresh(const FoldedTree& tree) {
  const auto rows = tree.rows();
  visible_.clear();
  position_.assign(rows.size(), NameTree::kNoNode);
  std::vector<std::uint32_t> waiting;  // the next at the end
  const auto add = [&](std::uint32_t first, std::uint32_t end) {
    const std::vector<std::uint32_t> level = siblings(tree, first, end);
    waiting.insert(waiting.end(), level.rbegin(), level.rend());
  };
  add(0, static_cast<std::uint32_t>(rows.size()));
  while (!waiting.empty()) {
    const std::uint32_t row = waiting.back();
    waiting.pop_back();
    position_[row] = static_cast<std::uint32_t>(visible_.size());
    visible_.push_back(row);
    if (open_[row]) add(row + 1, rows[row].end);
  }
}

}  // namespace ckptscope
