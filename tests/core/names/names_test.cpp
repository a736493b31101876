// Names: patterns of rules, the order of keys, their tree, its folded rows, and keys written once.

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <set>
#include <stdexcept>

#include "core/base/natural_order.hpp"
#include "core/mapping/pattern.hpp"
#include "core/names/companions.hpp"
#include "core/names/folded_tree.hpp"
#include "core/names/key_pattern.hpp"
#include "core/names/name_tree.hpp"

namespace ckptscope::testing {
namespace {

using Random = std::mt19937_64;

// ---- patterns -----------------------------------------------------------------------------------

/// "L=3 p=model." in the order of names, "-" when the pattern does not match.
std::string captured(const Pattern& pattern, std::string_view key) {
  const auto captures = pattern.match(key);
  if (!captures) return "-";
  std::string out;
  for (const auto& [name, value] : *captures) {
    out += (out.empty() ? "" : " ") + name + "=" + value;
  }
  return out;
}

TEST(Pattern, Matches) {
  struct Row {
    std::string pattern;
    std::string key;
    std::string captures;
  };
  const Row rows[] = {
      {"", "", ""},
      {"", "a", "-"},
      {"a.b", "a.b", ""},
      {"a.b", "a.bc", "-"},
      {"a.b", "xa.b", "-"},
      {"a.b", "aXb", "-"},
      {"{p}", "", "p="},
      {"{p}", "a.b", "p=a.b"},
      {"{p}.w", ".w", "p="},
      {"{p}.w", "w", "-"},
      {"{p}.w", "a.w.w", "p=a.w"},
      {"{p}.w{q}", "a.w.w", "p=a q=.w"},  // the shortest p
      {"{p}.{q}", "a.b.c", "p=a q=b.c"},
      {"pre{p}fix", "prefix", "p="},
      {"x.{L}.w", "x.3.w", "L=3"},
      {"x.{L}.w", "x.007.w", "L=007"},
      {"x.{L}.w", "x..w", "-"},
      {"x.{L}.w", "x.3a.w", "-"},
      {"x.{L}.w", "x.-3.w", "-"},
      {"x.{L}", "x.123456789012345678", "L=123456789012345678"},
      {"x.{L}", "x.1234567890123456789", "-"},
      {"{p}.layers.{L}.{x}", "m.layers.12.a.b", "L=12 p=m x=a.b"},
      {"{p}.layers.{L}.{x}", "m.layers.x.layers.1.a", "L=1 p=m.layers.x x=a"},
      {"{a=weight|bias}", "bias", "a=bias"},
      {"{a=weight|bias}", "biases", "-"},
      {"m.{a=|model.}w", "m.w", "a="},
      {"m.{a=|model.}w", "m.model.w", "a=model."},
      {"{a=x|xy}z", "xyz", "a=xy"},
      {"{a=x|xy}{b=y|}", "xy", "a=x b=y"},
      {"{p}{a=.w|.b}", "q.w", "a=.w p=q"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(captured(row.pattern, row.key), row.captures) << row.pattern << " " << row.key;
    EXPECT_EQ(Pattern(row.pattern).matches(row.key), row.captures != "-");
  }
}

/// Once failed: captures are recorded on the way back, so the second place never sees the first.
TEST(Pattern, ARepeatedVariableIsOneText) {
  EXPECT_EQ(captured("a.{L}.b.{L}", "a.1.b.1"), "L=1");
  EXPECT_EQ(captured("a.{L}.b.{L}", "a.1.b.2"), "-");
  EXPECT_EQ(captured("{p}.x.{p}", "a.x.b"), "-");
}

TEST(Pattern, Expands) {
  struct Row {
    std::string pattern;
    Captures captures;
    std::optional<std::string> key;
  };
  const Row rows[] = {
      {"a.b", {}, "a.b"},
      {"x.{L}.w", {{"L", "3"}}, "x.3.w"},
      {"x.{L}.w", {{"p", "3"}}, {}},
      {"{p}.{p}", {{"p", "q"}}, "q.q"},
      {"{a=u|v}.w", {{"a", "v"}}, "v.w"},
      {"{a=u|v}.w", {{"a", "x"}}, {}},
      {"{a=|v.}w", {{"a", ""}}, "w"},
      {"{a=u|v}.w", {}, {}},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(Pattern(row.pattern).expand(row.captures), row.key) << row.pattern;
  }
}

TEST(Pattern, ExpandsWhatItMatched) {
  const Pattern pattern("{p=|model.}layers.{L}.{x}_proj.{a=weight|bias}");
  for (const std::string key :
       {"layers.0.q_proj.weight", "model.layers.12.mlp.up_proj.bias", "layers.7._proj.bias"}) {
    const auto captures = pattern.match(key);
    ASSERT_TRUE(captures) << key;
    EXPECT_EQ(pattern.expand(*captures), key);
  }
}

TEST(Pattern, ClosedSetsHoldOnTheOtherSide) {
  Pattern open("{p}.mlp.{x}.weight");
  open.bind_sets(Pattern("{x=gate|up}_proj"));
  EXPECT_EQ(captured(open, "a.mlp.gate.weight"), "p=a x=gate");
  EXPECT_EQ(captured(open, "a.mlp.down.weight"), "-");
  EXPECT_EQ(open.expand({{"p", "a"}, {"x", "down"}}), std::nullopt);
  EXPECT_EQ(captured(open, "any.thing.mlp.up.weight"), "p=any.thing x=up");
}

TEST(Pattern, PartsAndMistakes) {
  const Pattern pattern("{p}.{E}.up_proj.weight");
  EXPECT_EQ(pattern.tail(), ".up_proj.weight");
  EXPECT_EQ(Pattern("{p}.{E}").tail(), "");
  EXPECT_EQ(Pattern("").tail(), "");
  for (const char* text : {"{", "a{p", "{}", "a.{}.b"}) {
    EXPECT_THROW(Pattern{text}, std::invalid_argument) << text;
  }
}

// ---- natural order ------------------------------------------------------------------------------

TEST(NaturalOrder, Rows) {
  const std::string_view ordered[] = {
      "",
      ".",
      ".a",
      "0",
      "1",
      "1.5",
      "1a",
      "2",
      "10",
      "10.w",
      "100000000000000000000000000001",
      "100000000000000000000000000002",
      "a",
      "a.0",
      "a.2",
      "a.10",
      "a.b",
      "a b",
      "a!",
      "a1",
      "a1.x",
      "a2",
      "a10",
      "aB",
      "ab",
      "layers.2.x10",
      "layers.2.x9y",
      "layers.10.x",
      "\xc3\xa9",
  };
  std::vector<std::string_view> sorted(std::begin(ordered), std::end(ordered));
  // x9y before x10 within layer 2.
  std::swap(sorted[25], sorted[26]);
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    for (std::size_t k = 0; k < sorted.size(); ++k) {
      EXPECT_EQ(natural_less(sorted[i], sorted[k]), i < k) << sorted[i] << " " << sorted[k];
    }
  }
}

std::string random_name(Random& random, std::string_view letters) {
  std::string name;
  for (std::size_t k = random() % 9; k > 0; --k) name += letters[random() % letters.size()];
  return name;
}

TEST(NaturalOrder, IsAStrictTotalOrder) {
  Random random(3);
  for (int i = 0; i < 100'000; ++i) {
    constexpr std::string_view kLetters = "0012.a!/:";
    const std::string a = random_name(random, kLetters);
    const std::string b = random_name(random, kLetters);
    const std::string c = random_name(random, kLetters);
    ASSERT_EQ(natural_compare(a, b) == 0, a == b) << a << " " << b;
    ASSERT_EQ(natural_less(a, b), natural_compare(b, a) > 0) << a << " " << b;
    if (natural_less(a, b) && natural_less(b, c)) {
      ASSERT_TRUE(natural_less(a, c)) << a << " " << b << " " << c;
    }
  }
}

// ---- the tree -----------------------------------------------------------------------------------

/// Tensors that own their names and shapes.
class Tensors {
 public:
  void add(const std::string& key, Dtype dtype = Dtype::BF16, Shape shape = {2, 4}) {
    const std::string& name = names_.emplace_back(key);
    const Shape& extents = shapes_.emplace_back(std::move(shape));
    TensorInfo info;
    info.name = name;
    info.shape = extents;
    info.dtype = dtype;
    info.end = byte_count(dtype, extents);
    ids_.push_back(static_cast<std::uint32_t>(infos_.size()));
    infos_.push_back(info);
  }
  const std::vector<TensorInfo>& infos() const { return infos_; }
  NameTree tree() const { return NameTree(infos_, ids_); }

