// What a word is near to.

#include "core/names/nearest_word.hpp"

#include <gtest/gtest.h>

#include <array>

namespace ckptscope::testing {
namespace {

TEST(NearestWord, IsAtMostTwoLettersAway) {
  const std::array<std::string_view, 3> words{"stack", "cat", "scaled"};
  EXPECT_EQ(nearest_word("statck", words), "stack");
  EXPECT_EQ(nearest_word("scale", words), "scaled");
  EXPECT_EQ(nearest_word("ca", words), "cat");
  EXPECT_EQ(nearest_word("x", words), "");
  EXPECT_EQ(nearest_word("something", words), "");
}

}  // namespace
}  // namespace ckptscope::testing
