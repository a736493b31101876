// Which numbers round to a value: what is left to guess of a factor when products were rounded.
#pragma once

#include <algorithm>
#include <limits>

#include "core/tensor/dtype.hpp"

namespace ckptscope {

struct Interval {
  double low = 0;
  double high = std::numeric_limits<double>::infinity();

  bool empty() const { return low > high; }
  void meet(const Interval& other) {
    low = std::max(low, other.low);
    high = std::min(high, other.high);
  }
};

/// What rounds to `value`, a positive finite number of `dtype` (BF16, F16 or F32), divided by
/// `divisor`.
Interval rounding_to(float value, Dtype dtype, double divisor = 1);

/// A positive number of `dtype` (F32 or BF16) inside the interval, near its middle; 0 where there
/// is none.
float number_in(const Interval& interval, Dtype dtype);

}  // namespace ckptscope