 private:
  std::deque<std::string> names_;
  std::deque<Shape> shapes_;
  std::vector<TensorInfo> infos_;
  std::vector<std::uint32_t> ids_;
};

std::string path_of(const NameTree& tree, std::uint32_t node) {
  std::string path(tree.nodes()[node].name);
  while ((node = tree.nodes()[node].parent) != 0) {
    path = std::string(tree.nodes()[node].name) + "." + path;
  }
  return path;
}

Tensors random_tensors(Random& random, std::string_view letters) {
  std::set<std::string> names;
  for (std::size_t k = random() % 40; k > 0; --k) names.insert(random_name(random, letters));
  std::vector<std::string> shuffled(names.begin(), names.end());
  std::shuffle(shuffled.begin(), shuffled.end(), random);
  Tensors tensors;
  for (const std::string& name : shuffled) tensors.add(name, Dtype::U8, {random() % 3});
  return tensors;
}

TEST(NameTree, SumsAndPathsOfRandomNames) {
  Random random(4);
  for (int round = 0; round < 2000; ++round) {
    const Tensors tensors = random_tensors(random, "ab1..");
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

void expect_walk_in_order(std::string_view letters) {
  Random random(5);
  for (int round = 0; round < 5000; ++round) {
    const Tensors tensors = random_tensors(random, letters);
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
  const NameTree tree = Tensors().tree();
  EXPECT_EQ(tree.root().tensors, 0u);
  EXPECT_TRUE(tree.natural_order().empty());
  const FoldedTree folds(tree);
  EXPECT_TRUE(folds.rows().empty());
}

// ---- folding ------------------------------------------------------------------------------------

/// One line a row: indented label, how many, marks.
std::string folded(const Tensors& tensors) {
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
  Tensors tensors;
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
  Tensors tensors;
  for (int i = 0; i < 8; ++i) tensors.add(layer(i, "w"), Dtype::BF16, {i == 3 ? 9u : 4u});
  EXPECT_EQ(folded(tensors), "model.layers\n  [0-2,4-7].w x7\n  3.w odd\n");
}

TEST(Fold, HalvesAreNotOdd) {
  Tensors tensors;
  for (int i = 0; i < 8; ++i) {
    tensors.add(layer(i, "w"), i % 2 == 0 ? Dtype::BF16 : Dtype::F32);
  }
  EXPECT_EQ(folded(tensors), "model.layers\n  [0,2,4,6].w x4\n  [1,3,5,7].w x4\n");
}

TEST(Fold, AlikeWordsAreBraced) {
  Tensors tensors;
  tensors.add("mlp.gate_proj.weight");
  tensors.add("mlp.up_proj.weight");
  tensors.add("mlp.down_proj.weight", Dtype::BF16, {4, 2});
  tensors.add("mlp.norm.weight");
  EXPECT_EQ(folded(tensors),
            "mlp\n  down_proj.weight\n  {gate,up}_proj.weight x2\n  norm.weight\n");
}

TEST(Fold, FoldsWithinFolds) {
  Tensors tensors;
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
  Tensors tensors;
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
  Tensors tensors;
  tensors.add("a");
  tensors.add("a.b");
  tensors.add("a.b.c");
  EXPECT_EQ(folded(tensors), "a\n  b\n    c\n");
}

TEST(Fold, TopRowsSumToTheRoot) {
  Random random(6);
  for (int round = 0; round < 2000; ++round) {
    const Tensors tensors = random_tensors(random, "ab_12..");
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
    const Tensors tensors = random_tensors(random, "ab_12..");
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
  Tensors tensors;
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

TEST(Companions, Rows) {
  struct Row {
    std::string key;
    std::string weight;  // empty: nobody's
    bool activation;
  };
  const Row rows[] = {
      {"x.weight_scale_inv", "x.weight", false},
      {"x.down_proj_scale_inv", "x.down_proj", false},
      {"x.weight_scale", "x.weight", false},
      {"x.weight_scale_2", "x.weight", false},
      {"x_scales", "x_blocks", false},
      {"x.input_scale", "x.weight", true},
      {"x.activation_scale", "x.weight", true},
      {"x.gate_activation_scale", "x.gate", true},
      {"x.weight", "", false},
      {"x.scale", "", false},
      {"x.weight_scale.y", "", false},
      {"", "", false},
  };
  for (const Row& row : rows) {
    const auto found = companion_of(row.key);
    ASSERT_EQ(found.has_value(), !row.weight.empty()) << row.key;
    if (!found) continue;
    EXPECT_EQ(found->weight, row.weight) << row.key;
    EXPECT_EQ(found->activation, row.activation) << row.key;
  }
}

// ---- keys written once --------------------------------------------------------------------------

TEST(KeyPattern, Generalises) {
  struct Row {
    std::string key;
    std::string pattern;
    std::vector<std::uint64_t> numbers;
  };
  const Row rows[] = {
      {"", "", {}},
      {"a.b", "a.b", {}},
      {"a.0.b.12", "a.#.b.#", {0, 12}},
      {"3", "#", {3}},
      {"a.3b.x4", "a.3b.x4", {}},
      {"a..1.", "a..#.", {1}},
      {"a.12345678901234567", "a.#", {12345678901234567}},
      {"a.123456789012345678", "a.123456789012345678", {}},
  };
  for (const Row& row : rows) {
    std::vector<std::uint64_t> numbers;
    EXPECT_EQ(generalise(row.key, numbers), row.pattern) << row.key;
    EXPECT_EQ(numbers, row.numbers) << row.key;
  }
}

TEST(KeyPattern, NumberSets) {
  struct Row {
    std::vector<std::uint64_t> numbers;
    std::string text;
  };
  const Row rows[] = {
      {{7}, "7"},
      {{7, 7}, "7"},
      {{1, 0}, "[0-1]"},
      {{0, 2}, "[0,2]"},
      {{5, 0, 2, 4, 6, 7}, "[0,2,4-7]"},
      {{0, 2, 4, 6, 8, 10, 12, 14}, "[0,2,4,6,8,10,12,14]"},
      {{0, 2, 4, 6, 8, 10, 12, 14, 16}, "[0,2,4,6,8,10,..,16]"},
      {{0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 19}, "[0,2,4,6,8,10,..,18-19]"},
  };
  for (const Row& row : rows) EXPECT_EQ(number_set(row.numbers), row.text);
}

std::string written_once(std::initializer_list<std::string> keys) {
  KeySet set;
  for (const std::string& key : keys) {
    std::vector<std::uint64_t> numbers;
    const std::string pattern = generalise(key, numbers);
    if (&key == keys.begin()) set = KeySet(pattern);
    set.add(numbers);
  }
  return set.text();
}

TEST(KeyPattern, SetsOfKeys) {
  EXPECT_EQ(written_once({"a.0.b", "a.1.b", "a.2.b"}), "a.[0-2].b");
  EXPECT_EQ(written_once({"a.3.e.0", "a.3.e.2"}), "a.3.e.[0,2]");
  EXPECT_EQ(written_once({"a.b"}), "a.b");
  EXPECT_EQ(written_once({"5", "6"}), "[5-6]");
  EXPECT_EQ(written_once({"a.x#.0"}), "a.x#.0");
}

/// Once failed: the segment # of the name takes the number's place.
TEST(KeyPattern, ASegmentThatIsAHashSign) {
  EXPECT_EQ(written_once({"a.#.0.w", "a.#.1.w"}), "a.#.[0-1].w");
}

}  // namespace
}  // namespace ckptscope::testing
