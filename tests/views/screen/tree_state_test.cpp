// What is open in the tree, and what opens first.

#include "views/screen/tree_state.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace ckptscope::testing {
namespace {

const std::vector<std::string>& keys() {
  static const std::vector<std::string> all{"a.b.c", "a.b.d", "a.e", "f.g", "f.h.i", "f.h.j", "k"};
  return all;
}

std::vector<TensorInfo> tensors() {
  std::vector<TensorInfo> all;
  const std::uint64_t bytes[] = {1, 2, 4, 8, 16, 32, 3};
  for (const std::string& key : keys()) {
    all.push_back({key, {}, 0, bytes[all.size()], Dtype::U8, 0});
  }
  return all;
}

std::vector<std::uint32_t> ids() {
  std::vector<std::uint32_t> all(keys().size());
  std::iota(all.begin(), all.end(), 0u);
  return all;
}

class Opening : public ::testing::Test {
 protected:
  std::string shown(const TreeState& state) const {
    std::string text;
    for (const std::uint32_t row : state.visible()) text += folded_.rows()[row].label + " ";
    return text;
  }
  std::uint32_t row(const std::string& path) const {
    const auto rows = folded_.rows();
    for (std::uint32_t i = 0; i < rows.size(); ++i) {
      if (rows[i].path == path) return i;
    }
    ADD_FAILURE() << path;
    return 0;
  }

  const std::vector<TensorInfo> tensors_ = tensors();
  const NameTree names_{tensors_, ids()};
  const FoldedTree folded_{names_};
};

TEST_F(Opening, BreadthFirstUntilTheScreenIsFull) {
  EXPECT_EQ(shown(TreeState(folded_, 3)), "a f k ");
  EXPECT_EQ(shown(TreeState(folded_, 5)), "a b e f k ");
  EXPECT_EQ(shown(TreeState(folded_, 7)), "a b e f g h k ");
  EXPECT_EQ(shown(TreeState(folded_, 9)), "a b c d e f g h k ");
  EXPECT_EQ(shown(TreeState(folded_, 99)), "a b c d e f g h i j k ");
}

TEST_F(Opening, OneRowOrAll) {
  TreeState state(folded_, 99);
  state.set_open(folded_, row("a"), false);
  EXPECT_EQ(shown(state), "a f g h i j k ");
  state.set_open(folded_, row("a"), true);  // what was open below is open again
  EXPECT_EQ(shown(state), "a b c d e f g h i j k ");
  state.set_all(folded_, false);
  EXPECT_EQ(shown(state), "a f k ");
  state.set_open(folded_, row("k"), true);  // nothing is below
  EXPECT_FALSE(state.is_open(row("k")));
  state.set_all(folded_, true);
  EXPECT_EQ(shown(state), "a b c d e f g h i j k ");
}

TEST_F(Opening, RevealsWhatIsHidden) {
  TreeState state(folded_, 3);
  EXPECT_EQ(state.position_of(folded_, row("f.h.j")), 1u);  // where its parent stands
  state.reveal(folded_, row("f.h.j"));
  EXPECT_EQ(shown(state), "a f g h i j k ");
  EXPECT_EQ(state.position_of(folded_, row("f.h.j")), 5u);
}

TEST_F(Opening, SiblingsByBytesStayBelowTheirParent) {
  TreeState state(folded_, 99);
  state.set_order(folded_, {.by_bytes = true});
  EXPECT_EQ(shown(state), "f h j i g a e b d c k ");
  EXPECT_EQ(state.position_of(folded_, row("f.h.i")), 3u);
  state.set_order(folded_, {.by_bytes = true, .inverted = true});
  EXPECT_EQ(shown(state), "k a b c d e f g h i j ");
  state.set_open(folded_, row("f"), false);
  EXPECT_EQ(state.position_of(folded_, row("f.h.i")), 6u);  // where its parent stands
}

}  // namespace
}  // namespace ckptscope::testing
