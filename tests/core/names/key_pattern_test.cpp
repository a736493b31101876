// Keys that differ in numbers only, written once.

#include "core/names/key_pattern.hpp"

#include <gtest/gtest.h>

namespace ckptscope::testing {
namespace {

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
