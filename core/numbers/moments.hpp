// Exact figures of sets of numbers: the same to the last bit however a set is cut up, ordered and
// put together, so that neither threads nor memory show in a statistic.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "core/numbers/exact_sum.hpp"

namespace ckptscope {

/// Counts, extremes and sums of floats or doubles. Means are over the finite values.
struct Moments {
  std::uint64_t count = 0;
  std::uint64_t zeros = 0;           // of either sign
  std::uint64_t negative_zeros = 0;  // of those
  std::uint64_t nans = 0;
  std::uint64_t infinities = 0;
  double least = std::numeric_limits<double>::infinity();  // of the finite values
  double most = -std::numeric_limits<double>::infinity();
  ExactSum sum;
  ExactSum squares;

  void add(double value, std::uint64_t times);
  /// A run of at most a few thousand values, whose sums are taken in order, in twice the digits of
  /// a double.
  void add(std::span<const float> values);
  void add(const Moments& other);

  std::uint64_t finite() const { return count - nans - infinities; }
  double largest() const;    // magnitude, of the finite values; 0 without any
  double mean() const;       // NaN without finite values, as the next one
  double deviation() const;  // of the whole set: divided by n, not by n - 1
};

/// How values are distributed: counts by the value rounded to eight binary places (exact for BF16
/// and MXFP4), and by sign and power of two (exact).
class Distribution {
 public:
  /// Exponents of floats, or those of doubles, which take eight times the memory (4 MiB). None
  /// takes no memory and counts nothing: it is as if nothing had been added.
  enum class Range { Float, Double, None };
  Distribution() : Distribution(Range::Float) {}
  explicit Distribution(Range range);

  void add(float value, std::uint64_t times);
  /// Only where the range is that of doubles.
  void add(double value, std::uint64_t times);
  /// Both have one range.
  void add(const Distribution& other);

  /// For each share, in rising order, the smallest value that at least so many of the numbers do
  /// not exceed; NaN does not count.
  std::vector<double> quantiles(std::span<const double> shares) const;
  /// Exponents of a range: subnormal numbers count at -bias, infinities at bias + 1.
  int bias() const { return range_ == Range::Float ? 127 : 1023; }
  /// Values with |x| in [2^exponent, 2^(exponent + 1)), NaN not counted; zeros at -bias() - 1.
  std::uint64_t at(int exponent, bool negative) const;
  /// Counts of one power of two, without zeros.
  struct Power {
    int exponent = 0;
    bool infinite = false;
    std::uint64_t negative = 0;
    std::uint64_t positive = 0;
    std::string label() const;  // "2^-7", "inf"
  };
  /// From the largest that occurs to the smallest, without a gap.
  std::vector<Power> powers() const;
  /// `bins` equal parts of [from, to].
  std::vector<std::uint64_t> linear(double from, double to, std::size_t bins) const;

  /// See core/ranks/message.hpp.
  friend void carry(auto& message, Distribution& one) {
    message(one.range_, one.codes_, one.powers_[0], one.powers_[1]);
  }

 private:
  std::uint32_t infinity() const;  // its code
  double value_of(std::uint32_t code) const;
  template <int Mantissa, std::uint32_t Infinity>
  void count(std::uint64_t bits, std::uint64_t times);
  void for_each_code_in_order(const auto& visit) const;

  Range range_;
  /// By code: sign, exponent and seven bits of mantissa; of floats that is BF16.
  std::vector<std::uint64_t> codes_;
  std::array<std::vector<std::uint64_t>, 2> powers_;  // by sign and exponent, from zeros on
};

}  // namespace ckptscope
