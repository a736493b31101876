// The keys of a checkpoint as a tree of dotted segments, in natural order.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/tensor/tensor_info.hpp"

namespace ckptscope {

/// A node is one segment, or several that only ever occur together ("q_proj.weight"), or all that
/// is left of a key kMostDepth nodes down: a name may hold as many dots as it likes. Nodes are
/// numbered; the children of a node are a contiguous range, in natural order. Names point into the
/// tensors' names. Immutable and thread-safe once built. Memory: about 80 bytes a tensor.
class NameTree {
 public:
  struct Node {
    std::string_view name;  // from behind the parent's dot to before the next one
    std::uint32_t parent = 0;
    std::uint32_t first_child = 0;  // index into nodes(), children are [first_child, + child_count)
    std::uint32_t child_count = 0;
    std::uint32_t tensor = kNoNode;  // the tensor whose key ends here
    std::uint32_t first = 0;         // its tensors are natural_order()[first, + tensors)
    std::uint32_t tensors = 0;       // tensors at and below
    std::uint64_t bytes = 0;         // of those
    std::uint64_t shape_hash = 0;    // equal for subtrees with equal names, dtypes and shapes
  };
  static constexpr std::uint32_t kNoNode = 0xFFFFFFFF;
  static constexpr std::uint8_t kMostDepth = 64;

  /// Over the tensors numbered `ids`.
  NameTree(std::span<const TensorInfo> tensors, std::span<const std::uint32_t> ids);

  std::span<const Node> nodes() const { return nodes_; }  // nodes()[0] is the root
  const Node& root() const { return nodes_[0]; }
  /// Ids of the tensors in natural order of their keys.
  std::span<const std::uint32_t> natural_order() const& { return order_; }
  std::span<const std::uint32_t> natural_order() && = delete;

 private:
  std::vector<Node> nodes_;
  std::vector<std::uint32_t> order_;
};

}  // namespace ckptscope
