// Results that come at a moment which keys alone do not make: update() is pure, so they are given.

#include <gtest/gtest.h>

#include "app/planning/matching_tensors.hpp"
#include "app/tui/current_list.hpp"
#include "tests/support/recorded.hpp"
#include "tests/support/temp_dir.hpp"

namespace ckptscope::testing {
namespace {

/// A search was typed while a command waited its turn, and that command has changed the screen.
TEST(Update, AMatchForAScreenThatIsGoneMovesNothing) {
  const TempDir dir;
  write_synthetic(dir / "in", recorded_case("gpt_oss-mxfp4").source);
  const auto checkpoint = std::make_shared<const Checkpoint>(Checkpoint::open(dir / "in"));
  const auto list = std::make_shared<const KeyList>(checkpoint, all_tensors(*checkpoint));
  for (const Screen screen : {Screen::Convert, Screen::Stats, Screen::Log, Screen::Mapping}) {
    State state;
    state.size = {30, 100};
    state.keys.list = list;
    state.search.pattern = "zzz";
    state.search.moves = true;
    state.screen = screen;
    latest_of(state, JobKind::Search) = 7;
    update(state, JobEvent{JobKind::Search, 7, true, Found{list, nullptr, "zzz", {}}});
    EXPECT_EQ(state.message, "") << static_cast<int>(screen);
    EXPECT_FALSE(state.search.running);
  }
}

/// What `y` hands on reads back as one operand of a session's line, whatever the key is.
TEST(Update, CopiesAKeyAsAWord) {
  const TempDir dir;
  SyntheticCheckpoint one;
  one.tensors.push_back({"a b;'", Dtype::U8, {1}});
  write_synthetic(dir.path(), one);
  const auto checkpoint = std::make_shared<const Checkpoint>(Checkpoint::open(dir.path()));
  State state;
  state.size = {30, 100};
  state.screen = Screen::Keys;
  state.session.adopt(checkpoint, nullptr);
  state.keys.list = std::make_shared<const KeyList>(checkpoint, all_tensors(*checkpoint));
  state.keys.flat = true;
  const std::vector<Effect> effects = update(state, KeyPressed{"y"});
  ASSERT_EQ(effects.size(), 1u);
  const auto* copy = std::get_if<CopyText>(&effects[0]);
  ASSERT_NE(copy, nullptr);
  const std::vector<Step> steps = parse_steps("show " + copy->text);
  ASSERT_EQ(steps.size(), 1u);
  EXPECT_EQ(steps[0].words, (std::vector<std::string>{"show", "a b;'"}));
}

/// Tables of statistics fill as they come, and with them their headings.
TEST(Update, TheRowsOfATableMayMoveUnderTheCursor) {
  State state;
  state.size = {30, 100};
  state.screen = Screen::Stats;
  latest_of(state, JobKind::Stat) = 7;
  const auto told = [&](const std::vector<std::string>& keys) {
    CommandDone done;
    done.verb = "stat";
    done.keys = keys;
    done.lines.resize(keys.size());
    update(state, JobEvent{JobKind::Stat, 7, false, done});
    return state.stats.cursor.cursor;
  };
  EXPECT_EQ(told({"", "b"}), 1u);
  EXPECT_EQ(told({"", "", "", "a", "b"}), 3u);  // nobody moved it: the first
  state.stats.cursor.cursor = 4;
  EXPECT_EQ(told({"", "", "", "a", "aa", "b", "", "b"}), 5u);  // what it was on
  EXPECT_EQ(told({"", "a", "aa"}), 1u);                        // which is gone
  EXPECT_EQ(told({}), 0u);
}

}  // namespace
}  // namespace ckptscope::testing
