// Element formats against their definition, over every code.

#include "core/numbers/formats.hpp"

#include <gtest/gtest.h>

#include "tests/support/slow_formats.hpp"

namespace ckptscope::testing {
namespace {

void expect_same_number(float found, long double expected, std::uint32_t code) {
  if (std::isnan(expected)) {
    EXPECT_TRUE(std::isnan(found)) << std::hex << code;
    return;
  }
  EXPECT_EQ(static_cast<long double>(found), expected) << std::hex << code;
  EXPECT_EQ(std::signbit(found), std::signbit(expected)) << std::hex << code;
}

TEST(Numbers, EveryCodeDecodesToItsDefinition) {
  for (std::uint32_t code = 0; code < 256; ++code) {
    const auto narrow = static_cast<std::uint8_t>(code);
    expect_same_number(e4m3_to_float(narrow), slow_decode(kE4m3, code), code);
    expect_same_number(e5m2_to_float(narrow), slow_decode(kE5m2, code), code);
  }
  for (std::uint32_t code = 0; code < 65536; ++code) {
    const auto narrow = static_cast<std::uint16_t>(code);
    expect_same_number(bf16_to_float(narrow), slow_decode(kBf16, code), code);
    expect_same_number(f16_to_float(narrow), slow_decode(kF16, code), code);
  }
}

TEST(Numbers, EveryCodeComesBack) {
  for (std::uint32_t code = 0; code < 65536; ++code) {
    const auto narrow = static_cast<std::uint16_t>(code);
    const bool bf16_nan = code % 0x8000 > 0x7F80;
    const bool f16_nan = code % 0x8000 > 0x7C00;
    EXPECT_EQ(float_to_bf16(bf16_to_float(narrow)), bf16_nan ? 0x7FC0 : narrow);
    EXPECT_EQ(float_to_f16(f16_to_float(narrow)), f16_nan ? (code & 0x8000) | 0x7E00 : narrow);
  }
}

using Encode = std::uint16_t (*)(float);

void expect_nearest(Encode encode, const Nearest& nearest, float number) {
  ASSERT_EQ(encode(number), nearest(number)) << std::hexfloat << number;
  ASSERT_EQ(encode(-number), nearest(-number)) << std::hexfloat << -number;
}

/// Every number of a format, every point half-way between two, and the floats next to those.
void expect_rounding(Encode encode, const Format& format) {
  const Nearest nearest(format);
  for (std::uint32_t code = 0; code < first_special(format); ++code) {
    const long double low = magnitude(format, code);
    const auto tie = static_cast<float>((low + magnitude(format, code + 1)) / 2);
    const std::vector<float> numbers{static_cast<float>(low), tie, std::nextafter(tie, 0.0F),
                                     std::nextafter(tie, INFINITY)};
    for (const float number : numbers) expect_nearest(encode, nearest, number);
  }
  expect_nearest(encode, nearest, std::numeric_limits<float>::max());
  expect_nearest(encode, nearest, std::numeric_limits<float>::denorm_min());
  expect_nearest(encode, nearest, INFINITY);
  // A million floats of all sizes; the step is odd, so that low bits vary.
  for (std::uint64_t bits = 0; bits < 0x7F800000; bits += 2039) {
    expect_nearest(encode, nearest, std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  }
}

TEST(Numbers, FloatToBf16RoundsToNearestEven) {
  expect_rounding(float_to_bf16, kBf16);
}
TEST(Numbers, FloatToF16RoundsToNearestEven) {
  expect_rounding(float_to_f16, kF16);
}

TEST(Numbers, NanStaysNan) {
  for (const std::uint32_t bits : {0x7F800001u, 0x7FC00000u, 0x7FFFFFFFu, 0x7F80FFFFu}) {
    EXPECT_EQ(float_to_bf16(std::bit_cast<float>(bits)), 0x7FC0);
    EXPECT_EQ(float_to_bf16(std::bit_cast<float>(bits | 0x80000000)), 0x7FC0);
    EXPECT_EQ(float_to_f16(std::bit_cast<float>(bits)), 0x7E00);
    EXPECT_EQ(float_to_f16(std::bit_cast<float>(bits | 0x80000000)), 0xFE00);
  }
}

}  // namespace
}  // namespace ckptscope::testing
