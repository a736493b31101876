// Who does what, and what ranks tell each other.

#include "core/ranks/ranks.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "core/ranks/message.hpp"
#include "core/ranks/shared_results.hpp"
#include "tests/support/thread_ranks.hpp"

namespace ckptscope::testing {
namespace {

using Costs = std::vector<std::uint64_t>;
using RankOf = std::vector<std::size_t>;

TEST(Ranks, TheLongestGoFirstToWhoHasLeast) {
  EXPECT_EQ(deal(Costs{1, 5, 2, 4}, 2), (RankOf{0, 0, 1, 1}));
  EXPECT_EQ(deal(Costs{3, 3, 3}, 2), (RankOf{0, 1, 0}));
  EXPECT_EQ(deal(Costs{7, 7}, 5), (RankOf{0, 1}));
  EXPECT_EQ(deal(Costs{}, 3), RankOf{});
  EXPECT_EQ(deal(Costs{0, 0, 0}, 1), (RankOf{0, 0, 0}));
}

TEST(Ranks, RunsOfNeighboursOfAboutEqualCost) {
  EXPECT_EQ(deal_in_order(Costs{1, 1, 1, 1}, 2), (RankOf{0, 0, 1, 1}));
  EXPECT_EQ(deal_in_order(Costs{6, 1, 1, 1, 1, 2}, 2), (RankOf{0, 1, 1, 1, 1, 1}));
  EXPECT_EQ(deal_in_order(Costs{0, 0}, 3), (RankOf{0, 0}));
  EXPECT_EQ(deal_in_order(Costs{9}, 4), (RankOf{2}));
  EXPECT_EQ(deal_in_order(Costs{}, 4), RankOf{});
}

struct Finding {
  std::uint64_t number = 0;
  std::string text;
  std::optional<double> figure;
  std::vector<std::vector<std::uint8_t>> bytes;
  bool operator==(const Finding&) const = default;
};

void carry(auto& message, Finding& one) {
  message(one.number, one.text, one.figure, one.bytes);
}

TEST(Ranks, AMessageIsReadAsItWasWritten) {
  Finding first{7, "a \0 b", 0.1, {{1, 2}, {}}};
  Finding second{~0ull, "", std::nullopt, {}};
  MessageWriter writer;
  writer(first, second);
  const std::string bytes = writer.take();
  MessageReader reader(bytes);
  Finding one;
  Finding two = first;
  reader(one, two);
  EXPECT_EQ(one, first);
  EXPECT_EQ(two, second);
  EXPECT_TRUE(reader.is_at_end());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    MessageReader early(std::string_view(bytes).substr(0, size));
    EXPECT_THROW(early(one, two), Error) << size;
  }
}

TEST(Ranks, ResultsOfAllAreEverywhere) {
  Costs bytes(23);
  std::iota(bytes.begin(), bytes.end(), 1u);
  for (const std::size_t count : {1u, 2u, 3u, 40u}) {
    std::atomic<int> made = 0;
    const auto found = on_ranks(count, [&](Ranks& ranks) {
      Progress progress;
      std::string text;
      for (const std::uint64_t one : shared_results<std::uint64_t>(
               "test", bytes, {2, ranks}, progress, [&](std::size_t i, unsigned) {
                 ++made;
                 progress.advance(bytes[i]);
                 return bytes[i] * bytes[i];
               })) {
        text += std::to_string(one) + " ";
      }
      EXPECT_EQ(progress.done(), progress.total());
      return text;
    });
    EXPECT_EQ(made, 23);
    for (const std::string& text : found) EXPECT_EQ(text, found[0]);
    EXPECT_TRUE(found[0].starts_with("1 4 9 ")) << found[0];
  }
}

TEST(Ranks, WhoSeesSomethingElseStopsAll) {
  const auto agree_on = [](std::size_t stranger) {
    on_ranks(3, [&](Ranks& ranks) {
      agree(ranks, "plan", [&] { return ranks.number() == stranger ? "b" : "a"; }, {});
      return "";
    });
  };
  EXPECT_NO_THROW(agree_on(9));
  try {
    agree_on(2);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::Mismatch);
    EXPECT_STREQ(error.what(), "rank 2 sees another plan: b, rank 0 sees a");
  }
}

}  // namespace
}  // namespace ckptscope::testing
