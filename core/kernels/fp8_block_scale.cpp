// A value that was decoded is a code times the scale, rounded: that leaves an interval for the
// scale. One inside all intervals of a block brings every value back; largest / 448 alone does so
// for one block in four. Intervals are only asked for where a scale fails.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>

#include "core/kernels/kernels.hpp"
#include "core/numbers/formats.hpp"

namespace ckptscope {
namespace {

constexpr std::size_t kChunk = 1024;  // values at a time

struct Interval {
  double low = 0;
  double high = std::numeric_limits<double>::infinity();
};

/// The next number of the dtype away from zero (+1), or towards it (-1), of a positive one.
float neighbour(float value, Dtype dtype, int step) {
  if (dtype == Dtype::BF16)
    return bf16_to_float(static_cast<std::uint16_t>(float_to_bf16(value) + step));
  if (dtype == Dtype::F16)
    return f16_to_float(static_cast<std::uint16_t>(float_to_f16(value) + step));
  return std::nextafter(value, step > 0 ? std::numeric_limits<float>::infinity() : 0.0F);
}

/// Products that round to a positive number of the dtype.
Interval rounding_to(float value, Dtype dtype) {
  const auto middle = [&](int step) {
    return (static_cast<double>(value) + static_cast<double>(neighbour(value, dtype, step))) / 2;
  };
  return {middle(-1), middle(1)};
}

/// A number of the dtype of scales inside an interval, near its middle; 0 where there is none.
float scale_in(const Interval& interval, Dtype scales) {
  const auto middle = static_cast<float>((interval.low + interval.high) / 2);
  const float near = scales == Dtype::BF16 ? bf16_to_float(float_to_bf16(middle)) : middle;
  for (const float one : {near, neighbour(near, scales, -1), neighbour(near, scales, 1)}) {
    const auto scale = static_cast<double>(one);
    if (one > 0 && std::isfinite(one) && scale >= interval.low && scale <= interval.high)
      return one;
  }
  return 0;
}

class Search {
 public:
  Search(std::span<const float> values, Dtype dtype, Dtype scales)
      : values_(values), dtype_(dtype), scales_(scales) {}

  /// Of the blocks whose largest value was that code; 0 where no scale brings all values back.
  float of(float largest, float code) {
    constexpr int kMostTries = 16;  // each of which a whole chunk has refuted
    interval_ = divided(rounding_to(largest, dtype_), code);
    for (int i = 0; i < kMostTries; ++i) {
      const float scale = scale_in(interval_, scales_);
      if (scale == 0 || brings_back(scale)) return scale;
      if (empty_) return 0;
    }
    return 0;
  }

 private:
  static Interval divided(const Interval& products, float code) {
    return {products.low / static_cast<double>(code), products.high / static_cast<double>(code)};
  }

  /// Else the interval is narrower than before, or empty.
  bool brings_back(float scale) {
    std::array<std::byte, kChunk> codes;
    empty_ = false;
    for (std::size_t at = 0; at < values_.size(); at += kChunk) {
      const auto chunk = values_.subspan(at, std::min(kChunk, values_.size() - at));
      if (encode_fp8(chunk, dtype_, scale, codes.data()).changed == 0) continue;
      narrow(chunk, codes);
      return false;
    }
    return true;
  }

  void narrow(std::span<const float> chunk, const std::array<std::byte, kChunk>& codes) {
    for (std::size_t i = 0; i < chunk.size() && !empty_; ++i) {
      const float value = std::fabs(chunk[i]);
      const float code = std::fabs(e4m3_to_float(std::to_integer<std::uint8_t>(codes[i])));
      if (value == 0) continue;
      if (code == 0) {
        empty_ = true;
        return;
      }
      const Interval allowed = divided(rounding_to(value, dtype_), code);
      interval_.low = std::max(interval_.low, allowed.low);
      interval_.high = std::min(interval_.high, allowed.high);
      empty_ = interval_.low > interval_.high;
    }
  }

  const std::span<const float> values_;
  const Dtype dtype_;
  const Dtype scales_;
  Interval interval_;
  bool empty_ = false;
};

}  // namespace

float fp8_block_scale(std::span<const float> values, Dtype dtype, Dtype scales) noexcept {
  constexpr float kLargestCode = 448;
  float largest = 0;
  for (std::size_t at = 0; at < values.size(); at += kChunk) {
    const auto chunk = values.subspan(at, std::min(kChunk, values.size() - at));
    largest = std::max(largest, largest_magnitude(chunk));
  }
  if (largest == 0) return 1;
  Search search(values, dtype, scales);
  for (const float code : {448.0F, 416.0F, 384.0F, 352.0F, 320.0F, 288.0F, 256.0F}) {
    if (const float scale = search.of(largest, code); scale > 0) return scale;
  }
  if (scales == Dtype::BF16) return bf16_to_float(fp8_scale_of(largest));
  return std::max(largest / kLargestCode, std::numeric_limits<float>::denorm_min());
}

}  // namespace ckptscope
