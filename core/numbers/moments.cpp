// Sums are exact, so means do not depend on the order of the values.
#include "core/numbers/moments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "core/numbers/formats.hpp"

namespace ckptscope {
namespace {

constexpr double kNoValue = std::numeric_limits<double>::quiet_NaN();

/// A sum of doubles in two of them: a run's rounding errors are kept.
struct RunningSum {
  double high = 0;
  double low = 0;

  /// Source: O. Moller, D. Knuth, "TwoSum".
  void add(double term) {
    const double sum = high + term;
    const double of_term = sum - high;
    low += (high - (sum - of_term)) + (term - of_term);
    high = sum;
  }
  void add_to(ExactSum& sum) const {
    sum.add(high);
    sum.add(low);
  }
};

constexpr int kMantissa = 7;  // bits of a code's mantissa, those of BF16

/// `bits` of a number whose mantissa has `mantissa` bits, rounded to a code, nearest even; what is
/// finite stays finite. Not for NaN.
std::uint32_t nearest_code(std::uint64_t bits, int mantissa, std::uint32_t infinity) {
  const int dropped = mantissa - kMantissa;
  const std::uint64_t half = (std::uint64_t{1} << (dropped - 1)) - 1;
  const auto code = static_cast<std::uint32_t>((bits + half + (bits >> dropped & 1)) >> dropped);
  const bool rounded_up = (bits >> dropped) != code;
  return rounded_up && (code & infinity) == infinity ? code - 1 : code;
}

}  // namespace

void Moments::add(double value, std::uint64_t times) {
  if (times == 0) return;
  count += times;
  if (std::isnan(value)) {
    nans += times;
    return;
  }
  if (std::isinf(value)) {
    infinities += times;
    return;
  }
  const double plain = value + 0.0;  // -0 is 0: which came first must not show
  least = std::min(least, plain);
  most = std::max(most, plain);
  if (value == 0) {
    zeros += times;
    negative_zeros += std::signbit(value) ? times : 0;
    return;
  }
  int exponent = 0;
  const double mantissa = std::frexp(value, &exponent);
  sum.add_product(mantissa, static_cast<double>(times), exponent);
  squares.add_square(value, static_cast<double>(times));
}

void Moments::add(std::span<const float> values) {
  RunningSum run_sum;
  RunningSum run_squares;
  for (const float value : values) {
    if (value == 0 || !std::isfinite(value)) {
      add(value, 1);
      continue;
    }
    ++count;
    const auto exact = static_cast<double>(value);
    least = std::min(least, exact);
    most = std::max(most, exact);
    run_sum.add(exact);
    run_squares.add(exact * exact);
  }
  run_sum.add_to(sum);
  run_squares.add_to(squares);
}

void Moments::add(const Moments& other) {
  count += other.count;
  zeros += other.zeros;
  negative_zeros += other.negative_zeros;
  nans += other.nans;
  infinities += other.infinities;
  least = std::min(least, other.least);
  most = std::max(most, other.most);
  sum.add(other.sum);
  squares.add(other.squares);
}

double Moments::largest() const {
  return finite() == 0 ? 0 : std::max(std::fabs(least), std::fabs(most));
}

double Moments::mean() const {
  if (finite() == 0) return kNoValue;
  const auto n = static_cast<double>(finite());
  double mean = sum.value() / n;
  if (std::isinf(mean)) mean = std::ldexp(sum.value(-128) / n, 128);
  return std::clamp(mean, least, most);  // a sum that is rounded may lie outside
}

double Moments::deviation() const {
  return finite() == 0 ? kNoValue : ExactSum::deviation(finite(), sum, squares);
}

Distribution::Distribution(Range range) : range_(range) {
  if (range == Range::None) return;
  codes_.resize(std::size_t{2} * (infinity() + (1u << kMantissa)));
  for (auto& powers : powers_) powers.resize(static_cast<std::size_t>(2 * bias() + 3));
}

std::uint32_t Distribution::infinity() const {
  return static_cast<std::uint32_t>(2 * bias() + 1) << kMantissa;
}

double Distribution::value_of(std::uint32_t code) const {
  if (range_ == Range::Double)
    return std::bit_cast<double>(std::uint64_t{code} << (52 - kMantissa));
  return static_cast<double>(bf16_to_float(static_cast<std::uint16_t>(code)));
}

/// `bits` of a number whose mantissa has `Mantissa` bits and whose infinity has this code.
template <int Mantissa, std::uint32_t Infinity>
void Distribution::count(std::uint64_t bits, std::uint64_t times) {
  constexpr std::uint64_t kSign = std::uint64_t{Infinity + (1u << kMantissa)}
                                  << (Mantissa - kMantissa);
  const std::uint64_t magnitude = bits & (kSign - 1);
  if (magnitude > std::uint64_t{Infinity} << (Mantissa - kMantissa)) return;  // NaN
  const std::size_t power = magnitude == 0 ? 0 : (magnitude >> Mantissa) + 1;
  codes_[nearest_code(bits, Mantissa, Infinity)] += times;
  powers_[magnitude == bits ? 0 : 1][power] += times;
}

void Distribution::add(float value, std::uint64_t times) {
  if (range_ == Range::None) return;
  if (range_ == Range::Double) return add(static_cast<double>(value), times);
  count<23, 0xFFu << kMantissa>(std::bit_cast<std::uint32_t>(value), times);
}

void Distribution::add(double value, std::uint64_t times) {
  if (range_ == Range::None) return;
  count<52, 0x7FFu << kMantissa>(std::bit_cast<std::uint64_t>(value), times);
}

void Distribution::add(const Distribution& other) {
  for (std::size_t i = 0; i < codes_.size(); ++i) codes_[i] += other.codes_[i];
  for (std::size_t sign = 0; sign < 2; ++sign) {
    for (std::size_t i = 0; i < powers_[sign].size(); ++i) {
      powers_[sign][i] += other.powers_[sign][i];
    }
  }
}

/// Calls visit(code) in the order of values, from -infinity to infinity, until it returns true.
void Distribution::for_each_code_in_order(const auto& visit) const {
  const auto sign = static_cast<std::uint32_t>(codes_.size() / 2);
  for (std::uint32_t code = sign + infinity(); code >= sign; --code) {
    if (visit(code)) return;
  }
  for (std::uint32_t code = 0; code <= infinity(); ++code) {
    if (visit(code)) return;
  }
}

std::vector<double> Distribution::quantiles(std::span<const double> shares) const {
  std::uint64_t total = 0;
  for (const std::uint64_t count : codes_) total += count;
  std::vector<double> found(shares.size(), kNoValue);
  if (total == 0) return found;
  std::uint64_t below = 0;
  std::size_t next = 0;
  for_each_code_in_order([&](std::uint32_t code) {
    below += codes_[code];
    while (next < shares.size() && codes_[code] > 0 &&
           static_cast<double>(below) >=
               std::max(1.0, std::ceil(shares[next] * static_cast<double>(total)))) {
      found[next++] = value_of(code);
    }
    return next == shares.size();
  });
  return found;
}

std::uint64_t Distribution::at(int exponent, bool negative) const {
  const auto& powers = powers_[negative ? 1 : 0];
  return powers.empty() ? 0 : powers[static_cast<std::size_t>(exponent + bias() + 1)];
}

std::string Distribution::Power::label() const {
  return infinite ? "inf" : fmt::format("2^{}", exponent);
}

std::vector<Distribution::Power> Distribution::powers() const {
  std::vector<Power> found;
  if (range_ == Range::None) return found;
  for (int exponent = bias() + 1; exponent >= -bias(); --exponent) {
    const Power power{exponent, exponent > bias(), at(exponent, true), at(exponent, false)};
    if (!found.empty() || power.negative + power.positive > 0) found.push_back(power);
  }
  while (!found.empty() && found.back().negative + found.back().positive == 0) found.pop_back();
  return found;
}

std::vector<std::uint64_t> Distribution::linear(double from, double to, std::size_t bins) const {
  std::vector<std::uint64_t> counts(bins);
  const auto parts = static_cast<double>(bins);
  const double scale = std::isinf(to - from) ? 0.5 : 1;  // that may be more than a double holds
  const double width = (to * scale - from * scale) / parts;
  for (std::uint32_t code = 0; code < codes_.size(); ++code) {
    const double value = value_of(code);
    if (codes_[code] == 0 || !std::isfinite(value)) continue;
    const double place = width > 0 ? (value * scale - from * scale) / width : 0;
    counts[static_cast<std::size_t>(std::clamp(place, 0.0, parts - 1))] += codes_[code];
  }
  return counts;
}

}  // namespace ckptscope
