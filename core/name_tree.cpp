#include "core/name_tree.hpp"

#include <xxhash.h>

#include <algorithm>
#include <map>
#include <random>
#include <unordered_map>

#include <fmt/format.h>

#include "core/companions.hpp"
#include "core/key_pattern.hpp"
#include "core/natural_order.hpp"

namespace ckptscope {
namespace {

struct ChildKey {
  std::uint32_t parent;
  std::string_view name;
  bool operator==(const ChildKey&) const = default;
};

struct ChildHash {
  std::size_t operator()(const ChildKey& key) const {
    static const std::uint64_t seed = std::random_device()();
    return XXH3_64bits_withSeed(key.name.data(), key.name.size(), seed + key.parent);
  }
};

/// Nodes in the order in which keys first name them.
struct Builder {
  std::vector<NameTree::Node> nodes{1};
  std::unordered_map<ChildKey, std::uint32_t, ChildHash> children;
  std::vector<std::uint32_t> path;  // nodes of the last key, root first
  std::vector<std::size_t> ends;    // where their segments end in it
  std::string_view last;

  std::uint32_t child(std::uint32_t parent, std::string_view name) {
    const auto [found, is_new] =
        children.try_emplace({parent, name}, static_cast<std::uint32_t>(nodes.size()));
    if (is_new) {
      NameTree::Node node;
      node.name = name;
      node.parent = parent;
      nodes.push_back(node);
      ++nodes[parent].child_count;
    }
    return found->second;
  }

  /// Segments that the key shares with the one before need no look-up.
  void add(std::string_view key, std::uint32_t tensor) {
    const auto [x, y] = std::mismatch(key.begin(), key.end(), last.begin(), last.end());
    const auto same = static_cast<std::size_t>(x - key.begin());
    while (!ends.empty() && (ends.back() >= same || ends.back() >= key.size())) {
      ends.pop_back();
      path.pop_back();
    }
    std::size_t at = ends.empty() ? 0 : ends.back() + 1;
    std::uint32_t node = path.empty() ? 0 : path.back();
    for (;;) {
      const std::size_t dot = std::min(key.find('.', at), key.size());
      node = child(node, key.substr(at, dot - at));
      if (dot == key.size()) break;
      path.push_back(node);
      ends.push_back(dot);
      at = dot + 1;
    }
    nodes[node].tensor = tensor;
    last = key;
  }
};

std::uint64_t mix(std::uint64_t hash, const void* data, std::size_t bytes) {
  return XXH3_64bits_withSeed(data, bytes, hash);
}

std::uint64_t hash_of(const TensorInfo& info) {
  return mix(static_cast<std::uint64_t>(info.dtype) + 1, info.shape.data(),
             info.shape.size_bytes());
}

}  // namespace

NameTree::NameTree(std::span<const TensorInfo> tensors, std::span<const std::uint32_t> ids) {
  Builder builder;
  builder.children.reserve(ids.size() * 2);
  for (const std::uint32_t id : ids) builder.add(tensors[id].name, id);
  builder.children = {};

  // Children of a node next to each other: bucket nodes by parent, then sort each bucket.
  const std::size_t count = builder.nodes.size();
  std::vector<std::uint32_t> start(count + 1);
  for (std::size_t i = 0; i < count; ++i) start[i + 1] = start[i] + builder.nodes[i].child_count;
  std::vector<std::uint32_t> bucketed(count > 0 ? count - 1 : 0);
  std::vector<std::uint32_t> next(start.begin(), start.end() - 1);
  for (std::uint32_t i = 1; i < count; ++i) bucketed[next[builder.nodes[i].parent]++] = i;
  const auto by_name = [&](std::uint32_t a, std::uint32_t b) {
    return natural_less(builder.nodes[a].name, builder.nodes[b].name);
  };
  for (std::size_t i = 0; i < count; ++i) {
    const auto first = bucketed.begin() + start[i];
    const auto last = bucketed.begin() + start[i + 1];
    if (!std::is_sorted(first, last, by_name)) std::sort(first, last, by_name);
  }

  // Renumber breadth first: every node's children get consecutive numbers.
  std::vector<std::uint32_t> old{0};
  old.reserve(count);
  nodes_.reserve(count);
  nodes_.push_back(builder.nodes[0]);
  for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
    nodes_[i].first_child = static_cast<std::uint32_t>(nodes_.size());
    for (std::uint32_t k = start[old[i]]; k < start[old[i] + 1]; ++k) {
      old.push_back(bucketed[k]);
      nodes_.push_back(builder.nodes[bucketed[k]]);
      nodes_.back().parent = i;
    }
  }
  // Children come after their parents, so one pass backwards sums up.
  for (std::size_t i = nodes_.size(); i-- > 0;) {
    Node& node = nodes_[i];
    if (node.tensor != kNone) {
      ++node.tensors;
      node.bytes += tensors[node.tensor].bytes();
      node.shape_hash = mix(node.shape_hash, "", 0) + hash_of(tensors[node.tensor]);
    }
    for (std::uint32_t k = 0; k < node.child_count; ++k) {
      const Node& child = nodes_[node.first_child + k];
      node.tensors += child.tensors;
      node.bytes += child.bytes;
      node.shape_hash =
          mix(node.shape_hash ^ child.shape_hash, child.name.data(), child.name.size());
    }
  }
}

