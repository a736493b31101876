// The tree of keys: paths, sums and order, of random names.

#include "core/names/name_tree.hpp"

#include <gtest/gtest.h>

#include "core/base/natural_order.hpp"
#include "core/names/folded_tree.hpp"
#include "tests/support/named_tensors.hpp"

namespace ckptscope::testing {
namespace {};

std::string path_of(const NameTree& tree, std::uint32_t node) {
  std::string path(tree.nodes()[node].name);
  while ((node = tree.nodes()[node].parent) != 0) {
    path = std::string(tree.nodes()[node].name) + "." + path;
  }
  return path;
}

TEST(NameTree, SumsAndPathsOfRandomNames) {
  Random random(4);
  for (int round = 0; round < 2000; ++round) {
    const NamedTensors tensors = random_tensors(random, "ab1..");
    const NameTree tree = tensors.tree();
    for (std::uint32_t i = 0; i < tree.nodes().size(); ++i) {
      const NameTree::Node& node = tree.nodes()[i];
      std::uint64_t count = 0;
      std::uint64_t bytes = 0;
      for (const TensorInfo& info : tensors.infos()) {
        const std::string path = i == 0 ? "" : path_of(tree, i);
        const bool below = i == 0 || info.name == path || info.name.starts_with(path + ".");
        count += below ? 1 : 0;
        bytes += below ? info.bytes() : 0;
      }
      ASSERT_EQ(node.tensors, count);
      ASSERT_EQ(node.bytes, bytes);
      if (node.tensor != NameTree::kNoNode) {
        ASSERT_EQ(tensors.infos()[node.tensor].name, path_of(tree, i));
      }
      for (std::uint32_t k = 0; k < node.child_count; ++k) {
        ASSERT_EQ(tree.nodes()[node.first_child + k].parent, i);
      }
    }
  }
}

TEST(NameTree, IsNoDeeperThanItsLimit) {
  NamedTensors tensors;
  for (std::size_t dots = 0; dots < 500; ++dots) tensors.add("x" + std::string(dots, '.'));
  const NameTree tree = tensors.tree();
  std::size_t deepest = 0;
  std::size_t found = 0;
  for (std::uint32_t i = 0; i < tree.nodes().size(); ++i) {
    std::size_t depth = 0;
    for (std::uint32_t node = i; node != 0; node = tree.nodes()[node].parent) ++depth;
    deepest = std::max(deepest, depth);
    const std::uint32_t tensor = tree.nodes()[i].tensor;
    if (tensor == NameTree::kNoNode) continue;
    ++found;
    EXPECT_EQ(tensors.infos()[tensor].name, path_of(tree, i));
  }
  EXPECT_EQ(found, 500u);
  EXPECT_EQ(deepest, NameTree::kMostDepth + 1);
}

void expect_walk_in_order(std::string_view letters) {
  Random random(5);
  for (int round = 0; round < 5000; ++round) {
    const NamedTensors tensors = random_tensors(random, letters);
    std::vector<std::string_view> sorted;
    for (const TensorInfo& info : tensors.infos()) sorted.push_back(info.name);
    std::sort(sorted.begin(), sorted.end(), natural_less);
    std::vector<std::string_view> walked;
    const NameTree tree = tensors.tree();
    for (const std::uint32_t id : tree.natural_order()) {
      walked.push_back(tensors.infos()[id].name);
    }
    ASSERT_EQ(walked, sorted);
  }
}

TEST(NameTree, WalksInNaturalOrder) {
  expect_walk_in_order("12.ab!:");
}

/// Once failed: a.07.x and a.7.b; segments tie-break at once, whole keys only at their end.
TEST(NameTree, WalksInNaturalOrderWithLeadingZeros) {
  expect_walk_in_order("07..a");
}

TEST(NameTree, Empty) {
  const NameTree tree = NamedTensors().tree();
  EXPECT_EQ(tree.root().tensors, 0u);
  EXPECT_TRUE(tree.natural_order().empty());
  const FoldedTree folds(tree);
  EXPECT_TRUE(folds.rows().empty());

}  // namespace
}  // namespace ckptscope::testing
