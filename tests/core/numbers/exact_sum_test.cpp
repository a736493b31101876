// ExactSum against sums that are known, and against one that counts every bit on its own.

#include "core/numbers/exact_sum.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace ckptscope::testing {
namespace {

using Doubles = std::vector<double>;
using Random = std::mt19937_64;

constexpr double kMax = std::numeric_limits<double>::max();
constexpr double kMin = std::numeric_limits<double>::denorm_min();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

double sum_of(const Doubles& terms) {
  ExactSum sum;
  for (const double term : terms) sum.add(term);
  return sum.value();
}

/// Equal to the last bit, so that 0 is not -0.
void expect_bits(double found, double expected) {
  EXPECT_EQ(std::bit_cast<std::uint64_t>(found), std::bit_cast<std::uint64_t>(expected))
      << std::hexfloat << found << " for " << expected;
}

// ---- known sums ---------------------------------------------------------------------------------

struct Known {
  const char* name;
  Doubles terms;
  double sum;
};

class KnownSum : public ::testing::TestWithParam<Known> {};

TEST_P(KnownSum, InEveryOrderAndNegated) {
  Doubles terms = GetParam().terms;
  std::sort(terms.begin(), terms.end());
  do {
    expect_bits(sum_of(terms), GetParam().sum);
  } while (std::next_permutation(terms.begin(), terms.end()));
  if (GetParam().sum == 0) return;  // the sign of nothing stays positive
  for (double& term : terms) term = -term;
  expect_bits(sum_of(terms), -GetParam().sum);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, KnownSum,
    ::testing::Values(Known{"Nothing", {}, 0}, Known{"NegativeZero", {-0.0, -0.0}, 0},
                      Known{"One", {1}, 1}, Known{"Cancelled", {1e300, 1, -1e300}, 1},
                      Known{"CancelledToNothing", {1e300, 1e-300, -1e300, -1e-300}, 0},
                      Known{"NegativeAfterCancelling", {1e300, -1, -1e300}, -1},
                      Known{"Smallest", {kMin}, kMin},
                      Known{"SmallestTwice", {kMin, kMin}, 2 * kMin},
                      Known{"SmallestBesideLargest", {kMax, kMin, -kMax}, kMin},
                      Known{"BeyondDoublesAndBack", {kMax, kMax, kMax, -kMax, -kMax}, kMax},
                      Known{"Overflow", {kMax, kMax}, INFINITY},
                      Known{"AcrossADigit", {0x1p32, -1, 0x1p64, -0x1p64}, 0xFFFFFFFFp0},
                      Known{"BorrowsAllTheWay", {0x1p1000, -kMin, -0x1p1000}, -kMin},
                      Known{"MostNegative", {-kMax, -kMin, kMin}, -kMax},
                      Known{"TenTenths", {0.5, 0.1, -0.5, -0.1}, 0}),
    [](const auto& test) { return test.param.name; });

TEST(ExactSum, PowersOfTwoOverTheWholeRange) {
  for (int power = -1074; power <= 1023; ++power) {
    const double term = std::ldexp(1.0, power);
    expect_bits(sum_of({term}), term);
    expect_bits(sum_of({term, term}), 2 * term);
    expect_bits(sum_of({term, -kMax, term, kMax}), 2 * term);
    expect_bits(sum_of({-term, kMin, -kMin}), -term);
    if (power < 1022) expect_bits(sum_of({4 * term, -term}), 3 * term);
  }
}

TEST(ExactSum, ConsecutiveIntegersAtEveryPlace) {
  for (int power = -1074; power <= 950; power += 7) {
    ExactSum sum;
    for (int i = 1; i <= 1000; ++i) sum.add(std::ldexp(i, power));
    expect_bits(sum.value(), std::ldexp(500500.0, power));
  }
}

TEST(ExactSum, SquaresOfAllDoubles) {
  for (const double value : {kMax, kMin, 3 * kMin, 1e200, -1e-200, 0x1.FFFFFFFFFFFFFp-600, 3.0}) {
    ExactSum sum;
    sum.add_square(value, 9007199254740991.0);
    for (const double times : {-9007199254740990.0, -1.0}) sum.add_square(value, times);
    expect_bits(sum.value(), 0);
    sum.add_square(value);
    int exponent = 0;
    const double mantissa = std::frexp(value, &exponent);
    expect_bits(sum.value(-2 * exponent), mantissa * mantissa);
  }
}

// ---- terms that are not finite ------------------------------------------------------------------

TEST(ExactSum, ATermThatIsNotFiniteMakesItNan) {
  for (const double term : {kNan, -kNan, HUGE_VAL, -HUGE_VAL}) {
    EXPECT_TRUE(std::isnan(sum_of({term})));
    EXPECT_TRUE(std::isnan(sum_of({1, term, 2})));
    EXPECT_TRUE(std::isnan(sum_of({term, -term})));
    ExactSum bad;
    bad.add(term);
    ExactSum good;
    good.add(1);
    ExactSum both = good;
    both.add(bad);
    EXPECT_TRUE(std::isnan(both.value()));
    bad.add(good);
    EXPECT_TRUE(std::isnan(bad.value()));
    EXPECT_EQ(good.value(), 1);
  }
}

// ---- the slow one -------------------------------------------------------------------------------

/// One counter for every bit that a double may have.
class BitSum {
 public:
  void add(double term) {
    int exponent = 0;
    const double fraction = std::frexp(std::fabs(term), &exponent);
    const auto mantissa = static_cast<std::uint64_t>(std::ldexp(fraction, 53));
    for (int bit = 0; bit < 53; ++bit) {
      const auto place = static_cast<std::size_t>(exponent - 53 + bit + kLowest);
      if ((mantissa >> bit & 1) != 0) counters_[place] += term < 0 ? -1 : 1;
    }
  }
  /// -1, 0 or 1.
  int sign() const {
    std::int64_t carried = 0;
    bool zero = true;
    for (const std::int64_t counter : counters_) {
      carried += counter;
      zero = zero && carried % 2 == 0;
      carried >>= 1;  // rounds down
    }
    return carried < 0 ? -1 : zero && carried == 0 ? 0 : 1;
  }
  /// The sign of the sum less `number`.
  int compare(double number) const {
    BitSum difference = *this;
    difference.add(-number);
    return difference.sign();
  }

