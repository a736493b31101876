// Neighbours are found by their bits.
#include "core/numbers/rounding_interval.hpp"

#include <cmath>

#include "core/numbers/formats.hpp"

namespace ckptscope {
namespace {

/// The next number of the dtype away from zero (+1), or towards it (-1), of a positive one.
float neighbour(float value, Dtype dtype, int step) {
  if (dtype == Dtype::BF16)
    return bf16_to_float(static_cast<std::uint16_t>(float_to_bf16(value) + step));
  if (dtype == Dtype::F16)
    return f16_to_float(static_cast<std::uint16_t>(float_to_f16(value) + step));
  return std::nextafter(value, step > 0 ? std::numeric_limits<float>::infinity() : 0.0F);
}

}  // namespace

Interval rounding_to(float value, Dtype dtype, double divisor) {
  const auto middle = [&](int step) {
    return (static_cast<double>(value) + static_cast<double>(neighbour(value, dtype, step))) / 2;
  };
  return {middle(-1) / divisor, middle(1) / divisor};
}

float number_in(const Interval& interval, Dtype dtype) {
  const auto middle = static_cast<float>((interval.low + interval.high) / 2);
  const float near = dtype == Dtype::BF16 ? bf16_to_float(float_to_bf16(middle)) : middle;
  if (near == 0) return 0;
  for (const float one : {near, neighbour(near, dtype, -1), neighbour(near, dtype, 1)}) {
    const auto number = static_cast<double>(one);
    if (one > 0 && std::isfinite(one) && number >= interval.low && number <= interval.high) {
      return one;
    }
  }
  return 0;
}

}  // namespace ckptscope
