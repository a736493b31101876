// Sums that do not depend on the order of their terms: what many threads add up is the same to the
// last bit as what one adds up.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace ckptscope {

/// A sum of doubles without rounding, as one long fixed-point number: each term is added at its
/// own exponent, and only value() rounds. Not thread-safe; sums of parts can be added.
/// Source of the idea: U. Kulisch, "Computer Arithmetic and Validity", the long accumulator.
class ExactSum {
 public:
  /// term * 2^exponent. A term that is not finite makes the sum NaN.
  void add(double term, int exponent = 0);
  void add(const ExactSum& other);
  /// a * b * 2^exponent without rounding; a * b is neither too large nor too small for a double.
  void add_product(double a, double b, int exponent = 0);
  /// value * value * times without rounding, of any finite value and up to 2^53 times.
  void add_square(double value, double times = 1);
  /// The standard deviation of `count` numbers (not 0) by their sum and the sum of their squares:
  /// sqrt(count * squares - sum^2) / count, without rounding before the root.
  static double deviation(std::uint64_t count, const ExactSum& sum, const ExactSum& squares);
  /// The sum * 2^exponent: within one unit in the last place of what is exact, and the same for the
  /// same terms. Infinite where a double cannot hold it.
  double value(int exponent = 0) const;

 private:
  void carry();
  std::vector<std::uint32_t> magnitude() const;

  /// Digits of 32 bits, the lowest first; digit i counts 2^(32 i - 2304): enough for squares of all
  /// doubles, from 2^-2148 on. They may stand out of range, with either sign, until carry() is
  /// called.
  static constexpr int kLowest = 2304;
  std::array<std::int64_t, 140> digits_{};
  std::uint32_t pending_ = 0;  // terms since the last carry()
  bool finite_ = true;
};

}  // namespace ckptscope
