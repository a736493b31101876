// A long fixed-point number holds every bit of every term; it is rounded once, when it is asked
// for.
#include "core/numbers/exact_sum.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace ckptscope {
namespace {

constexpr std::int64_t kDigit = std::int64_t{1} << 32;
using Digits = std::vector<std::uint32_t>;  // of 32 bits, the lowest first

Digits product(const Digits& a, const Digits& b) {
  Digits result(a.size() + b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::uint64_t over = 0;
    for (std::size_t k = 0; k < b.size(); ++k) {
      over += std::uint64_t{a[i]} * b[k] + result[i + k];
      result[i + k] = static_cast<std::uint32_t>(over);
      over >>= 32;
    }
    result[i + b.size()] = static_cast<std::uint32_t>(over);
  }
  return result;
}

/// a -= b; false where b is larger.
bool subtract(Digits& a, const Digits& b) {
  a.resize(std::max(a.size(), b.size()));
  std::int64_t over = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    over += std::int64_t{a[i]} - (i < b.size() ? b[i] : 0);
    a[i] = static_cast<std::uint32_t>(over);
    over >>= 32;
  }
  return over == 0;
}

/// sqrt(digits * 2^exponent) / divisor, of an even exponent: of the highest 96 bits or more.
double root(const Digits& digits, int exponent, double divisor) {
  std::size_t top = digits.size();
  while (top > 0 && digits[top - 1] == 0) --top;
  if (top == 0) return 0;
  const std::size_t first = top > 4 ? top - 4 : 0;
  double value = 0;
  for (std::size_t i = top; i-- > first;) {
    value += std::ldexp(static_cast<double>(digits[i]), 32 * static_cast<int>(i - first));
  }
  return std::ldexp(std::sqrt(value) / divisor, (exponent + 32 * static_cast<int>(first)) / 2);
}

constexpr std::uint32_t kMostPending = 1u << 29;  // each adds less than 2^33 to a digit

}  // namespace

void ExactSum::add(double term, int exponent) {
  if (term == 0) return;
  if (!std::isfinite(term)) {
    finite_ = false;
    return;
  }
  const auto bits = std::bit_cast<std::uint64_t>(term);
  const auto field = static_cast<int>(bits >> 52 & 0x7FF);
  std::uint64_t mantissa = bits & ((std::uint64_t{1} << 52) - 1);
  if (field > 0) mantissa |= std::uint64_t{1} << 52;
  // Of the mantissa's lowest bit.
  const int place = (field > 0 ? field : 1) - 1075 + exponent + kLowest;
  auto digit = static_cast<std::size_t>(place / 32);
  const int shift = place % 32;
  const bool negative = bits >> 63 != 0;
  const auto put = [&](std::uint64_t part) {
    digits_[digit++] +=
        negative ? -static_cast<std::int64_t>(part) : static_cast<std::int64_t>(part);
  };
  const std::uint64_t low = (mantissa & 0xFFFFFFFF) << shift;  // below 2^63
  const std::uint64_t high = (mantissa >> 32) << shift;        // below 2^52
  put(low & 0xFFFFFFFF);
  put((low >> 32) + (high & 0xFFFFFFFF));
  put(high >> 32);
  if (++pending_ == kMostPending) carry();
}

/// As what a double holds of the product, and the rest.
void ExactSum::add_product(double a, double b, int exponent) {
  const double product = a * b;
  add(product, exponent);
  add(std::fma(a, b, -product), exponent);
}

void ExactSum::add_square(double value, double times) {
  int exponent = 0;
  const double mantissa = std::frexp(value, &exponent);
  const double high = mantissa * mantissa;
  add_product(high, times, 2 * exponent);
  add_product(std::fma(mantissa, mantissa, -high), times, 2 * exponent);
}

void ExactSum::add(const ExactSum& other) {
  ExactSum settled = other;
  settled.carry();
  carry();
  for (std::size_t i = 0; i < digits_.size(); ++i) digits_[i] += settled.digits_[i];
  pending_ = 1;
  finite_ = finite_ && other.finite_;
}

/// Brings every digit but the highest into [0, 2^32); the highest carries the sign.
void ExactSum::carry() {
  std::int64_t over = 0;
  for (std::size_t i = 0; i + 1 < digits_.size(); ++i) {
    const std::int64_t digit = digits_[i] + over;
    over = digit >> 32;  // rounds down, so that what stays is not negative
    digits_[i] = digit - over * kDigit;
  }
  digits_.back() += over;
  pending_ = 0;
}

double ExactSum::value(int exponent) const {
  if (!finite_) return std::numeric_limits<double>::quiet_NaN();
  ExactSum settled = *this;
  settled.carry();
  const bool negative = settled.digits_.back() < 0;
  if (negative) {  // negate, so that all digits are of one sign
    for (std::int64_t& digit : settled.digits_) digit = -digit;
    settled.carry();
  }
  double sum = 0;
  for (std::size_t i = settled.digits_.size(); i-- > 0;) {
    sum += std::ldexp(static_cast<double>(settled.digits_[i]),
                      32 * static_cast<int>(i) - kLowest + exponent);
  }
  return negative ? -sum : sum;
}

/// The digits of its absolute value.
std::vector<std::uint32_t> ExactSum::magnitude() const {
  ExactSum settled = *this;
  settled.carry();
  if (settled.digits_.back() < 0) {
    for (std::int64_t& digit : settled.digits_) digit = -digit;
    settled.carry();
  }
  return {settled.digits_.begin(), settled.digits_.end()};
}

double ExactSum::deviation(std::uint64_t count, const ExactSum& sum, const ExactSum& squares) {
  if (!sum.finite_ || !squares.finite_) return std::numeric_limits<double>::quiet_NaN();
  const Digits s = sum.magnitude();
  const Digits n{static_cast<std::uint32_t>(count), static_cast<std::uint32_t>(count >> 32)};
  // In units of 2^(-2 kLowest), those of the sum's square.
  Digits spread = product(squares.magnitude(), n);
  spread.insert(spread.begin(), kLowest / 32, 0);
  if (!subtract(spread, product(s, s))) return 0;
  return root(spread, -2 * kLowest, static_cast<double>(count));
}

}  // namespace ckptscope
