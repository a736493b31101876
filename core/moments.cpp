#include "core/moments.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "core/kernels/numbers.hpp"

namespace ckptscope {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

/// The product without rounding: as what a double holds of it, and the rest.
void add_product(ExactSum& sum, double a, double b) {
  const double product = a * b;
  sum.add(product);
  sum.add(std::fma(a, b, -product));
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
  least = std::min(least, value);
  most = std::max(most, value);
  if (value == 0) {
    zeros += times;
    negative_zeros += std::signbit(value) ? times : 0;
    return;
  }
  const auto exact = static_cast<double>(value);
  add_product(sum, exact, static_cast<double>(times));
  add_product(squares, exact * exact, static_cast<double>(times));
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
  return finite() == 0 ? kNone : sum.value() / static_cast<double>(finite());
}

double Moments::deviation() const {
  if (finite() == 0) return kNone;
  const auto n = static_cast<double>(finite());
  const double center = sum.value() / n;
  return std::sqrt(std::max(0.0, squares.value() / n - center * center));
}

void Distribution::add(float value, std::uint64_t times) {
  if (std::isnan(value)) return;
  codes_[float_to_bf16(value)] += times;
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

float Distribution::quantile(double share) const {
  std::uint64_t total = 0;
  for (const std::uint64_t count : codes_) total += count;
  if (total == 0) return std::numeric_limits<float>::quiet_NaN();
  const double wanted = std::max(1.0, std::ceil(share * static_cast<double>(total)));
  std::uint64_t below = 0;
  float result = 0;
  for_each_code_in_order([&](std::uint32_t code) {
    below += codes_[code];
    result = bf16_to_float(static_cast<std::uint16_t>(code));
    return static_cast<double>(below) >= wanted;
  });
  return result;
}

std::uint64_t Distribution::at(int exponent, bool negative) const {
  return powers_[negative ? 1 : 0][static_cast<std::size_t>(exponent - kZero)];
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
