// Work shared out among threads.

#include "core/base/parallel.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <vector>

namespace ckptscope::testing {
namespace {

TEST(ParallelFor, EveryNumberOnce) {
  for (const unsigned workers : {0u, 1u, 2u, 7u}) {
    for (const std::size_t count : {0u, 1u, 5u, 1000u}) {
      std::vector<std::atomic<int>> seen(count);
      parallel_for(count, workers, [&](std::size_t i, unsigned worker) {
        EXPECT_LT(worker, std::max(1u, workers));
        ++seen[i];
      });
      for (const auto& one : seen) EXPECT_EQ(one, 1);
    }
  }
}

TEST(ParallelFor, BothAreDoneAndTheFirstFailureIsRethrown) {
  int first = 0;
  int second = 0;
  both([&] { first = 1; }, [&] { second = 2; });
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 2);
  EXPECT_THROW(both([] { throw std::runtime_error("first"); }, [] {}), std::runtime_error);
  EXPECT_THROW(both([] {}, [] { throw std::runtime_error("second"); }), std::runtime_error);
}

TEST(ParallelFor, TheLowestFailureIsRethrownAndTheRestNotStarted) {
  for (const unsigned workers : {1u, 4u}) {
    std::atomic<std::size_t> last{0};
    try {
      parallel_for(1'000'000, workers, [&](std::size_t i, unsigned) {
        last = i;
        if (i >= 10) throw std::runtime_error(std::to_string(i));
      });
      ADD_FAILURE();
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "10");
    }
    EXPECT_LT(last, 1000u);
  }
  EXPECT_GE(usable_processors(), 1u);
}

TEST(FindAhead, UsesInOrderWhatSeveralHaveFound) {
  for (const std::size_t count : {0u, 1u, 1025u, 100'000u}) {
    std::vector<std::size_t> used;
    find_ahead(
        count, [](std::size_t i) { return 2 * i; },
        [&](std::size_t i, std::size_t found) {
          EXPECT_EQ(found, 2 * i);
          used.push_back(i);
        });
    ASSERT_EQ(used.size(), count);
    EXPECT_TRUE(std::is_sorted(used.begin(), used.end()));
  }
  std::size_t used = 0;
  const auto fail_at_40000 = [](std::size_t i) {
    if (i == 40'000) throw std::runtime_error("40000");
    return i;
  };
  EXPECT_THROW(find_ahead(100'000, fail_at_40000, [&](std::size_t, std::size_t) { ++used; }),
               std::runtime_error);
  EXPECT_LE(used, 40'000u);
}

}  // namespace
}  // namespace ckptscope::testing