std::vector<std::uint32_t> NameTree::natural_order() const {
  std::vector<std::uint32_t> order;
  order.reserve(nodes_[0].tensors);
  std::vector<std::uint32_t> stack{0};
  while (!stack.empty()) {
    const Node& node = nodes_[stack.back()];
    stack.pop_back();
    if (node.tensor != kNone) order.push_back(node.tensor);
    for (std::uint32_t k = node.child_count; k-- > 0;) stack.push_back(node.first_child + k);
  }
  return order;
}

namespace {

using Node = NameTree::Node;

std::vector<std::uint64_t> numbers_of(const std::vector<std::string_view>& names) {
  std::vector<std::uint64_t> numbers;
  for (const std::string_view name : names) numbers.push_back(std::stoull(std::string(name)));
  return numbers;
}

std::string_view last_word(std::string_view name) {
  const auto at = name.rfind('_');
  return at == name.npos ? std::string_view() : name.substr(at);
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
      const bool number = is_number_segment(name);
      numbered += number ? 1 : 0;
      const std::string_view word = number ? std::string_view() : last_word(name);
      const bool folds = number || !word.empty();
      const std::tuple key{number, word, nodes_[node].shape_hash};
      const auto found = folds ? open.find(key) : open.end();
      if (found != open.end()) {
        result[found->second].nodes.push_back(node);
      } else {
        if (folds) open.emplace(key, result.size());
        result.push_back({{node}});
      }
    }
    for (Group& group : result) {
      const bool number = is_number_segment(nodes_[group.nodes.front()].name);
      group.odd =
          number && numbered > 3 && group.nodes.size() * 4 <= numbered && result.size() <= 3;
    }
    return result;
  }

  std::string label_of(const Group& group) const {
    std::vector<std::string_view> names;
    for (const std::uint32_t node : group.nodes) names.push_back(nodes_[node].name);
    if (names.size() == 1) return std::string(names.front());
    if (is_number_segment(names.front())) return number_set(numbers_of(names));
    const std::string_view word = last_word(names.front());
    std::vector<std::string> heads;
    for (const std::string_view name : names) {
      heads.emplace_back(name.substr(0, name.size() - word.size()));
    }
    return fmt::format("{{{}}}{}", fmt::join(heads, ","), word);
  }

  void row(const Group& group, std::uint64_t above, int depth, const std::string& path) {
    std::string label = label_of(group);
    std::vector<std::uint32_t> nodes = group.nodes;
    std::uint64_t alike = above * nodes.size();
    // A chain of only children is one row: "self_attn.q_proj.weight".
    while (nodes_[nodes.front()].tensor == NameTree::kNone &&
           nodes_[nodes.front()].child_count == 1) {
      for (std::uint32_t& node : nodes) node = nodes_[node].first_child;
      label += "." + std::string(nodes_[nodes.front()].name);
    }
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
