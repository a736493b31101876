// What stands out, and what does not.

#include "core/figures/oddity.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace ckptscope::testing {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinite = std::numeric_limits<double>::infinity();

TEST(Oddity, Median) {
  EXPECT_EQ(median({3, 1, 2}), 2);
  EXPECT_EQ(median({4, 1, 2, 3}), 2.5);
  EXPECT_EQ(median({kNan, 1, kNan, 5}), 3);
  EXPECT_TRUE(std::isnan(median({kNan})));
  EXPECT_EQ(quantile({0, 1, 2, 3, 4}, 0.25), 1);
  EXPECT_EQ(quantile({0, 1, 2, 3, 4}, 1), 4);
}

struct Row {
  std::string what;
  std::vector<double> figures;
  Scale scale;
  std::vector<std::size_t> odd;
};

TEST(Oddity, Places) {
  const Row rows[] = {
      {"one is three times the others", {1, 1.1, 0.9, 3, 1.05, 0.95}, Scale::Factors, {3}},
      {"a third is as far as three times", {1, 1.1, 0.9, 0.33, 1.05, 0.95}, Scale::Factors, {3}},
      {"equal ones are usual", {2, 2, 2, 2, 2, 2}, Scale::Factors, {}},
      {"nearly equal ones are too", {2, 2, 2, 2, 2, 2.05}, Scale::Factors, {}},
      {"but not a double", {2, 2, 2, 2, 2, 4}, Scale::Factors, {5}},
      {"dead ones are odd and move nothing", {1, 0, 1.1, 0.9, 1, 1.05, 3}, Scale::Factors, {1, 6}},
      {"four tell nothing", {1, 1, 1, 9}, Scale::Factors, {}},
      {"half of them far away tell nothing", {1, 5, 1, 5, 1, 5}, Scale::Factors, {}},
      {"means about 0", {0.1, -0.1, 0.2, -0.2, 3, 0}, Scale::Differences, {4}},
      {"the farthest first", {1, 20, 1.1, 0.9, 400, 1.05, 0.95, 1}, Scale::Factors, {4, 1}},
      {"NaN is nothing", {1, kNan, 1.1, 0.9, 1, 1.05, kNan}, Scale::Factors, {}},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(odd_places(odd_scores(row.figures, row.scale)), row.odd) << row.what;
  }
}

TEST(Oddity, ScoresHaveADirection) {
  const auto scores =
      odd_scores(std::vector<double>{1, 1.1, 0.9, 4, 0.2, 1, 0, kNan}, Scale::Factors);
  EXPECT_GT(scores[3], kOddScore);
  EXPECT_LT(scores[4], -kOddScore);
  EXPECT_EQ(scores[6], -kInfinite);
  EXPECT_TRUE(std::isnan(scores[7]));
}

}  // namespace
}  // namespace ckptscope::testing
