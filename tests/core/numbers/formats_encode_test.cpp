// One number to one code, and scales, against slow implementations that are right at sight: a code
// is found by looking at all of them, a scale by its definition.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "core/numbers/formats.hpp"
#include "tests/support/floats.hpp"

namespace ckptscope::testing {
namespace {

// ---- one number ---------------------------------------------------------------------------------

struct Format {
  const char* name;
  int exponent_bits;
  int mantissa_bits;
  unsigned last;  // the code of the largest magnitude
  std::uint8_t (*encode)(float);
};
constexpr Format kE2m1{"E2M1", 2, 1, 7, float_to_e2m1};
constexpr Format kE4m3{"E4M3", 4, 3, 0x7E, float_to_e4m3};

long double magnitude(const Format& format, unsigned code) {
  const unsigned steps = 1u << format.mantissa_bits;
  const auto exponent = static_cast<int>(code / steps);
  const int bias = (1 << (format.exponent_bits - 1)) - 1;
  const auto fraction = static_cast<long double>(code % steps) / steps;
  return exponent == 0 ? std::ldexp(fraction, 1 - bias) : std::ldexp(1 + fraction, exponent - bias);
}

/// Looks at every code; of two that are equally near the even one is taken.
class Search {
 public:
  explicit Search(const Format& format)
      : sign_(1u << (format.exponent_bits + format.mantissa_bits)) {
    for (unsigned code = 0; code <= format.last; ++code) values_.push_back(magnitude(format, code));
  }
  std::uint8_t nearest(long double number) const {
    const long double size = std::min(std::fabs(number), values_.back());  // saturated
    unsigned best = 0;
    for (unsigned code = 1; code < values_.size(); ++code) {
      const long double here = std::fabs(size - values_[code]);
      const long double there = std::fabs(size - values_[best]);
      if (here < there || (here == there && code % 2 == 0)) best = code;
    }
    return static_cast<std::uint8_t>(std::signbit(number) ? best | sign_ : best);
  }

 private:
  unsigned sign_;
  std::vector<long double> values_;
};

class EncodeNumber : public ::testing::TestWithParam<Format> {
 protected:
  void check(float number) const {
    const Format& format = GetParam();
    ASSERT_EQ(format.encode(number), search_.nearest(number)) << std::hexfloat << number;
    ASSERT_EQ(format.encode(-number), search_.nearest(-number)) << std::hexfloat << -number;
  }

 private:
  const Search search_{GetParam()};
};

TEST_P(EncodeNumber, EveryBf16) {
  for (std::uint64_t bits = 0; bits <= 0x7F80; ++bits) check(float_of(bits << 16));
}

TEST_P(EncodeNumber, EveryCodeAndMidpointAndTheFloatsBeside) {
  for (unsigned code = 0; code <= GetParam().last; ++code) {
    const long double low = magnitude(GetParam(), code);
    const long double middle = (low + magnitude(GetParam(), code + 1)) / 2;
    for (const float at : {static_cast<float>(low), static_cast<float>(middle)}) {
      for (const float to : {-INFINITY, at, INFINITY}) check(std::nextafter(at, to));
    }
  }
}

TEST_P(EncodeNumber, FloatsOfAllSizes) {
  for (std::uint64_t bits = 0; bits <= 0x7F800000; bits += 20483) check(float_of(bits));
  for (const float number : {kMinFloat, kMaxFloat, INFINITY}) check(number);
}

INSTANTIATE_TEST_SUITE_P(Formats, EncodeNumber, ::testing::Values(kE2m1, kE4m3),
                         [](const auto& test) { return test.param.name; });

struct Known {
  float number;
  int code;
};

TEST(EncodeE2m1, KnownCodes) {
  const std::vector<Known> rows{{0, 0},     {-0.0F, 8}, {0.25F, 0}, {0.26F, 1}, {0.75F, 2},
                                {1.25F, 2}, {1.75F, 4}, {2.5F, 4},  {3.5F, 6},  {5, 6},
                                {5.01F, 7}, {6, 7},     {-7, 15},   {1e30F, 7}};
  for (const auto& [number, code] : rows) EXPECT_EQ(float_to_e2m1(number), code) << number;
}

TEST(EncodeE4m3, KnownCodes) {
  const std::vector<Known> rows{{0, 0},     {-0.0F, 0x80}, {0x1p-10F, 0}, {0x3p-10F, 2},
                                {1, 0x38},  {0x1p-9F, 1},  {0x1p-6F, 8},  {17, 0x58},
                                {19, 0x5A}, {-448, 0xFE},  {464, 0x7E},   {1e30F, 0x7E}};
  for (const auto& [number, code] : rows) EXPECT_EQ(float_to_e4m3(number), code) << number;
}

TEST(DecodeE2m1, EveryCode) {
  for (std::uint8_t code = 0; code < 16; ++code) {
    const long double size = magnitude(kE2m1, code % 8);
    EXPECT_EQ(static_cast<long double>(std::fabs(e2m1_to_float(code))), size) << int{code};
    EXPECT_EQ(std::signbit(e2m1_to_float(code)), code >= 8) << int{code};
  }
}

// ---- scales -------------------------------------------------------------------------------------

/// Every power of two, the floats beside it, and many others.
Floats positive_floats() {
  Floats floats{kMaxFloat};
  for (int exponent = -149; exponent <= 127; ++exponent) {
    const float power = std::ldexp(1.0F, exponent);
    for (const float to : {0.0F, power, INFINITY}) floats.push_back(std::nextafter(power, to));
  }
  for (std::uint64_t bits = 1; bits < 0x7F800000; bits += 20483) floats.push_back(float_of(bits));
  std::erase(floats, 0.0F);
  return floats;
}

int slow_e8m0(float largest) {
  return largest == 0 ? 0 : std::clamp(std::ilogb(largest) - 2 + 127, 0, 254);
}

TEST(Scales, E8m0FollowsTheExponent) {
  EXPECT_EQ(e8m0_scale_of(0), 0);
  for (const float largest : positive_floats()) {
    ASSERT_EQ(e8m0_scale_of(largest), slow_e8m0(largest)) << std::hexfloat << largest;
  }
  for (int scale = 0; scale < 256; ++scale) {
    const double value = e8m0_to_double(static_cast<std::uint8_t>(scale));
    EXPECT_EQ(static_cast<long double>(value), std::ldexp(1.0L, scale - 127)) << scale;
  }
}

TEST(Scales, Fp8IsTheFirstBf16NotBelowTheQuotient) {
  Floats scales;  // positive, ascending
  for (std::uint64_t bits = 1; bits <= 0x7F7F; ++bits) scales.push_back(float_of(bits << 16));
  EXPECT_EQ(fp8_scale_of(0), 0x3F80);
  for (const float largest : positive_floats()) {
    const float expected = *std::lower_bound(scales.begin(), scales.end(), largest / 448.0F);
    ASSERT_EQ(bf16_to_float(fp8_scale_of(largest)), expected) << std::hexfloat << largest;
    // Below that the quotient itself is a subnormal float and may have been rounded down.
    if (largest > 0x1p-110F) {
      ASSERT_LE(largest / expected, 448) << std::hexfloat << largest;
    }
  }
}

}  // namespace
}  // namespace ckptscope::testing
