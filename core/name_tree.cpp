#include "core/name_tree.hpp"

#include <xxhash.h>

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "core/companions.hpp"
#include "core/key_pattern.hpp"
#include "core/natural_order.hpp"

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
    add(root, 0);
    for (std::uint32_t i = 0; i < nodes_.size(); ++i) split(i);
  }

 private:
  /// Neighbours in the order that share their next segment; no segment is before any.
  struct Run {
    std::optional<std::string_view> segment;
    std::uint32_t first;
    std::uint32_t count;
  };

  std::string_view key(std::size_t place) const { return tensors_[order_[place]].name; }

  void add(const NameTree::Node& node, std::size_t next) {
    nodes_.push_back(node);
    next_.push_back(next);
  }

  std::optional<std::string_view> segment_of(std::string_view key, std::size_t at) const {
    if (at > key.size()) return std::nullopt;  // it ended with the node's own name
    return key.substr(at, key.find('.', at) - at);
  }

  void split(std::uint32_t number) {
    const NameTree::Node node = nodes_[number];
    const std::size_t at = next_[number];
    find_runs(node, at);
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
      child.name = shared_name(child, at, segment->size());
      add(child, at + child.name.size() + 1);
      ++nodes_[number].child_count;
    }
  }

  void find_runs(const NameTree::Node& node, std::size_t at) {
    runs_.clear();
    for (std::uint32_t place = node.first; place < node.first + node.tensors; ++place) {
      const auto segment = segment_of(key(place), at);
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
  std::vector<std::size_t> next_;  // by node: where its children's names begin in their keys
  std::vector<Run> runs_;
  std::vector<std::uint32_t> moved_;
};

std::uint64_t mix(std::uint64_t hash, const void* data, std::size_t bytes) {
  return XXH3_64bits_withSeed(data, bytes, hash);
}

std::uint64_t hash_of(const TensorInfo& info) {
  return mix(static_cast<std::uint64_t>(info.dtype) + 1, info.shape.data(),
             info.shape.size_bytes());
}

}  // namespace

NameTree::NameTree(std::span<const TensorInfo> tensors, std::span<const std::uint32_t> ids)
    : order_(ids.begin(), ids.end()) {
  Builder(tensors, nodes_, order_).run();
  // Children come after their parents, so one pass backwards sums up.
  for (std::size_t i = nodes_.size(); i-- > 0;) {
    Node& node = nodes_[i];
    if (node.tensor != kNone) {
      node.bytes += tensors[node.tensor].bytes();
      node.shape_hash = hash_of(tensors[node.tensor]);
    }
    for (std::uint32_t k = 0; k < node.child_count; ++k) {
      const Node& child = nodes_[node.first_child + k];
      node.bytes += child.bytes;
      node.shape_hash =
          mix(node.shape_hash ^ child.shape_hash, child.name.data(), child.name.size());
    }
  }
}

namespace {

using Node = NameTree::Node;

std::vector<std::uint64_t> numbers_of(const std::vector<std::string_view>& names) {
  std::vector<std::uint64_t> numbers;
  for (const std::string_view name : names) numbers.push_back(std::stoull(std::string(name)));
  return numbers;
}

/// Of a node's name, what may differ between siblings that fold: a number, or what stands before
/// the last underline of the first segment.
std::string_view varying(std::string_view name) {
  const std::string_view segment = name.substr(0, name.find('.'));
  if (is_number_segment(segment)) return segment;
  const auto at = segment.rfind('_');
  return at == segment.npos ? std::string_view() : segment.substr(0, at);
}

bool is_numbered(std::string_view name) {
  return is_number_segment(name.substr(0, name.find('.')));
}

class Folder {
 public:
  explicit Folder(const NameTree& tree) : nodes_(tree.nodes()) {}

  std::vector<FoldedRow> run() {
    children(0, 1, 0, "");
    return std::move(rows_);
  }

 private:
  /// Siblings that one row stands for.
  struct Group {
    std::vector<std::uint32_t> nodes;
    bool odd = false;
  };

  /// One set of rows for the children of `alike` nodes with the same subtree, `node` the first.
  void children(std::uint32_t node, std::uint64_t alike, int depth, const std::string& path) {
    for (const Group& group : groups(riding_removed(children_of(node)))) {
      row(group, alike, depth, path);
    }
  }

