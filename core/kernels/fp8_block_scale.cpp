// A value that was decoded is a code times the scale, rounded: that leaves an interval for the
// scale. One inside all intervals of a block brings every value back; largest / 448 alone does so
// for one block in four. Intervals are only asked for where a scale fails.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "core/kernels/kernels.hpp"
#include "core/numbers/formats.hpp"
#include "core/numbers/rounding_interval.hpp"

namespace ckptscope {
namespace {

constexpr std::size_t kChunk = 1024;  // values at a time

class Search {
 public:
  Search(std::span<const float> values, Dtype dtype, Dtype scales)
      : values_(values), dtype_(dtype), scales_(scales) {}

  /// Of the blocks whose largest value was that code; 0 where no scale brings all values back.
  float of(float largest, float code) {
    constexpr int kMostTries = 16;  // each of which a whole chunk has refuted
    interval_ = rounding_to(largest, dtype_, static_cast<double>(code));
    for (int i = 0; i < kMostTries; ++i) {
      const float scale = number_in(interval_, scales_);
      if (scale == 0 || brings_back(scale)) return scale;
      if (empty_) return 0;
    }
    return 0;
  }

 private:
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
      interval_.meet(rounding_to(value, dtype_, static_cast<double>(code)));
      empty_ = interval_.empty();
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
