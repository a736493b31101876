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

/// A sum as two doubles, which hold twice the digits of one.
struct Pair {
  double high;
  double low;
};
Pair split(ExactSum sum) {
  const double high = sum.value();
  sum.add(-high);
  return {high, sum.value()};
}

/// Code number `i` in the order of values: from -infinity to infinity, NaN left out.
constexpr std::uint32_t kNegativeInfinity = 0xFF80;
constexpr std::uint32_t kPositiveInfinity = 0x7F80;

/// Calls visit(code) in the order of values until it returns true.
void for_each_code_in_order(const auto& visit) {
  for (std::uint32_t code = kNegativeInfinity; code >= 0x8000; --code) {
    if (visit(code)) return;
  }
  for (std::uint32_t code = 0; code <= kPositiveInfinity; ++code) {
    if (visit(code)) return;
  }
}

/// BF16 bits; what is finite stays finite.
std::uint16_t nearest_code(float value) {
  const std::uint16_t code = float_to_bf16(value);
  const bool overflows = (code & 0x7FFF) == kPositiveInfinity && std::isfinite(value);
  return overflows ? static_cast<std::uint16_t>(code - 1) : code;
}

}  // namespace

void Moments::add(float value, std::uint64_t times) {
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
  const float plain = value + 0.0F;  // -0 is 0: which came first must not show
  least = std::min(least, plain);
  most = std::max(most, plain);
  if (value == 0) {
    zeros += times;
    negative_zeros += std::signbit(value) ? times : 0;
    return;
  }
  const auto exact = static_cast<double>(value);
  sum.add_product(exact, static_cast<double>(times));
  squares.add_product(exact * exact, static_cast<double>(times));
}

void Moments::add(std::span<const float> values) {
  double run_sum = 0;
  double run_squares = 0;
  for (const float value : values) {
    if (value == 0 || !std::isfinite(value)) {
      add(value, 1);
      continue;
    }
    ++count;
    least = std::min(least, value);
    most = std::max(most, value);
    const auto exact = static_cast<double>(value);
    run_sum += exact;
    run_squares += exact * exact;
  }
  sum.add(run_sum);
  squares.add(run_squares);
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

float Moments::largest() const {
  return finite() == 0 ? 0 : std::max(std::fabs(least), std::fabs(most));
}

double Moments::mean() const {
  return finite() == 0 ? kNoValue : sum.value() / static_cast<double>(finite());
}

double Moments::deviation() const {
  if (finite() == 0) return kNoValue;
  // n * squares - sum * sum, which cancel where values are far from zero, and only then rounded.
  const auto n = static_cast<double>(finite());
  const Pair s = split(sum);
  const Pair q = split(squares);
  ExactSum spread;
  spread.add_product(n, q.high);
  spread.add_product(n, q.low);
  spread.add_product(-s.high, s.high);
  spread.add_product(-2 * s.high, s.low);
  return std::sqrt(std::max(0.0, spread.value())) / n;
}

void Distribution::add(float value, std::uint64_t times) {
  if (std::isnan(value)) return;
  codes_[nearest_code(value)] += times;
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::size_t exponent = value == 0 ? 0 : (bits >> 23 & 0xFF) + 1;
  powers_[bits >> 31][exponent] += times;
}

void Distribution::add(const Distribution& other) {
  for (std::size_t i = 0; i < kCodes; ++i) codes_[i] += other.codes_[i];
  for (std::size_t sign = 0; sign < 2; ++sign) {
    for (std::size_t i = 0; i < powers_[sign].size(); ++i)
      powers_[sign][i] += other.powers_[sign][i];
  }
}

std::vector<float> Distribution::quantiles(std::span<const double> shares) const {
  std::uint64_t total = 0;
  for (const std::uint64_t count : codes_) total += count;
  std::vector<float> found(shares.size(), std::numeric_limits<float>::quiet_NaN());
  if (total == 0) return found;
  std::uint64_t below = 0;
  std::size_t next = 0;
  for_each_code_in_order([&](std::uint32_t code) {
    below += codes_[code];
    while (next < shares.size() && codes_[code] > 0 &&
           static_cast<double>(below) >=
               std::max(1.0, std::ceil(shares[next] * static_cast<double>(total)))) {
      found[next++] = bf16_to_float(static_cast<std::uint16_t>(code));
    }
    return next == shares.size();
  });
  return found;
}

std::uint64_t Distribution::at(int exponent, bool negative) const {
  return powers_[negative ? 1 : 0][static_cast<std::size_t>(exponent - kZero)];
}

std::string Distribution::Power::label() const {
  return exponent == 128 ? "inf" : fmt::format("2^{}", exponent);
}

std::vector<Distribution::Power> Distribution::powers() const {
  std::vector<Power> found;
  for (int exponent = 128; exponent > kZero; --exponent) {
    const Power power{exponent, at(exponent, true), at(exponent, false)};
    if (!found.empty() || power.negative + power.positive > 0) found.push_back(power);
  }
  while (!found.empty() && found.back().negative + found.back().positive == 0) found.pop_back();
  return found;
}

std::vector<std::uint64_t> Distribution::linear(float from, float to, std::size_t bins) const {
  std::vector<std::uint64_t> counts(bins);
  const double width =
      (static_cast<double>(to) - static_cast<double>(from)) / static_cast<double>(bins);
  for (std::uint32_t code = 0; code < kCodes; ++code) {
    const float value = bf16_to_float(static_cast<std::uint16_t>(code));
    if (codes_[code] == 0 || !std::isfinite(value)) continue;
    const double place =
        width > 0 ? (static_cast<double>(value) - static_cast<double>(from)) / width : 0;
    const double last = static_cast<double>(bins - 1);
    counts[static_cast<std::size_t>(std::clamp(place, 0.0, last))] += codes_[code];
  }
  return counts;
}

}  // namespace ckptscope
