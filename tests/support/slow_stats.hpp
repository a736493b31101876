// Tensors written into a file, and their statistics worked out slowly: every value decoded from its
// fields, sums in long doubles, quantiles by counting.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "app/planning/decoded_items.hpp"
#include "core/checkpoint/safetensors.hpp"
#include "core/checkpoint/safetensors_writer.hpp"
#include "core/checkpoint/synthetic.hpp"
#include "core/inspect/stats.hpp"
#include "core/numbers/formats.hpp"
#include "tests/support/temp_dir.hpp"

namespace ckptscope::testing {

// ---- checkpoints --------------------------------------------------------------------------------

struct StoredTensor {
  std::string key;
  Dtype dtype;
  Shape shape;
  std::vector<std::byte> bytes;

  std::size_t count() const { return element_count(shape).value(); }
};

inline StoredTensor stored_tensor(const std::string& key, Dtype dtype, const Shape& shape,
                                  Filling filling = Filling::ByDtype) {
  return {key, dtype, shape, synthetic_bytes({key, dtype, shape, filling}, 7)};
}

inline Checkpoint open_with(const TempDir& dir, const std::vector<StoredTensor>& tensors,
                            const std::string& config = "{}") {
  std::vector<HeaderEntry> entries;
  std::string data;
  for (const StoredTensor& one : tensors) {
    entries.push_back({one.key, one.dtype, one.shape});
    data.append(reinterpret_cast<const char*>(one.bytes.data()), one.bytes.size());
  }
  write_file(dir / "model.safetensors", make_header(entries, {{"format", "pt"}}) + data);
  write_file(dir / "config.json", config);
  return Checkpoint::open(dir.path());
}

using Found = std::map<std::string, TensorStats>;

inline Found stats_of(const Checkpoint& checkpoint, unsigned threads) {
  const std::vector<StatsItem> items = logical_items(checkpoint);
  Found found;
  Progress progress;
  compute_stats(checkpoint, items, threads, progress, [&](std::size_t i, const TensorStats& stats) {
    EXPECT_TRUE(found.emplace(items[i].key, stats).second) << items[i].key;
  });
  EXPECT_EQ(found.size(), items.size());
  return found;
}

template <typename T>
T element(const std::vector<std::byte>& bytes, std::size_t i) {
  T value;
  std::memcpy(&value, &bytes[i * sizeof value], sizeof value);
  return value;
}

/// By its fields: a sign, an exponent, a mantissa.
inline float slow_float(unsigned code, int exponent_bits, int mantissa_bits, bool has_infinity) {
  const int most = (1 << exponent_bits) - 1;
  const int exponent = static_cast<int>(code >> mantissa_bits) & most;
  const int mantissa = static_cast<int>(code) & ((1 << mantissa_bits) - 1);
  const bool all_ones = mantissa == (1 << mantissa_bits) - 1;
  const int whole = exponent == 0 ? mantissa : mantissa + (1 << mantissa_bits);
  float value =
      std::ldexp(static_cast<float>(whole), std::max(exponent, 1) - most / 2 - mantissa_bits);
  if (exponent == most && (has_infinity || all_ones)) {
    value = has_infinity && mantissa == 0 ? INFINITY : NAN;
  }
  return code >> (exponent_bits + mantissa_bits) != 0 ? -value : value;
}

inline float slow_fp4(unsigned code) {
  constexpr float kMagnitudes[]{0, 0.5F, 1, 1.5F, 2, 3, 4, 6};
  return code >= 8 ? -kMagnitudes[code - 8] : kMagnitudes[code];
}

inline float slow_value(const StoredTensor& tensor, std::size_t i) {
  switch (tensor.dtype) {
    case Dtype::BF16:
      return slow_float(element<std::uint16_t>(tensor.bytes, i), 8, 7, true);
    case Dtype::F16:
      return slow_float(element<std::uint16_t>(tensor.bytes, i), 5, 10, true);
    case Dtype::F8_E4M3:
      return slow_float(element<std::uint8_t>(tensor.bytes, i), 4, 3, false);
    case Dtype::F8_E5M2:
      return slow_float(element<std::uint8_t>(tensor.bytes, i), 5, 2, true);
    case Dtype::F32:
      return element<float>(tensor.bytes, i);
    default:
      return static_cast<float>(element<double>(tensor.bytes, i));
  }
}

/// A tensor decoded: what is in its order on disk.
struct SlowTensor {
  Shape shape;
  std::vector<float> values{};
  std::vector<unsigned> codes{};  // of the values, where they have any
  std::vector<float> numbers{};   // what the codes are without their scale
  std::vector<double> scales{};
};

inline SlowTensor slow_plain(const StoredTensor& tensor) {
  SlowTensor slow{tensor.shape, std::vector<float>(tensor.count())};
  for (std::size_t i = 0; i < slow.values.size(); ++i) slow.values[i] = slow_value(tensor, i);
  if (size_of(tensor.dtype) > 1) return slow;
  slow.numbers = slow.values;
  for (const std::byte byte : tensor.bytes) slow.codes.push_back(std::to_integer<unsigned>(byte));
  return slow;
}

/// One scale for all, one per element of dimension 0, or one per block of rows and columns.
inline SlowTensor slow_fp8(const StoredTensor& codes, const StoredTensor& scales,
                           std::size_t block_rows, std::size_t block_cols) {
  SlowTensor slow = slow_plain(codes);
  for (std::size_t i = 0; i < scales.count(); ++i) slow.scales.push_back(slow_value(scales, i));
  const std::size_t row = codes.shape.empty() ? 1 : codes.shape.back();
  for (std::size_t i = 0; i < slow.values.size(); ++i) {
    const std::size_t per_expert = slow.values.size() / slow.scales.size();
    std::size_t number = i / per_expert;
    if (block_rows > 0) {
      const std::size_t per_row = (row + block_cols - 1) / block_cols;
      number = i / row / block_rows * per_row + i % row / block_cols;
    }
    slow.values[i] = slow.numbers[i] * static_cast<float>(slow.scales[number]);
  }
  return slow;
}

/// Every FP4 value times a power of two from 2^-127 to 2^128 is a BF16, or an infinity.
inline SlowTensor slow_mxfp4(const StoredTensor& blocks, const StoredTensor& scales) {
  SlowTensor slow{{scales.shape.begin(), scales.shape.end()}};
  const std::size_t block = 2 * blocks.shape.back();
  slow.shape.back() *= block;
  for (std::size_t i = 0; i < 2 * blocks.bytes.size(); ++i) {
    const auto byte = std::to_integer<unsigned>(blocks.bytes[i / 2]);
    const double scale = std::ldexp(1.0, std::to_integer<int>(scales.bytes[i / block]) - 127);
    if (i % block == 0) slow.scales.push_back(scale);
    slow.codes.push_back(i % 2 == 0 ? byte & 15 : byte >> 4);
    slow.numbers.push_back(slow_fp4(slow.codes.back()));
    slow.values.push_back(static_cast<float>(static_cast<double>(slow.numbers.back()) * scale));
  }
  return slow;
}

// ---- figures ------------------------------------------------------------------------------------

inline std::uint64_t count_of(const auto& values, const auto& condition) {
  return static_cast<std::uint64_t>(std::count_if(values.begin(), values.end(), condition));
}

/// Of floats or doubles.
template <typename T>
void expect_moments(const Moments& found, std::span<const T> values) {
  const auto is_finite = [](T v) { return std::isfinite(v); };
  EXPECT_EQ(found.count, values.size());
  EXPECT_EQ(found.zeros, count_of(values, [](T v) { return v == 0; }));
  EXPECT_EQ(found.negative_zeros, count_of(values, [](T v) { return v == 0 && std::signbit(v); }));
  EXPECT_EQ(found.nans, count_of(values, [](T v) { return std::isnan(v); }));
  EXPECT_EQ(found.infinities, count_of(values, [](T v) { return std::isinf(v); }));
  const auto n = static_cast<long double>(count_of(values, is_finite));
  T least = INFINITY;
  T most = -INFINITY;
  long double sum = 0;
  long double squares = 0;
  for (const T value : values) {
    if (!is_finite(value)) continue;
    least = std::min(least, value);
    most = std::max(most, value);
    sum += value;
    squares += static_cast<long double>(value) * value;
  }
  EXPECT_EQ(found.least, least);
  EXPECT_EQ(found.most, most);
  EXPECT_EQ(std::isnan(found.mean()) && std::isnan(found.deviation()), n == 0);
  if (n == 0) return;
  const long double size = std::sqrt(squares / n);  // of a value
  const long double variance = squares / n - sum / n * (sum / n);
  EXPECT_NEAR(found.mean(), static_cast<double>(sum / n), static_cast<double>(1e-14L * size));
  const auto deviation = static_cast<long double>(found.deviation());
  EXPECT_LE(std::fabs(deviation * deviation - variance), 1e-14L * size * size);
}

/// Of the values rounded to BF16, by definition: enough of them are not above, and of what is
/// smaller there are not enough.
inline void expect_quantiles(const TensorStats& found, const std::vector<float>& values) {
  constexpr std::uint64_t kThousandths[]{1, 10, 50, 250, 500, 750, 950, 990, 999};
  std::vector<float> rounded;
  for (const float value : values) {
    if (std::isnan(value)) continue;
    const float nearest = bf16_to_float(float_to_bf16(value));  // finite where the value is
    const bool overflows = std::isinf(nearest) && !std::isinf(value);
    rounded.push_back(overflows ? std::copysign(bf16_to_float(0x7F7F), value) : nearest);
  }
  for (std::size_t i = 0; i < found.quantiles.size(); ++i) {
    const auto quantile = static_cast<float>(found.quantiles[i]);
    EXPECT_EQ(std::isnan(quantile), rounded.empty());
    if (rounded.empty()) continue;
    const std::uint64_t up_to = count_of(rounded, [&](float v) { return v <= quantile; });
    const std::uint64_t below = count_of(rounded, [&](float v) { return v < quantile; });
    EXPECT_GE(up_to * 1000, kThousandths[i] * rounded.size()) << quantile;
    EXPECT_LT(below * 1000, kThousandths[i] * rounded.size()) << quantile;
  }
}

inline void expect_powers(const Distribution& found, const std::vector<float>& values) {
  std::vector<std::uint64_t> expected(2 * 257);
  for (const float value : values) {
    if (std::isnan(value)) continue;
    const int exponent = value == 0          ? -128
                         : std::isinf(value) ? 128
                                             : std::max(-127, std::ilogb(value));
    ++expected[static_cast<std::size_t>(2 * (exponent + 128) + (std::signbit(value) ? 1 : 0))];
  }
  for (int i = 0; i < 2 * 257; ++i)
    EXPECT_EQ(found.at(i / 2 - 128, i % 2 == 1), expected[static_cast<std::size_t>(i)]);
}

struct CodeFormat {
  std::uint64_t possible;
  float largest;  // magnitudes
  float least_normal;
};

inline CodeFormat code_format(Dtype dtype) {
  if (dtype == Dtype::U8) return {16, 6, 1};
  return dtype == Dtype::F8_E4M3 ? CodeFormat{256, 448, 0x1p-6F} : CodeFormat{256, 57344, 0x1p-14F};
}

inline std::uint64_t saturated(std::span<const float> numbers, const CodeFormat& format) {
  return count_of(numbers, [&](float v) { return std::fabs(v) == format.largest; });
}

inline void expect_codes(const TensorStats& found, const SlowTensor& slow, Dtype dtype) {
  const CodeFormat format = code_format(dtype);
  ASSERT_TRUE(found.codes);
  EXPECT_EQ(found.codes->used, std::set(slow.codes.begin(), slow.codes.end()).size());
  EXPECT_EQ(found.codes->possible, format.possible);
  EXPECT_EQ(found.codes->saturated, saturated(slow.numbers, format));
  EXPECT_EQ(found.codes->subnormal, count_of(slow.numbers, [&](float v) {
              return v != 0 && std::fabs(v) < format.least_normal;
            }));
}

inline void expect_scales(const ScaleStats& found, const std::vector<double>& scales, Dtype dtype) {
  const bool mxfp4 = dtype == Dtype::U8;
  EXPECT_EQ(found.count, scales.size());
  EXPECT_EQ(found.least, *std::min_element(scales.begin(), scales.end()));
  EXPECT_EQ(found.most, *std::max_element(scales.begin(), scales.end()));
  EXPECT_EQ(found.zeros, count_of(scales, [&](double v) { return mxfp4 && v == 0x1p-127; }));
  EXPECT_EQ(found.all_ones, count_of(scales, [&](double v) { return mxfp4 && v == 0x1p128; }));
  for (std::size_t i = 0; i < found.powers.size(); ++i) {
    const double from = std::ldexp(1.0, static_cast<int>(i) - 256);
    EXPECT_EQ(found.powers[i], count_of(scales, [&](double v) {
                return from <= std::fabs(v) && std::fabs(v) < 2 * from;
              }));
  }
}

inline void expect_experts(const TensorStats& found, const SlowTensor& slow, Dtype dtype) {
  const bool grouped = slow.shape.size() == 3 && slow.shape[1] * slow.shape[2] >= 16;
  ASSERT_EQ(found.experts.size(), grouped && !slow.values.empty() ? slow.shape[0] : 0);
  for (std::size_t i = 0; i < found.experts.size(); ++i) {
    SCOPED_TRACE("expert " + std::to_string(i));
    const std::size_t each = slow.values.size() / found.experts.size();
    expect_moments<float>(found.experts[i].moments, std::span(slow.values).subspan(i * each, each));
    const auto numbers = std::span(slow.numbers);
    EXPECT_EQ(found.experts[i].saturated,
              numbers.empty() ? 0 : saturated(numbers.subspan(i * each, each), code_format(dtype)));
  }
}

/// `dtype` is that of the codes, U8 for MXFP4.
inline void expect_stats(const TensorStats& found, const SlowTensor& slow, Dtype dtype) {
  expect_moments<float>(found.moments, slow.values);
  expect_quantiles(found, slow.values);
  expect_powers(found.distribution, slow.values);
  if (slow.values.empty()) return;  // without elements nothing is told of codes and experts
  expect_experts(found, slow, dtype);
  EXPECT_EQ(found.codes.has_value(), !slow.codes.empty());
  if (!slow.codes.empty()) expect_codes(found, slow, dtype);
  EXPECT_EQ(found.scales.has_value(), !slow.scales.empty());
  if (!slow.scales.empty()) expect_scales(*found.scales, slow.scales, dtype);
}

}  // namespace ckptscope::testing
