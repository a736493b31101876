// Cells: what fits, what is cut, wide characters, ASCII; rules and panes.

#include "views/screen/canvas.hpp"

#include <gtest/gtest.h>

#include "views/screen/frame_view.hpp"
#include "views/screen/list_state.hpp"

namespace ckptscope::testing {
namespace {

std::string drawn(int columns, const std::function<void(Canvas&)>& draw, bool ascii = false) {
  Canvas canvas(1, columns, ascii);
  draw(canvas);
  return canvas.to_text();
}

TEST(Canvas, CutsAtItsEdgesAndAtTheWidth) {
  EXPECT_EQ(drawn(5, [](Canvas& c) { c.put(0, 3, "abc"); }), "   ab\n");
  EXPECT_EQ(drawn(9, [](Canvas& c) { c.put(0, 1, "abcdef", Role::Plain, 3); }), " abc\n");
  EXPECT_EQ(drawn(5,
                  [](Canvas& c) {
                    c.put(1, 0, "below");
                    c.put(-1, 0, "above");
                  }),
            "\n");
  EXPECT_EQ(drawn(5, [](Canvas& c) { c.put_right(0, 5, "ab"); }), "   ab\n");
  EXPECT_EQ(drawn(0, [](Canvas& c) { c.put(0, 0, "a"); }), "\n");
  EXPECT_EQ(drawn(6, [](Canvas& c) { EXPECT_EQ(c.put(0, 1, "ab"), 3); }), " ab\n");
}

TEST(Canvas, WideCharactersTakeTwoCells) {
  EXPECT_EQ(drawn(5,
                  [](Canvas& c) {
                    c.put(0, 0, "表x");
                    c.put(0, 4, "y");
                  }),
            "表x y\n");
  EXPECT_EQ(drawn(3, [](Canvas& c) { c.put(0, 0, "a表表"); }), "a表\n");  // half of one never
  EXPECT_EQ(drawn(2, [](Canvas& c) { c.put(0, 0, "a表"); }), "a\n");
  EXPECT_EQ(drawn(3, [](Canvas& c) { c.put(0, 0, "e\xcc\x81x"); }), "e\xcc\x81x\n");
}

/// NFD of a wide character: its mark must not fall into the empty second cell.
TEST(Canvas, MarksGoWithWideCharacters) {
  EXPECT_EQ(drawn(4, [](Canvas& c) { c.put(0, 0, "か\u3099x"); }), "か\u3099x\n");
}

TEST(Canvas, AsciiNeverHasMore) {
  const auto draw = [](Canvas& c) { c.put(0, 0, "─│┬┴━…é表e\u0301"); };
  EXPECT_EQ(drawn(40, draw, true), "-|++=.\\u{e9}\\u{8868}e\\u{301}\n");
  EXPECT_EQ(drawn(9, draw, true), "-|++=.\\u{\n");
}

TEST(Canvas, PaintKeepsTheText) {
  Canvas canvas(2, 3);
  canvas.put(0, 0, "abc");
  canvas.paint({0, 1, 5, 1}, Role::Selected);
  EXPECT_EQ(canvas.at(0, 0).role, Role::Plain);
  EXPECT_EQ(canvas.at(0, 1), (Glyph{"b", Role::Selected}));
  EXPECT_EQ(canvas.at(1, 1).role, Role::Selected);
}

TEST(Canvas, RulesHaveTheirHeadingsAndJunctions) {
  const std::vector<RuleText> texts{{2, "key"}};
  const std::vector<int> at{9};
  EXPECT_EQ(drawn(12, [&](Canvas& c) { draw_rule(c, c.whole(), texts, at); }), "─ key ───┬──\n");
}

TEST(Canvas, WrapsAtSpaces) {
  using Lines = std::vector<std::string>;
  EXPECT_EQ(wrapped("one two three", 8), (Lines{"one two", "three"}));
  EXPECT_EQ(wrapped("one   two three", 9), (Lines{"one   two", "three"}));
  EXPECT_EQ(wrapped("abcdefghijkl", 8), (Lines{"abcdefgh", "ijkl"}));
  EXPECT_EQ(wrapped("表表表表表", 8), (Lines{"表表表表", "表"}));
  EXPECT_EQ(wrapped("", 8), Lines{});
}

TEST(Panes, StandBesideBelowOrNotAtAll) {
  const auto panes = [](int rows, int columns) {
    return split_panes({2, 0, rows - 4, columns}, 33, 5);
  };
  EXPECT_TRUE(panes(30, 100).right);
  EXPECT_EQ(panes(30, 100).main.columns, 67);
  EXPECT_TRUE(panes(24, 80).below);
  EXPECT_EQ(panes(24, 80).main.rows, 12);
  const Panes narrow = panes(12, 40);
  EXPECT_FALSE(narrow.right || narrow.below);
  EXPECT_EQ(narrow.main.columns, 40);
}

TEST(ListState, KeepsTheCursorOnTheScreen) {
  ListState list;
  list.move(3, 10, 4);
  EXPECT_EQ(list.cursor, 3u);
  EXPECT_EQ(list.top, 0u);
  list.move(1, 10, 4);
  EXPECT_EQ(list.top, 1u);
  list.move(100, 10, 4);
  EXPECT_EQ(list.cursor, 9u);
  EXPECT_EQ(list.top, 6u);
  list.move(-8, 10, 4);
  EXPECT_EQ(list.cursor, 1u);
  EXPECT_EQ(list.top, 1u);
  list.go(5, 0, 4);  // nothing is left
  EXPECT_EQ(list.cursor, 0u);
  EXPECT_EQ(list.top, 0u);
  list.move(-1, 3, 0);  // no row fits
  EXPECT_EQ(list.cursor, 0u);
}

}  // namespace
}  // namespace ckptscope::testing