 private:
  static constexpr int kLowest = 1200;
  std::vector<std::int64_t> counters_ = std::vector<std::int64_t>(2300);
};

struct Spread {
  int lowest;  // exponents of two
  int highest;
  bool negative;  // some terms, at random
};

double random_term(Random& random, const Spread& spread) {
  const auto width = static_cast<std::uint64_t>(spread.highest - spread.lowest + 1);
  const auto mantissa = static_cast<double>(random() >> 11);
  const double term = std::ldexp(mantissa, spread.lowest + static_cast<int>(random() % width) - 53);
  return spread.negative && random() % 2 == 0 ? -term : term;
}

Doubles random_terms(Random& random, const Spread& spread, std::size_t count) {
  Doubles terms(count);
  for (double& term : terms) term = random_term(random, spread);
  return terms;
}

const std::vector<Spread> kSpreads{{0, 0, false},        {0, 3, true},         {-40, 40, true},
                                   {-1074, -1000, true}, {-1021, -990, false}, {900, 1015, true},
                                   {-1074, 1015, true},  {-30, 0, false}};

TEST(ExactSum, WithinOneUnitOfTheExactSum) {
  Random random(5);
  for (int round = 0; round < 400; ++round) {
    const Doubles terms =
        random_terms(random, kSpreads[random() % kSpreads.size()], 1 + random() % 60);
    BitSum exact;
    for (const double term : terms) exact.add(term);
    const double sum = sum_of(terms);
    ASSERT_GE(exact.compare(std::nextafter(sum, -INFINITY)), 0) << std::hexfloat << sum;
    ASSERT_LE(exact.compare(std::nextafter(sum, INFINITY)), 0) << std::hexfloat << sum;
  }
}

/// The rest, which has its sum taken away, sums up to what is left of it: nothing at all is lost.
TEST(ExactSum, LosesNothing) {
  Random random(6);
  for (int round = 0; round < 400; ++round) {
    const Doubles terms = random_terms(random, kSpreads[random() % kSpreads.size()], 50);
    ExactSum sum;
    BitSum exact;
    for (const double term : terms) {
      sum.add(term);
      exact.add(term);
    }
    int steps = 0;
    for (double rest = sum.value(); rest != 0; rest = sum.value()) {
      sum.add(-rest);
      exact.add(-rest);
      ASSERT_LT(++steps, 60);  // of at least 50 bits each
    }
    ASSERT_EQ(exact.sign(), 0);
  }
}

// ---- order --------------------------------------------------------------------------------------

/// Terms dealt to several sums, which are then added to the first one or the other way round.
double dealt(Random& random, const Doubles& terms, std::size_t parts) {
  std::vector<ExactSum> sums(parts);
  for (const double term : terms) sums[random() % parts].add(term);
  std::shuffle(sums.begin(), sums.end(), random);
  ExactSum all;
  for (const ExactSum& sum : sums) all.add(sum);
  return all.value();
}

TEST(ExactSum, IsTheSameInEveryOrderAndInParts) {
  Random random(7);
  for (const Spread& spread : kSpreads) {
    Doubles terms = random_terms(random, spread, 3000);
    const double sum = sum_of(terms);
    for (std::size_t round = 1; round <= 8; ++round) {
      std::shuffle(terms.begin(), terms.end(), random);
      expect_bits(sum_of(terms), sum);
      expect_bits(dealt(random, terms, round), sum);
    }
  }
}

// ---- many terms ---------------------------------------------------------------------------------

/// All mantissa bits are set, so that every digit gets the most that a term can give it.
TEST(ExactSum, MillionsOfFullMantissas) {
  constexpr int kTerms = 1 << 21;
  for (const int power : {-1074, -53, -31, 900}) {
    ExactSum sum;
    const double term = std::ldexp(0x1FFFFFFFFFFFFFp0, power);
    for (int i = 0; i < kTerms; ++i) sum.add(term);
    sum.add(std::ldexp(-0x1p53 * kTerms, power));
    expect_bits(sum.value(), std::ldexp(-kTerms, power));
  }
}

TEST(ExactSum, MillionsOfTermsThatCancel) {
  ExactSum sum;
  for (int i = 0; i < 1000000; ++i) {
    sum.add(1e300);
    sum.add(-0.1);
    sum.add(-1e300);
  }
  sum.add(0.1 * 0x1p20);
  Doubles rest(0x100000 - 1000000, 0.1);
  expect_bits(sum.value(), sum_of(rest));
}

/// Sums added to themselves carry as well: from the smallest double to the largest power of two.
TEST(ExactSum, DoublesItself) {
  ExactSum sum;
  sum.add(-kMin);
  for (int power = -1073; power <= 1023; ++power) {
    sum.add(sum);
    ASSERT_EQ(sum.value(), std::ldexp(-1.0, power));
  }
}

}  // namespace
}  // namespace ckptscope::testing
