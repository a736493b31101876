// The rows of the folded tree: what is written once, and where every tensor is found.

#include "core/names/folded_tree.hpp"

#include <gtest/gtest.h>

#include "tests/support/named_tensors.hpp"

namespace ckptscope::testing {
namespace {

/// One line a row: indented label, how many, marks.
std::string folded(const NamedTensors& tensors) {
  std::string out;
  const NameTree tree = tensors.tree();
  const FoldedTree folds(tree);
  for (const FoldedRow& row : folds.rows()) {
    out += std::string(static_cast<std::size_t>(row.depth) * 2, ' ') + row.label;
    if (row.alike > 1) out += " x" + std::to_string(row.alike);
    if (!row.scale.empty()) out += " " + row.scale;
    if (row.odd) out += " odd";
    out += "\n";
  }
  return out;
}

std::string layer(int number, const std::string& rest) {
  return "model.layers." + std::to_string(number) + "." + rest;
}

TEST(Fold, NumberedSiblingsAreOneRow) {
  NamedTensors tensors;
  for (int i = 0; i < 12; ++i) tensors.add(layer(i, "norm.weight"));
  EXPECT_EQ(folded(tensors), "model.layers\n  [0-11].norm.weight x12\n");
  const NameTree tree = tensors.tree();
  const FoldedTree folds(tree);
  const auto rows = folds.rows();
  EXPECT_EQ(rows[1].path, "model.layers.[0-11].norm.weight");
  EXPECT_EQ(rows[1].tensors, 12u);
  EXPECT_EQ(rows[1].bytes, 12u * 16);
  EXPECT_EQ(rows[0].tensors, 12u);
}

TEST(Fold, TheOddOneOutIsMarked) {
  NamedTensors tensors;
  for (int i = 0; i < 8; ++i) tensors.add(layer(i, "w"), Dtype::BF16, {i == 3 ? 9u : 4u});
  EXPECT_EQ(folded(tensors), "model.layers\n  [0-2,4-7].w x7\n  3.w odd\n");
}

TEST(Fold, HalvesAreNotOdd) {
  NamedTensors tensors;
  for (int i = 0; i < 8; ++i) {
    tensors.add(layer(i, "w"), i % 2 == 0 ? Dtype::BF16 : Dtype::F32);
  }
  EXPECT_EQ(folded(tensors), "model.layers\n  [0,2,4,6].w x4\n  [1,3,5,7].w x4\n");
}

TEST(Fold, AlikeWordsAreBraced) {
  NamedTensors tensors;
  tensors.add("mlp.gate_proj.weight");
  tensors.add("mlp.up_proj.weight");
  tensors.add("mlp.down_proj.weight", Dtype::BF16, {4, 2});
  tensors.add("mlp.norm.weight");
  EXPECT_EQ(folded(tensors),
            "mlp\n  down_proj.weight\n  {gate,up}_proj.weight x2\n  norm.weight\n");
}

TEST(Fold, FoldsWithinFolds) {
  NamedTensors tensors;
  for (int i = 0; i < 3; ++i) {
    for (int e = 0; e < 4; ++e) {
      tensors.add(layer(i, "experts." + std::to_string(e) + ".gate_proj.weight"));
      tensors.add(layer(i, "experts." + std::to_string(e) + ".up_proj.weight"));
    }
  }
  EXPECT_EQ(folded(tensors),
            "model.layers\n  [0-2].experts x3\n    [0-3] x12\n      {gate,up}_proj.weight x24\n");
}

TEST(Fold, ScalesRideOnTheirWeight) {
  NamedTensors tensors;
  tensors.add("a.q.weight", Dtype::F8_E4M3);
  tensors.add("a.q.weight_scale_inv", Dtype::F32, {1, 1});
  tensors.add("b.q.weight", Dtype::F8_E4M3);
  tensors.add("b.q.weight_scale", Dtype::F32, {});
  tensors.add("b.q.input_scale", Dtype::F32, {});
  tensors.add("c.q_blocks", Dtype::U8);
  tensors.add("c.q_scales", Dtype::U8);
  tensors.add("d.q.weight_scale", Dtype::F32, {});  // nobody's: a row of its own
  tensors.add("d.q.bias");
  EXPECT_EQ(folded(tensors),
            "a.q\n  weight +s\nb.q\n  weight +sa\nc\n  q_blocks +s\nd.q\n  bias\n"
            "  weight_scale\n");
}

TEST(Fold, ATensorWithTensorsBelowIt) {
  NamedTensors tensors;
  tensors.add("a");
  tensors.add("a.b");
  tensors.add("a.b.c");
  EXPECT_EQ(folded(tensors), "a\n  b\n    c\n");
}

TEST(Fold, TopRowsSumToTheRoot) {
  Random random(6);
  for (int round = 0; round < 2000; ++round) {
    const NamedTensors tensors = random_tensors(random, "ab_12..");
    const NameTree tree = tensors.tree();
    std::uint64_t count = 0;
    std::uint64_t bytes = 0;
    const FoldedTree folds(tree);
    for (const FoldedRow& row : folds.rows()) {
      if (row.depth != 0) continue;
      count += row.tensors;
      bytes += row.bytes;
    }
    ASSERT_EQ(count, tree.root().tensors);
    ASSERT_EQ(bytes, tree.root().bytes);
  }
}

/// Every tensor is found in a row, as the member that leads back to it, or as its weight's rider.
TEST(Fold, EveryTensorHasItsPlace) {
  Random random(7);
  for (int round = 0; round < 2000; ++round) {
    const NamedTensors tensors = random_tensors(random, "ab_12..");
    const NameTree tree = tensors.tree();
    const FoldedTree folds(tree);
    const auto rows = folds.rows();
    for (std::uint32_t place = 0; place < tree.natural_order().size(); ++place) {
      const FoldedTree::Place found = folds.locate(place);
      ASSERT_LT(found.row, rows.size());
      ASSERT_LT(found.member, rows[found.row].alike);
      const NameTree::Node& node = tree.nodes()[folds.node_of(found.row, found.member)];
      ASSERT_EQ(node.tensor, tree.natural_order()[place]);
    }
    for (std::uint32_t row = 0; row < rows.size(); ++row) {
      ASSERT_EQ(folds.node_of(row, 0), rows[row].node);
      ASSERT_GT(rows[row].end, row);
    }
  }
}

TEST(Fold, AScaleIsPlacedOnItsWeight) {
  NamedTensors tensors;
  for (int i = 0; i < 3; ++i) {
    tensors.add(layer(i, "gate_proj_blocks"), Dtype::U8);
    tensors.add(layer(i, "gate_proj_scales"), Dtype::U8);
  }
  const NameTree tree = tensors.tree();
  const FoldedTree folds(tree);
  for (std::uint32_t place = 0; place < 6; ++place) {
    const FoldedTree::Place found = folds.locate(place);
    EXPECT_EQ(folds.rows()[found.row].path, "model.layers.[0-2].gate_proj_blocks");
    EXPECT_EQ(found.member, place / 2);
  }
}

}  // namespace
}  // namespace ckptscope::testing
