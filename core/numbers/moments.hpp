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

/// Counts, extremes and sums. Means are over the finite values.
struct Moments {
  std::uint64_t count = 0;
  std::uint64_t zeros = 0;           // of either sign
  std::uint64_t negative_zeros = 0;  // of those
  std::uint64_t nans = 0;
  std::uint64_t infinities = 0;
  float least = std::numeric_limits<float>::infinity();  // of the finite values
  float most = -std::numeric_limits<float>::infinity();
  ExactSum sum;
  ExactSum squares;

  void add(float value, std::uint64_t times);
  /// A run of at most a few thousand values, whose sums are taken in plain doubles, in order.
  void add(std::span<const float> values);
  void add(const Moments& other);

  std::uint64_t finite() const { return count - nans - infinities; }
  float largest() const;     // magnitude, of the finite values; 0 without any
  double mean() const;       // NaN without finite values, as the next one
  double deviation() const;  // of the whole set: divided by n, not by n - 1
};

/// How values are distributed: counts by the value rounded to BF16 (exact for BF16 and MXFP4,
/// within half a unit in the eighth binary place for others), and by sign and power of two (exact).
class Distribution {
 public:
  static constexpr std::size_t kCodes = 65536;

  Distribution() : codes_(kCodes) {}
  void add(float value, std::uint64_t times);
  void add(const Distribution& other);

  /// For each share, in rising order, the smallest value that at least so many of the numbers do
  /// not exceed; NaN does not count.
  std::vector<float> quantiles(std::span<const double> shares) const;
  /// Values with |x| in [2^exponent, 2^(exponent + 1)), subnormal floats at -127; exponent 128 is
  /// infinity, NaN not counted. Zeros at kZero.
  static constexpr int kZero = -128;
  std::uint64_t at(int exponent, bool negative) const;
  /// Counts of one power of two, without zeros.
  struct Power {
    int exponent = 0;
    std::uint64_t negative = 0;
    std::uint64_t positive = 0;
    std::string label() const;  // "2^-7", "inf"
  };
  /// From the largest that occurs to the smallest, without a gap.
  std::vector<Power> powers() const;
  /// `bins` equal parts of [from, to].
  std::vector<std::uint64_t> linear(float from, float to, std::size_t bins) const;

 private:
  std::vector<std::uint64_t> codes_;                        // by BF16 bits
  std::array<std::array<std::uint64_t, 257>, 2> powers_{};  // by sign and exponent, from kZero on
};

}  // namespace ckptscope
