// Siblings whose names differ in a number alone, and whose trees are alike, are one row.
#include "core/names/folded_tree.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <tuple>

#include "core/base/natural_order.hpp"
#include "core/names/companions.hpp"
#include "core/names/key_pattern.hpp"

namespace ckptscope {
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

}  // namespace

class Folder {
 public:
  explicit Folder(FoldedTree& tree) : nodes_(tree.nodes_), tree_(tree) {}

  void run() { tree_.children_of_.push_back(children(0, NameTree::kNoNode)); }

 private:
  /// Siblings that one row stands for.
  struct Group {
    std::vector<std::uint32_t> nodes;
    bool odd = false;
  };
  /// Scales that stand on their weight's row are no rows of their own: by the weight's node.
  using Riders = std::map<std::uint32_t, std::vector<std::uint32_t>>;

  /// One set of rows for the children of `node`, the first of the nodes of row `parent`.
  FoldedTree::Range children(std::uint32_t node, std::uint32_t parent) {
    const auto siblings = children_of(node);
    const std::uint32_t first_child = nodes_[node].first_child;
    std::vector<FoldedTree::Child> places(siblings.size());
    Riders riders;
    std::vector<std::uint32_t> kept;
    for (const std::uint32_t one : siblings) {
      const std::uint32_t weight = weight_of(one, siblings);
      if (weight == NameTree::kNoNode) {
        kept.push_back(one);
      } else {
        riders[weight].push_back(one);
      }
    }
    for (const Group& group : groups(kept)) {
      for (std::uint32_t i = 0; i < group.nodes.size(); ++i) {
        places[group.nodes[i] - first_child] = {static_cast<std::uint32_t>(tree_.rows_.size()), i};
      }
      row(group, parent, first_child, marks_of(riders, group.nodes.front()));
    }
    for (const auto& [weight, scales] : riders) {
      for (const std::uint32_t one : scales)
        places[one - first_child] = places[weight - first_child];
    }
    return append(tree_.children_, places);
  }

  template <typename T>
  static FoldedTree::Range append(std::vector<T>& pool, const std::vector<T>& items) {
    const auto first = static_cast<std::uint32_t>(pool.size());
    pool.insert(pool.end(), items.begin(), items.end());
    return {first, static_cast<std::uint32_t>(items.size())};
  }

  std::vector<std::uint32_t> children_of(std::uint32_t node) const {
    std::vector<std::uint32_t> all(nodes_[node].child_count);
    for (std::uint32_t k = 0; k < all.size(); ++k) all[k] = nodes_[node].first_child + k;
    return all;
  }

  /// The sibling whose scale this node is, or kNoNode. Siblings share their path, so segments with
  /// the dot before them stand for whole keys.
  std::uint32_t weight_of(std::uint32_t node, const std::vector<std::uint32_t>& siblings) const {
    if (nodes_[node].child_count > 0) return NameTree::kNoNode;
    const auto companion = companion_of("." + std::string(nodes_[node].name));
    if (!companion) return NameTree::kNoNode;
    const std::string_view wanted = std::string_view(companion->weight).substr(1);
    const auto found = std::lower_bound(siblings.begin(), siblings.end(), wanted,
                                        [&](std::uint32_t other, std::string_view name) {
                                          return natural_less(nodes_[other].name, name);
                                        });
    const bool is_there = found != siblings.end() && nodes_[*found].name == wanted &&
                          nodes_[*found].tensor != NameTree::kNoNode;
    return is_there ? *found : NameTree::kNoNode;
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

  void row(const Group& group, std::uint32_t parent, std::uint32_t first_child, std::string scale) {
    const auto number = static_cast<std::uint32_t>(tree_.rows_.size());
    const bool top = parent == NameTree::kNoNode;
    const std::uint64_t above = top ? 1 : tree_.rows_[parent].alike;
    const std::uint64_t alike = above * group.nodes.size();
    const std::uint32_t node = group.nodes.front();
    const Node& first = nodes_[node];
    FoldedRow one;
    one.label = label_of(group);
    one.path = top ? one.label : tree_.rows_[parent].path + "." + one.label;
    one.depth = top ? 0 : tree_.rows_[parent].depth + 1;
    one.node = node;
    one.alike = static_cast<std::uint32_t>(alike);
    one.odd = group.odd;
    one.tensors = alike * first.tensors;
    one.bytes = alike * first.bytes;
    one.parent = parent;
    if (first.child_count == 0) one.scale = std::move(scale);
    tree_.rows_.push_back(std::move(one));

    std::vector<std::uint32_t> siblings;
    for (const std::uint32_t sibling : group.nodes) siblings.push_back(sibling - first_child);
    tree_.siblings_of_.push_back(append(tree_.siblings_, siblings));
    tree_.children_of_.emplace_back();
    if (first.child_count > 0) tree_.children_of_[number] = children(node, number);
    tree_.rows_[number].end = static_cast<std::uint32_t>(tree_.rows_.size());
  }

  /// "+sa": a scale, and one of activations.
  std::string marks_of(const Riders& riders, std::uint32_t weight) const {
    const auto found = riders.find(weight);
    if (found == riders.end()) return "";
    std::string marks;
    for (const std::uint32_t one : found->second) {
      marks += companion_of("." + std::string(nodes_[one].name))->activation ? 'a' : 's';
    }
    std::sort(marks.rbegin(), marks.rend());
    return "+" + marks;
  }

  std::span<const Node> nodes_;
  FoldedTree& tree_;
};

FoldedTree::FoldedTree(const NameTree& tree) : nodes_(tree.nodes()) {
  Folder(*this).run();
}

FoldedTree::Place FoldedTree::locate(std::uint32_t place) const {
  Place found;
  std::uint32_t node = 0;
  Range children = children_of_.back();
  for (;;) {
    const Node& here = nodes_[node];
    const bool is_here = here.tensor != NameTree::kNoNode && here.first == place;
    if (is_here || here.child_count == 0 || children.count == 0) return found;
    const auto first = nodes_.begin() + here.first_child;
    const auto next = std::upper_bound(first, first + here.child_count, place,
                                       [](std::uint32_t p, const Node& n) { return p < n.first; });
    const auto number = static_cast<std::uint32_t>(std::max<std::ptrdiff_t>(1, next - first) - 1);
    node = here.first_child + number;
    const Child& child = children_[children.first + std::min(number, children.count - 1)];
    found = {child.row, found.member * siblings_of_[child.row].count + child.sibling};
    children = children_of_[child.row];
  }
}

std::uint32_t FoldedTree::node_of(std::uint32_t row, std::uint64_t member) const {
  std::vector<std::uint32_t> numbers;  // below each parent, from the row up
  for (std::uint32_t one = row; one != NameTree::kNoNode; one = rows_[one].parent) {
    const Range siblings = siblings_of_[one];
    numbers.push_back(siblings_[siblings.first + member % siblings.count]);
    member /= siblings.count;
  }
  std::uint32_t node = 0;
  for (; !numbers.empty(); numbers.pop_back()) {
    const Node& here = nodes_[node];
    if (numbers.back() >= here.child_count) break;
    node = here.first_child + numbers.back();
  }
  return node;
}

}  // namespace ckptscope
