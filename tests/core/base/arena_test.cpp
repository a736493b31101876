// The arena: what is kept stays where it is, aligned, whatever comes after it.

#include "core/base/arena.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace ckptscope::testing {
namespace {

TEST(Arena, KeepsEverythingWhereItIs) {
  Arena arena;
  std::mt19937_64 random(2);
  std::vector<std::string> texts;
  std::vector<std::string_view> kept_texts;
  std::vector<std::vector<std::uint64_t>> numbers;
  std::vector<std::span<const std::uint64_t>> kept_numbers;
  for (int i = 0; i < 3000; ++i) {
    texts.emplace_back(random() % 300, static_cast<char>('a' + i % 26));
    numbers.emplace_back(random() % 20, static_cast<std::uint64_t>(i));
    kept_texts.push_back(arena.copy(std::string_view(texts.back())));
    kept_numbers.push_back(arena.copy(numbers.back()));
    ASSERT_EQ(reinterpret_cast<std::uintptr_t>(kept_numbers.back().data()) % 8, 0u);
  }
  const Arena moved = std::move(arena);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    ASSERT_EQ(kept_texts[i], texts[i]);
    ASSERT_TRUE(std::equal(kept_numbers[i].begin(), kept_numbers[i].end(), numbers[i].begin(),
                           numbers[i].end()));
  }
}

TEST(Arena, WhatIsLargerThanABlockGetsItsOwn) {
  Arena arena;
  const std::string large(1'000'000, 'x');
  const std::string_view before = arena.copy(std::string_view("before"));
  const std::string_view kept = arena.copy(std::string_view(large));
  const std::string_view behind = arena.copy(std::string_view("behind"));
  EXPECT_EQ(before, "before");
  EXPECT_EQ(kept, large);
  EXPECT_EQ(behind, "behind");
  EXPECT_TRUE(arena.copy(std::string_view()).empty());
}

}  // namespace
}  // namespace ckptscope::testing
