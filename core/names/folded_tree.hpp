// The tree of names with alike siblings in one row: 36 layers are one, and the layer that is unlike
// the others stands out.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/names/name_tree.hpp"

namespace ckptscope {

/// One row. It stands for `alike` nodes of equal subtrees: its own siblings that look the same,
/// times those of every row above it.
struct FoldedRow {
  std::string label;  // "layers.[0-35]", "{gate,up}_proj.weight"; raw
  std::string path;   // the whole pattern from the root; raw
  int depth = 0;
  std::uint32_t node = 0;     // the first of the alike nodes
  std::uint32_t alike = 1;    // how many
  std::uint64_t tensors = 0;  // under all of them
  std::uint64_t bytes = 0;
  bool odd = false;   // unlike most of its numbered siblings
  std::string scale;  // what rides on this row: "+s" for a scale, "+sa" with activation scale
  std::uint32_t parent = NameTree::kNoNode;  // row; kNoNode at the top
  std::uint32_t end = 0;                     // the first row behind this one's subtree
};

/// Rows of the tree, depth first. Immutable and thread-safe; the tree must outlive it.
class FoldedTree {
 public:
  explicit FoldedTree(const NameTree& tree);

  std::span<const FoldedRow> rows() const& { return rows_; }
  std::span<const FoldedRow> rows() && = delete;

  /// Where a tensor is: in which row, as which of its alike nodes. A scale that rides on its
  /// weight's row is there.
  struct Place {
    std::uint32_t row = 0;
    std::uint64_t member = 0;
  };
  /// Of the tensor natural_order()[place] of the tree. O(depth x log siblings).
  Place locate(std::uint32_t place) const;
  /// The node that is number `member` (below `alike`) of a row, in natural order. O(depth).
  std::uint32_t node_of(std::uint32_t row, std::uint64_t member) const;

 private:
  friend class Folder;
  /// A child of the first of a row's nodes: the row that it is in, as which of the siblings there.
  struct Child {
    std::uint32_t row = 0;
    std::uint32_t sibling = 0;
  };
  struct Range {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
  };
  std::span<const NameTree::Node> nodes_;
  std::vector<FoldedRow> rows_;
  std::vector<Range> children_of_;       // by row, and the root's last: into children_
  std::vector<Child> children_;          // by the child's number below its parent
  std::vector<Range> siblings_of_;       // by row: into siblings_
  std::vector<std::uint32_t> siblings_;  // numbers of the alike siblings below their parent
};

}  // namespace ckptscope
