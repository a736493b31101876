// Defaults of flags: one text each, which every reader of it understands alike.

#include <gtest/gtest.h>

#include "app/language/parse_args.hpp"
#include "app/tui/key_script.hpp"
#include "core/base/bytes.hpp"
#include "core/convert/convert.hpp"

namespace ckptscope::testing {
namespace {

template <typename Check>
void for_each_flag(const Check& check) {
  for (const Flag& flag : global_flags()) check(flag);
  for (const Command* command : commands()) {
    for (const Flag& flag : command->flags) check(flag);
  }
}

/// Args finds a flag by its name alone.
TEST(Flags, OfOneNameMeanTheSame) {
  for_each_flag([](const Flag& flag) {
    const Flag* found = find_flag(flag.name);
    ASSERT_NE(found, nullptr) << flag.name;
    EXPECT_EQ(found->value, flag.value) << flag.name;
    EXPECT_EQ(found->letter, flag.letter) << flag.name;
    EXPECT_EQ(found->choices, flag.choices) << flag.name;
    EXPECT_EQ(found->fallback, flag.fallback) << flag.name;
  });
}

TEST(Flags, TakeTheirOwnDefaults) {
  for_each_flag([](const Flag& flag) {
    if (flag.fallback.empty()) return;
    EXPECT_FALSE(flag.value.empty()) << flag.name << " is a switch";
    EXPECT_TRUE(flag.otherwise.empty()) << flag.name << " has two defaults";
    EXPECT_NO_THROW(check_flag_value(flag, std::string(flag.fallback))) << flag.name;
    EXPECT_EQ(Args{}.text(flag.name), flag.fallback);
  });
}

/// The core has defaults of its own for callers without a command line.
TEST(Flags, DefaultsAreThoseOfTheCore) {
  const Args none;
  EXPECT_EQ(none.resources().memory, Resources{}.memory);
  EXPECT_EQ(none.bytes("max-shard-size"), kMaxShardBytes);
  EXPECT_FALSE(ConvertOptions{}.max_shard_bytes);
  EXPECT_EQ(none.text("verify"), "readback");
  EXPECT_EQ(ConvertOptions{}.verify, VerifyLevel::ReadBack);
  EXPECT_EQ(none.text("if-exists"), "fail");
  EXPECT_EQ(ConvertOptions{}.if_exists, ExistsPolicy::Fail);
  const Size screen = parse_size(none.text("screen"));
  EXPECT_EQ(screen.columns, 100);
  EXPECT_EQ(screen.rows, 30);
}

TEST(Flags, AGivenValueBeatsTheDefault) {
  const Args given{{}, {{"memory", {"16MiB", "64MiB"}}, {"threads", {"3"}}}};
  EXPECT_EQ(given.resources().memory, 64u << 20);
  EXPECT_EQ(given.resources().threads, 3u);
  EXPECT_EQ(given.number("limit"), std::nullopt);
  EXPECT_FALSE(given.has("max-shard-size"));
}

TEST(Flags, NumbersAndSizesAreWholeTexts) {
  for (const char* text : {"", "3x", "-1", "99999999999999999999"}) {
    EXPECT_THROW((void)(Args{{}, {{"limit", {text}}}}.number("limit")), Error) << text;
  }
  for (const char* text : {"", "0", "many", "5 parsec"}) {
    EXPECT_THROW((void)(Args{{}, {{"memory", {text}}}}.bytes("memory")), Error) << text;
  }
}

}  // namespace
}  // namespace ckptscope::testing
