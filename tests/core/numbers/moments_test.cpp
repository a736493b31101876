// Moments and distributions against slow computations that are right at sight: sorted values, sums
// in long doubles, integers where they are exact.

#include "core/numbers/moments.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <random>

#include "core/numbers/formats.hpp"

namespace ckptscope::testing {
namespace {

using Floats = std::vector<float>;
using Counts = std::vector<std::uint64_t>;
using Random = std::mt19937_64;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kMax = std::numeric_limits<float>::max();
constexpr float kTiny = std::numeric_limits<float>::denorm_min();

struct Both {
  Moments moments;
  Distribution distribution;
  void add(float value, std::uint64_t times) {
    moments.add(value, times);
    distribution.add(value, times);
  }
  void add(const Both& other) {
    moments.add(other.moments);
    distribution.add(other.distribution);
  }
};

template <typename T>
T of(const Floats& values) {
  T result;
  for (const float value : values) result.add(value, 1);
  return result;
}

/// Any bits of a float: every exponent, NaN, infinities and subnormals among them; and many zeros.
Floats any_values(std::size_t count, unsigned seed) {
  Random random(seed);
  Floats values(count);
  for (float& value : values) {
    value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    if (random() % 8 == 0) value = std::copysign(0.0F, value);
    if (random() % 16 == 0) value = std::copysign(kInf, value);
  }
  return values;
}

/// Multiples of 2^-12 below 16 in magnitude, which BF16 holds, over a few powers of two.
Floats bf16_values(std::size_t count, unsigned seed) {
  Random random(seed);
  Floats values(count);
  for (float& value : values) {
    const auto part = static_cast<float>(static_cast<int>(random() % 511) - 255);
    value = std::ldexp(part, -static_cast<int>(random() % 9) - 4);
  }
  return values;
}

Counts counts_of(const Moments& m) {
  return {m.zeros, m.negative_zeros, m.nans, m.infinities};
}

/// By sign and exponent, the positive ones first.
Counts powers_of(const Distribution& distribution) {
  Counts powers;
  for (const bool negative : {false, true}) {
    for (int i = -128; i <= 128; ++i) powers.push_back(distribution.at(i, negative));
  }
  return powers;
}

void expect_bits(double found, double expected) {
  EXPECT_EQ(std::bit_cast<std::uint64_t>(found), std::bit_cast<std::uint64_t>(expected));
}

void expect_same(const Moments& found, const Moments& expected) {
  EXPECT_EQ(found.count, expected.count);
  EXPECT_EQ(counts_of(found), counts_of(expected));
  EXPECT_EQ(found.least, expected.least);
  EXPECT_EQ(found.most, expected.most);
  expect_bits(found.sum.value(), expected.sum.value());
  expect_bits(found.squares.value(), expected.squares.value());
}

double quantile(const Distribution& distribution, double share) {
  return distribution.quantiles({&share, 1}).front();
}

void expect_same(const Distribution& found, const Distribution& expected) {
  EXPECT_EQ(powers_of(found), powers_of(expected));
  for (double i = 0; i <= 1; i += 0.01) {
    expect_bits(quantile(found, i), quantile(expected, i));
  }
  EXPECT_EQ(found.linear(-1, 1, 77), expected.linear(-1, 1, 77));
}

struct Known {
  const char* name;
  Floats values;
  Counts counts;  // zeros, of them negative, NaN, infinities
  float least;
  float most;
  float largest;
  double mean;
  double deviation;
};

class KnownMoments : public ::testing::TestWithParam<Known> {};

TEST_P(KnownMoments, OneByOneAndAsARun) {
  const Known& row = GetParam();
  Moments run;
  run.add(std::span<const float>(row.values));
  for (const Moments& m : {of<Moments>(row.values), run}) {
    EXPECT_EQ(counts_of(m), row.counts);
    EXPECT_EQ(m.finite(), row.values.size() - row.counts[2] - row.counts[3]);
    EXPECT_EQ(m.least, row.least);
    EXPECT_EQ(m.most, row.most);
    EXPECT_EQ(m.largest(), row.largest);
    EXPECT_EQ(std::isnan(m.mean()) && std::isnan(m.deviation()), m.finite() == 0);
    if (m.finite() == 0) continue;
    EXPECT_DOUBLE_EQ(m.mean(), row.mean);
    EXPECT_DOUBLE_EQ(m.deviation(), row.deviation);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Rows, KnownMoments,
    ::testing::Values(
        Known{"Nothing", {}, {0, 0, 0, 0}, kInf, -kInf, 0, kNan, kNan},
        Known{"Zeros", {0.0F, -0.0F, -0.0F}, {3, 2, 0, 0}, 0, 0, 0, 0, 0},
        Known{"Infinities", {kInf, -kInf, kInf}, {0, 0, 0, 3}, kInf, -kInf, 0, kNan, kNan},
        Known{"OfFinite", {kNan, 1, kInf, 3, -kInf}, {0, 0, 1, 2}, 1, 3, 3, 2, 1},
        Known{"NegativeIsLarger", {-4, 0, 1, 3}, {1, 0, 0, 0}, -4, 3, 4, 0, std::sqrt(6.5)},
        Known{"Largest", {kMax, -kMax}, {0, 0, 0, 0}, -kMax, kMax, kMax, 0, double{kMax}},
        Known{"Subnormal", {kTiny, -kTiny}, {0, 0, 0, 0}, -kTiny, kTiny, kTiny, 0, double{kTiny}}),
    [](const auto& test) { return test.param.name; });

/// A plain sum of doubles gives 0.
TEST(Moments, SumsDoNotRound) {
  EXPECT_DOUBLE_EQ(of<Moments>({3e38F, 1, -3e38F}).mean(), 1.0 / 3);
  EXPECT_DOUBLE_EQ(of<Moments>({kMax, kTiny, -kMax}).mean(), double{kTiny} / 3);
}

/// Squares need twice the digits of a double, their differences more.
TEST(Moments, OfDoublesDoNotRoundBeforeTheEnd) {
  struct Row {
    std::vector<double> values;
    double mean;
    double deviation;
  };
  const double pi = 3.141592653589793;
  const Row rows[]{{std::vector<double>(100, pi), pi, 0},
                   {{0.1, 0.1, 0.1}, 0.1, 0},
                   {std::vector<double>(10, 1.7e308), 1.7e308, 0},
                   {{1e16, 1e16 + 2}, 1e16, 1},
                   {{1e308, -1e308, 3e-10}, 1e-10, std::sqrt(2.0 / 3) * 1e308},
                   {{1.7e308, -1.7e308, 1e-16, 5e-324}, 2.5e-17, std::sqrt(0.5) * 1.7e308},
                   {{5e-324, -5e-324}, 0, 5e-324},
                   {{1e-200, 3e-200}, 2e-200, 1e-200},
                   {{1e-300, -1e-300, 1e300, -1e300}, 0, std::sqrt(0.5) * 1e300}};
  for (const Row& row : rows) {
    Moments moments;
    for (const double value : row.values) moments.add(value, 1);
    SCOPED_TRACE(row.values.front());
    EXPECT_DOUBLE_EQ(moments.mean(), row.mean);
    EXPECT_DOUBLE_EQ(moments.deviation(), row.deviation);
  }
}

TEST(Moments, RunsOfFloatsKeepWhatPlainSumsLose) {
  const auto of_run = [](const Floats& values) {
    Moments moments;
    moments.add(std::span<const float>(values));
    return moments;
  };
  EXPECT_DOUBLE_EQ(of_run({1e30F, 1, -1e30F}).mean(), 1.0 / 3);
  Floats alternating;
  for (int i = 0; i < 500; ++i) alternating.insert(alternating.end(), {16777216.0F, 16777218.0F});
  EXPECT_DOUBLE_EQ(of_run(alternating).deviation(), 1);
}

TEST(Moments, AreThoseOfASlowComputation) {
  const Floats values = bf16_values(9001, 1);
  std::int64_t sum = 0;  // in 2^-12 and 2^-24
  std::int64_t squares = 0;
  for (const float value : values) {
    const auto scaled = static_cast<std::int64_t>(std::ldexp(value, 12));
    sum += scaled;
    squares += scaled * scaled;
  }
  const long double n = 9001;
  const long double mean = static_cast<long double>(sum) / n;
  const long double variance = static_cast<long double>(squares) / n - mean * mean;
  const Moments m = of<Moments>(values);
  EXPECT_EQ(m.sum.value(), std::ldexp(static_cast<double>(sum), -12));
  EXPECT_EQ(m.squares.value(), std::ldexp(static_cast<double>(squares), -24));
  EXPECT_DOUBLE_EQ(m.mean(), static_cast<double>(std::ldexp(mean, -12)));
  EXPECT_DOUBLE_EQ(m.deviation(), static_cast<double>(std::ldexp(std::sqrt(variance), -12)));
}

TEST(Moments, TimesIsAddingOneByOne) {
  Random random(2);
  Both at_once;
  Both one_by_one;
  for (const float value : any_values(3000, 2)) {
    const std::uint64_t times = random() % 6;  // 0 as well
    at_once.add(value, times);
    for (std::uint64_t i = 0; i < times; ++i) one_by_one.add(value, 1);
  }
  const Moments& m = at_once.moments;
  EXPECT_GT(m.nans * m.infinities * m.negative_zeros, 0u);
  expect_same(m, one_by_one.moments);
  expect_same(at_once.distribution, one_by_one.distribution);
}

/// What the product with a number of times rounds off is not lost.
TEST(Moments, VeryManyTimes) {
  constexpr std::uint64_t kTimes = (1ull << 40) + (1ull << 20) + 1;
  for (const float value : {0.1F, -3e38F, kTiny, 16777215.0F}) {
    Moments moments;
    moments.add(value, kTimes);
    moments.add(-value, kTimes - 1);
    EXPECT_EQ(moments.sum.value(), double{value});
    EXPECT_DOUBLE_EQ(moments.deviation(), std::fabs(double{value}));
  }
}

// ---- any split, any order -----------------------------------------------------------------------

/// Parts of 1 to 900 values, put together pair by pair in any order.
Both merged(const Floats& values, unsigned seed) {
  Random random(seed);
  std::vector<Both> parts;
  for (std::size_t at = 0; at < values.size();) {
    const std::size_t end = std::min<std::size_t>(values.size(), at + 1 + random() % 900);
    Both& part = parts.emplace_back();
    for (; at < end; ++at) part.add(values[at], 1);
  }
  while (parts.size() > 1) {
    std::swap(parts[random() % parts.size()], parts.back());
    parts[random() % (parts.size() - 1)].add(parts.back());
    parts.pop_back();
  }
  return std::move(parts.front());
}

TEST(Moments, AreTheSameForEverySplitAndOrder) {
  Floats values = any_values(20000, 3);
  const Moments expected = of<Moments>(values);
  const Distribution expected_distribution = of<Distribution>(values);
  for (const unsigned seed : {1, 2, 3, 4, 5}) {
    SCOPED_TRACE(seed);
    std::shuffle(values.begin(), values.end(), Random(seed));
    const Both found = merged(values, seed);
    expect_same(found.moments, expected);
    expect_same(found.distribution, expected_distribution);
  }
}

TEST(Moments, RunsAreTheSameInEveryOrder) {
  const Floats values = any_values(50000, 4);
  std::vector<std::size_t> starts;
  for (std::size_t at = 0; at < values.size(); at += 1000) starts.push_back(at);
  std::vector<Moments> found;
  for (const unsigned seed : {1, 2, 3}) {
    std::shuffle(starts.begin(), starts.end(), Random(seed));
    Moments& all = found.emplace_back();
    for (const std::size_t at : starts) all.add(std::span(values).subspan(at, 1000));
  }
  expect_same(found[1], found[0]);
  expect_same(found[2], found[0]);
  EXPECT_NEAR(found[0].deviation() / of<Moments>(values).deviation(), 1, 1e-12);
}

// ---- distribution -------------------------------------------------------------------------------

/// The smallest value that at least so many thousandths do not exceed.
float slow_quantile(Floats values, std::uint64_t thousandths) {
  std::erase_if(values, [](float value) { return std::isnan(value); });
  std::sort(values.begin(), values.end());
  std::size_t i = 0;
  while ((i + 1) * 1000 < thousandths * values.size()) ++i;
  return values[i];
}

TEST(Distribution, QuantilesAreExactForBf16AndRoundedForOthers) {
  for (const std::size_t count : {2, 7, 999, 1000, 1001, 6000}) {
    const Floats exact = bf16_values(count, 5);
    const Floats any = any_values(count, 6);
    const Distribution of_exact = of<Distribution>(exact);
    const Distribution of_any = of<Distribution>(any);
    for (const unsigned share : {0, 1, 10, 50, 250, 500, 750, 950, 990, 999, 1000}) {
      EXPECT_EQ(quantile(of_exact, share / 1000.0), slow_quantile(exact, share)) << share;
      EXPECT_EQ(quantile(of_any, share / 1000.0),
                bf16_to_float(float_to_bf16(slow_quantile(any, share))))
          << share;
    }
  }
  EXPECT_TRUE(std::isnan(quantile(of<Distribution>({kNan}), 0.5)));
}

TEST(Distribution, CountsByPowerOfTwo) {
  Floats values = any_values(50000, 7);
  values.insert(values.end(), {kTiny, -kTiny, 0x1p-126F, 0x1p-127F, -kMax, 1, 0x1.FFFFFEp-1F});
  Counts expected(2 * 257);
  for (const float value : values) {
    if (std::isnan(value)) continue;
    const int exponent = value == 0          ? -128
                         : std::isinf(value) ? 128
                                             : std::max(-127, std::ilogb(value));
    ++expected[static_cast<std::size_t>(exponent + 128 + (std::signbit(value) ? 257 : 0))];
  }
  EXPECT_EQ(powers_of(of<Distribution>(values)), expected);
}

/// The last bin has its upper end; what lies outside is in the first or the last; NaN and
/// infinities are in none.
TEST(Distribution, LinearBins) {
  Floats values = bf16_values(9000, 8);
  Counts expected(32);
  for (const float value : values) {
    ++expected[static_cast<std::size_t>(std::clamp(std::floor((value + 8) * 2), 0.0F, 31.0F))];
  }
  values.insert(values.end(), {kNan, kInf, -kInf, -8, 8, -0.0F});
  ++expected[0], ++expected[31], ++expected[16];
  EXPECT_EQ(of<Distribution>(values).linear(-8, 8, 32), expected);
  EXPECT_EQ(of<Distribution>({3, 3}).linear(3, 3, 2), (Counts{2, 0}));
}

}  // namespace
}  // namespace ckptscope::testing
