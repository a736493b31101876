// Sums that do not depend on the order of their terms: what many threads add up is the same to the
// last bit as what one adds up.
#pragma once

#include <array>
#include <cstdint>

namespace ckptscope {

/// A sum of doubles without rounding, as one long fixed-point number: each term is added at its
/// own exponent, and only value() rounds. Not thread-safe; sums of parts can be added.
/// Source of the idea: U. Kulisch, "Computer Arithmetic and Validity", the long accumulator.
class ExactSum {
 public:
  /// A term that is not finite makes the sum NaN.
  void add(double term);
  void add(const ExactSum& other);
  /// a * b without rounding.
  void add_product(double a, double b);
  /// Within one unit in the last place of the exact sum, and the same for the same terms.
  double value() const;

 private:
  void carry();

  /// Digits of 32 bits, the lowest first; digit i counts 2^(32 i - 1088). They may stand out of
  /// range, with either sign, until carry() is called.
  static constexpr int kLowest = 1088;
  std::array<std::int64_t, 68> digits_{};
  std::uint32_t pending_ = 0;  // terms since the last carry()
  bool finite_ = true;
};

}  // namespace ckptscope
