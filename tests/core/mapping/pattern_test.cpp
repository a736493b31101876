// Patterns of rules: what they match, capture and expand to.

#include "core/mapping/pattern.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace ckptscope::testing {
namespace {

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

}  // namespace
}  // namespace ckptscope::testing
