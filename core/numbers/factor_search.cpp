// Every magnitude leaves an interval for the factor; they must have a number in common.
#include "core/numbers/factor_search.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "core/numbers/formats.hpp"

namespace ckptscope {
namespace {

constexpr std::size_t kMagnitudes = 1 << 15;

/// The product nearest to `value`.
float nearest(std::span<const float> products, double value) {
  const auto above = std::lower_bound(products.begin(), products.end(), value,
                                      [](float a, double b) { return static_cast<double>(a) < b; });
  if (above == products.begin()) return *above;
  if (above == products.end()) return products.back();
  const float below = *(above - 1);
  return static_cast<double>(*above) - value < value - static_cast<double>(below) ? *above : below;
}

/// Where the largest value was `top` times the factor. A guess inside the interval tells which
/// product a value was: they lie further apart than the interval is wide.
float factor_for(std::span<const float> values, Dtype dtype, std::span<const float> products,
                 float top, Dtype factors) {
  Interval interval = rounding_to(values.back(), dtype, static_cast<double>(top));
  const double guess = (interval.low + interval.high) / 2;
  for (const float value : values) {
    const float product = nearest(products, static_cast<double>(value) / guess);
    interval.meet(rounding_to(value, dtype, static_cast<double>(product)));
    if (interval.empty()) return 0;
  }
  return number_in(interval, factors);
}

}  // namespace

Magnitudes::Magnitudes(Dtype dtype) : dtype_(dtype) {
  if (dtype == Dtype::BF16 || dtype == Dtype::F16) bits_.resize(kMagnitudes / 64);
}

void Magnitudes::add(std::span<const float> values) {
  const auto note = [&](std::uint32_t bits) {
    const std::uint32_t magnitude = bits & 0x7FFFu;
    bits_[magnitude / 64] |= std::uint64_t{1} << (magnitude % 64);
  };
  if (dtype_ == Dtype::BF16) {
    for (const float value : values) note(std::bit_cast<std::uint32_t>(value) >> 16);
  } else if (dtype_ == Dtype::F16) {
    for (const float value : values) note(float_to_f16(value));
  } else {
    for (const float value : values) largest_ = std::max(largest_, std::fabs(value));
  }
}

float Magnitudes::largest() const {
  const std::vector<float> values = all();
  return values.empty() ? largest_ : values.back();
}

void Magnitudes::add(const Magnitudes& other) {
  largest_ = std::max(largest_, other.largest_);
  for (std::size_t i = 0; i < bits_.size(); ++i) bits_[i] |= other.bits_[i];
}

std::vector<float> Magnitudes::all() const {
  std::vector<float> values;
  for (std::uint32_t i = 1; i < bits_.size() * 64; ++i) {
    if ((bits_[i / 64] >> (i % 64) & 1) == 0) continue;
    const auto bits = static_cast<std::uint16_t>(i);
    values.push_back(dtype_ == Dtype::BF16 ? bf16_to_float(bits) : f16_to_float(bits));
  }
  return values;
}

float find_factor(const Magnitudes& magnitudes, std::span<const float> products, std::size_t tops,
                  Dtype factors) {
  const std::vector<float> values = magnitudes.all();
  if (values.empty()) return 0;
  for (std::size_t i = 0; i < tops; ++i) {
    const float top = products[products.size() - 1 - i];
    const float factor = factor_for(values, magnitudes.dtype(), products, top, factors);
    if (factor > 0) return factor;
  }
  return 0;
}

bool is_factor(float factor, const Magnitudes& magnitudes, std::span<const float> products) {
  const std::vector<float> values = magnitudes.all();
  return std::all_of(values.begin(), values.end(), [&](float value) {
    const float product =
        nearest(products, static_cast<double>(value) / static_cast<double>(factor));
    return rounded_to(magnitudes.dtype(), product * factor) == value;
  });
}

}  // namespace ckptscope
