// Which experts a slice has, and what becomes of them in both directions.

#include <gtest/gtest.h>

#include "core/plan/plan.hpp"
#include "tests/support/plan_rows.hpp"

namespace ckptscope::testing {
namespace {

TEST(ExpertSlice, SharesAreEvenAndCoverAll) {
  for (const std::uint64_t count : {0, 1, 7, 8, 128, 131}) {
    for (const std::uint64_t ranks : {1, 2, 3, 8, 200}) {
      std::uint64_t next = 0;
      std::uint64_t least = count;
      std::uint64_t most = 0;
      for (std::uint64_t rank = 0; rank < ranks; ++rank) {
        const auto [first, last] = ExpertSlice{ranks, rank, 0}.of(count);
        EXPECT_EQ(first, next);
        next = last;
        least = std::min(least, last - first);
        most = std::max(most, last - first);
      }
      EXPECT_EQ(next, count) << ranks;
      EXPECT_LE(most - least, 1u);
    }
  }
  EXPECT_EQ((ExpertSlice{3, 0, 0}.of(8)), (std::pair<std::uint64_t, std::uint64_t>{0, 3}));
  EXPECT_EQ((ExpertSlice{3, 2, 0}.of(8)), (std::pair<std::uint64_t, std::uint64_t>{6, 8}));
  EXPECT_EQ((ExpertSlice{0, 3, 5}.of(8)), (std::pair<std::uint64_t, std::uint64_t>{3, 6}));
  EXPECT_EQ((ExpertSlice{3, 2, 0}.text()), "2/3");
  EXPECT_EQ((ExpertSlice{0, 3, 5}.text()), "3..5");
}

const auto kLastOfTwo = [](PlanOptions& options) { options.experts = ExpertSlice{2, 1, 0}; };
const auto kNone = [](PlanOptions& options) { options.experts = ExpertSlice{0, 7, 9}; };

TEST(ExpertSlice, Plans) {
  const Mapping stacked = mapping("stack(E, 3, t(a.{E}.w)) = a.down");
  const Mapping fused = mapping("t(a.w) = a.down rows 3");
  const Mapping uncounted = mapping("t(a.w) = a.down rows .none");
  const std::string three = "a.0.w BF16[2, 3]; a.1.w BF16[2, 3]; a.2.w BF16[2, 3]; b BF16[3]";
  expect_plans({
      {"of a stack", stacked, to_native(kLastOfTwo), three,
       "a.down BF16 [1, 3, 2] <- stack(t(a.2.w))\nb BF16 [3] <- b\ndrop a.0.w: rank\n"
       "drop a.1.w: rank\n"},
      {"another rank's expert is not looked at", stacked, to_native(kLastOfTwo), "a.2.w BF16[2, 3]",
       "a.down BF16 [1, 3, 2] <- stack(t(a.2.w))\n"},
      {"an expert of its own is", stacked, to_native(kLastOfTwo), "a.0.w BF16[2, 3]",
       "error    a.down: w of expert 2 of 0..2 is missing [missing-expert]\n"},
      {"of one tensor of all", fused, to_native(kLastOfTwo), "a.w BF16[3, 2, 4]",
       "a.down BF16 [1, 4, 2] <- slice(t(a.w), 0, 2..3)\n"},
      {"of nobody knows how many", uncounted, to_native(kLastOfTwo), "a.w BF16[3, 2, 4]",
       "error    a.down: how many experts it has must be stated by config.json or --set "
       "num_experts "
       "[expert-count]\n"},
      {"of none", fused, to_native(kNone), "a.w BF16[3, 2, 4]",
       "error    a.down: experts 7..9 are none of its 3 [expert-count]\n"},
      {"back, under their own numbers", stacked, to_hf(kLastOfTwo), "a.down BF16[1, 3, 2]",
       "a.2.w BF16 [2, 3] <- t(select(a.down, 0))\n"},
      {"back, more than they are", stacked, to_hf(kLastOfTwo), "a.down BF16[3, 3, 2]",
       "error    a.down: 3 experts in [3, 3, 2], 1 expected; --set num_experts=N overrides the "
       "config "
       "[expert-count]\n"},
      {"back into one tensor", fused, to_hf(kLastOfTwo), "a.down BF16[1, 4, 2]",
       "error    a.down: experts 1/2 cannot be written as one tensor of all: join the slices first "
       "[expert-count]\n"},
  });
}

}  // namespace
}  // namespace ckptscope::testing
