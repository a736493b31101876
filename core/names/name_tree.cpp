// Built from keys in shard order, where names that share a path mostly lie together.
#include "core/names/name_tree.hpp"

#include <algorithm>
#include <optional>

#include "core/base/hash.hpp"
#include "core/base/natural_order.hpp"

namespace ckptscope {
namespace {

/// Splits the range of each node into its children, one level of segments after the other: within
/// a shard keys that share a segment lie together, so that little is sorted and nothing is hashed.
class Builder {
 public:
  Builder(std::span<const TensorInfo> tensors, std::vector<NameTree::Node>& nodes,
          std::vector<std::uint32_t>& order)
      : tensors_(tensors), nodes_(nodes), order_(order) {}

  void run() {
    nodes_.reserve(2 * order_.size() + 1);  // every inner node branches or is a tensor itself
    NameTree::Node root;
    root.tensors = static_cast<std::uint32_t>(order_.size());
    add(root, {0, 0});
    for (std::uint32_t i = 0; i < nodes_.size(); ++i) split(i);
  }

 private:
  /// Neighbours in the order that share their next segment; no segment is before any.
  struct Run {
    std::optional<std::string_view> segment;
    std::uint32_t first;
    std::uint32_t count;
  };

  /// Where the names of a node's children begin in their keys, and how deep they are.
  struct Children {
    std::uint32_t at;
    std::uint8_t depth;
  };

  std::string_view key(std::size_t place) const { return tensors_[order_[place]].name; }

  void add(const NameTree::Node& node, Children children) {
    nodes_.push_back(node);
    children_.push_back(children);
  }

  std::optional<std::string_view> segment_of(std::string_view key, Children children) const {
    if (children.at > key.size()) return std::nullopt;  // it ended with the node's own name
    if (children.depth == NameTree::kMostDepth) return key.substr(children.at);
    return key.substr(children.at, key.find('.', children.at) - children.at);
  }

  void split(std::uint32_t number) {
    const NameTree::Node node = nodes_[number];
    const Children children = children_[number];
    find_runs(node, children);
    sort_runs(node);
    nodes_[number].first_child = static_cast<std::uint32_t>(nodes_.size());
    std::uint32_t place = node.first;
    for (auto run = runs_.begin(); run != runs_.end();) {
      NameTree::Node child;
      child.parent = number;
      child.first = place;
      const auto segment = run->segment;
      for (; run != runs_.end() && run->segment == segment; ++run) child.tensors += run->count;
      place += child.tensors;
      if (!segment) {
        nodes_[number].tensor = order_[child.first];
        continue;
      }
      child.name = shared_name(child, children.at, segment->size());
      add(child, {static_cast<std::uint32_t>(children.at + child.name.size() + 1),
                  static_cast<std::uint8_t>(children.depth + 1)});
      ++nodes_[number].child_count;
    }
  }

  void find_runs(const NameTree::Node& node, Children children) {
    runs_.clear();
    for (std::uint32_t place = node.first; place < node.first + node.tensors; ++place) {
      const auto segment = segment_of(key(place), children);
      if (!runs_.empty() && runs_.back().segment == segment) {
        ++runs_.back().count;
      } else {
        runs_.push_back({segment, place, 1});
      }
    }
  }

  void sort_runs(const NameTree::Node& node) {
    const auto before = [](const Run& a, const Run& b) {
      if (!a.segment || !b.segment) return !a.segment && b.segment;
      return natural_less(*a.segment, *b.segment);
    };
    if (std::is_sorted(runs_.begin(), runs_.end(), before)) return;
    std::stable_sort(runs_.begin(), runs_.end(), before);
    moved_.clear();
    for (const Run& run : runs_) {
      moved_.insert(moved_.end(), order_.begin() + run.first,
                    order_.begin() + run.first + run.count);
    }
    std::copy(moved_.begin(), moved_.end(), order_.begin() + node.first);
  }

  /// The segments from `at` on that all tensors of the node share, the first of `size` bytes.
  std::string_view shared_name(const NameTree::Node& node, std::size_t at, std::size_t size) const {
    const std::string_view model = key(node.first);
    std::size_t shared = model.size();
    for (std::uint32_t i = 1; i < node.tensors; ++i) {
      const std::string_view other = key(node.first + i).substr(0, shared);
      const auto from = static_cast<std::ptrdiff_t>(std::min(at + size, other.size()));
      const auto differs = std::mismatch(other.begin() + from, other.end(), model.begin() + from);
      shared = static_cast<std::size_t>(differs.first - other.begin());
    }
    const auto ends_at = [&](std::size_t end) {
      for (std::uint32_t i = 0; i < node.tensors; ++i) {
        const std::string_view one = key(node.first + i);
        if (one.size() > end && one[end] != '.') return false;
      }
      return true;
    };
    if (!ends_at(shared)) shared = model.rfind('.', shared - 1);
    return model.substr(at, shared - at);
  }

  std::span<const TensorInfo> tensors_;
  std::vector<NameTree::Node>& nodes_;
  std::vector<std::uint32_t>& order_;
  std::vector<Children> children_;  // by node
  std::vector<Run> runs_;
  std::vector<std::uint32_t> moved_;
};

std::uint64_t hash_of(const TensorInfo& info) {
  return xxh3(std::as_bytes(info.shape), static_cast<std::uint64_t>(info.dtype) + 1);
}

}  // namespace

NameTree::NameTree(std::span<const TensorInfo> tensors, std::span<const std::uint32_t> ids)
    : order_(ids.begin(), ids.end()) {
  Builder(tensors, nodes_, order_).run();
  // Children come after their parents, so one pass backwards sums up.
  for (std::size_t i = nodes_.size(); i-- > 0;) {
    Node& node = nodes_[i];
    if (node.tensor != kNoNode) {
      node.bytes += tensors[node.tensor].bytes();
      node.shape_hash = hash_of(tensors[node.tensor]);
    }
    for (std::uint32_t k = 0; k < node.child_count; ++k) {
      const Node& child = nodes_[node.first_child + k];
      node.bytes += child.bytes;
      node.shape_hash = xxh3(child.name, node.shape_hash ^ child.shape_hash);
    }
  }
}

}  // namespace ckptscope
