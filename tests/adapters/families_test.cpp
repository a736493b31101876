// The texts of the families, and texts that are nearly theirs.

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "adapters/adapter.hpp"
#include "tests/fuzz/mapping_fuzz.hpp"

namespace ckptscope::testing {
namespace {

/// Every line of every family, whatever a config says.
TEST(Families, AreTextsWithoutFaults) {
  std::set<std::string> names;
  for (const Adapter& one : adapters()) {
    EXPECT_NO_THROW(read_adapter(one.text)) << one.text.name;
    EXPECT_EQ(one.head.id + ".map", one.text.name);
    EXPECT_TRUE(names.insert(one.head.id).second) << one.head.id;
    EXPECT_FALSE(one.head.summary.empty()) << one.head.id;
    EXPECT_FALSE(one.head.config.empty()) << one.head.id;
  }
  EXPECT_GE(names.size(), 45u);
}

TEST(Families, HaveOneSpellingOfEveryRule) {
  for (const Adapter& one : adapters()) {
    EXPECT_EQ(one.text.text.find('\t'), std::string::npos) << one.text.name;
    EXPECT_TRUE(one.text.text.starts_with("# "))
        << one.text.name << ": the first line says what it is";
  }
}

std::string mutated(std::string text, std::mt19937_64& random) {
  const auto pick = [&](std::size_t below) { return static_cast<std::size_t>(random() % below); };
  static const std::string kPieces[] = {
      "{",   "}",    "(",       ")",    ",",   "=",   " ",           "\n", "'",
      "\"",  "$",    "\\",      "|",    ":",   "->",  "#",           "\0", "\xff",
      "end", "when", "define ", "use ", "let", "{K+", "stack(E, 2, "};
  for (std::size_t i = 0; i <= pick(6); ++i) {
    const std::size_t at = pick(text.size() + 1);
    switch (pick(4)) {
      case 0:
        text.insert(at, kPieces[pick(std::size(kPieces))]);
        break;
      case 1:
        text.erase(at, pick(12));
        break;
      case 2:
        text.insert(at, text.substr(pick(text.size() + 1), pick(200)));
        break;
      default:
        if (at < text.size()) text[at] = static_cast<char>(random());
    }
  }
  return text;
}

/// A quick run of the fuzz target over what the families look like.
TEST(Families, NearlyTheirTextsAreReadOrRefused) {
  std::mt19937_64 random(1);
  std::size_t read = 0;
  std::size_t tried = 0;
  for (const Adapter& one : adapters()) {
    for (int i = 0; i < 40; ++i, ++tried)
      read += read_as_mapping(mutated(one.text.text, random)) ? 1 : 0;
  }
  EXPECT_GT(read, tried / 20);
  EXPECT_LT(read, tried);
}

}  // namespace
}  // namespace ckptscope::testing