  std::vector<std::uint32_t> children_of(std::uint32_t node) const {
    std::vector<std::uint32_t> all(nodes_[node].child_count);
    for (std::uint32_t k = 0; k < all.size(); ++k) all[k] = nodes_[node].first_child + k;
    return all;
  }

  /// Scales that stand on their weight's row are no rows of their own.
  std::vector<std::uint32_t> riding_removed(const std::vector<std::uint32_t>& siblings) {
    std::vector<std::uint32_t> kept;
    for (const std::uint32_t node : siblings) {
      if (weight_of(node, siblings) == NameTree::kNone) kept.push_back(node);
    }
    return kept;
  }

  /// The sibling whose scale this node is, or kNone. Siblings share their path, so segments with
  /// the dot before them stand for whole keys.
  std::uint32_t weight_of(std::uint32_t node, const std::vector<std::uint32_t>& siblings) const {
    if (nodes_[node].child_count > 0) return NameTree::kNone;
    const auto companion = companion_of("." + std::string(nodes_[node].name));
    if (!companion) return NameTree::kNone;
    for (const std::uint32_t other : siblings) {
      const bool is_tensor = nodes_[other].tensor != NameTree::kNone;
      if (is_tensor && nodes_[other].name == std::string_view(companion->weight).substr(1))
        return other;
    }
    return NameTree::kNone;
  }

  std::vector<Group> groups(const std::vector<std::uint32_t>& siblings) const {
    std::vector<Group> result;
    std::map<std::tuple<bool, std::string_view, std::uint64_t>, std::size_t> open;
    std::size_t numbered = 0;
    for (const std::uint32_t node : siblings) {
      const std::string_view name = nodes_[node].name;
      const std::string_view head = varying(name);
      numbered += is_numbered(name) ? 1 : 0;
      const std::tuple key{is_numbered(name), name.substr(head.size()), nodes_[node].shape_hash};
      const auto found = head.empty() ? open.end() : open.find(key);
      if (found != open.end()) {
        result[found->second].nodes.push_back(node);
      } else {
        if (!head.empty()) open.emplace(key, result.size());
        result.push_back({{node}});
      }
    }
    for (Group& group : result) {
      group.odd = is_numbered(nodes_[group.nodes.front()].name) && numbered > 3 &&
                  group.nodes.size() * 4 <= numbered && result.size() <= 3;
    }
    return result;
  }

  std::string label_of(const Group& group) const {
    const std::string_view name = nodes_[group.nodes.front()].name;
    if (group.nodes.size() == 1) return std::string(name);
    std::vector<std::string_view> heads;
    for (const std::uint32_t node : group.nodes) heads.push_back(varying(nodes_[node].name));
    const std::string_view rest = name.substr(heads.front().size());
    if (is_numbered(name)) return number_set(numbers_of(heads)) + std::string(rest);
    return fmt::format("{{{}}}{}", fmt::join(heads, ","), rest);
  }

  void row(const Group& group, std::uint64_t above, int depth, const std::string& path) {
    std::string label = label_of(group);
    const std::vector<std::uint32_t>& nodes = group.nodes;
    const std::uint64_t alike = above * nodes.size();
    const Node& first = nodes_[nodes.front()];
    FoldedRow one;
    one.path = path.empty() ? label : path + "." + label;
    one.label = std::move(label);
    one.depth = depth;
    one.node = nodes.front();
    one.alike = static_cast<std::uint32_t>(alike);
    one.odd = group.odd;
    one.tensors = alike * first.tensors;
    one.bytes = alike * first.bytes;
    if (first.tensor != NameTree::kNone && first.child_count == 0)
      one.scale = riders(nodes.front());
    rows_.push_back(std::move(one));
    const std::string below = rows_.back().path;
    if (first.child_count > 0) children(nodes.front(), alike, depth + 1, below);
  }

  std::string riders(std::uint32_t node) const {
    const std::vector<std::uint32_t> siblings = children_of(nodes_[node].parent);
    std::string marks;
    for (const std::uint32_t sibling : siblings) {
      if (weight_of(sibling, siblings) != node) continue;
      marks += companion_of("." + std::string(nodes_[sibling].name))->activation ? 'a' : 's';
    }
    std::sort(marks.rbegin(), marks.rend());
    return marks.empty() ? "" : "+" + marks;
  }

  std::span<const Node> nodes_;
  std::vector<FoldedRow> rows_;
};

}  // namespace

std::vector<FoldedRow> fold(const NameTree& tree) {
  return Folder(tree).run();
}

}  // namespace ckptscope
