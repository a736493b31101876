// Casts and FP8 decoding against one number at a time.

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "core/checkpoint/synthetic.hpp"
#include "core/kernels/kernels.hpp"
#include "tests/support/slow_formats.hpp"

namespace ckptscope::testing {
namespace {

using Random = std::mt19937_64;

TEST(Convert, EveryNumberIsTried) {
  std::size_t numbers = 0;
  for (const DtypeRow& row : dtype_table()) {
    if (!row.is_number) continue;
    ++numbers;
    EXPECT_EQ(is_fp8(row.dtype), row.bits == 8) << row.name;
  }
  EXPECT_EQ(numbers, kNumbers.size());
}

TEST(Convert, EveryPairAtEveryLengthAndAlignment) {
  for (const Dtype from : kNumbers) {
    for (const Dtype to : kTargets) {
      if (from == to) continue;
      for (const std::uint64_t count : {0, 1, 511, 512, 513, 1500}) {
        const Bytes data = synthetic_bytes({"convert", from, {count}}, 7);
        Bytes in(data.size() + 1);
        std::copy(data.begin(), data.end(), in.begin() + 1);
        Bytes out(count * size_of(to) + 2, std::byte{0xAA});
        Bytes expected = out;
        for (std::uint64_t i = 0; i < count; ++i) {
          encode_one(to, decode_one(from, &data[i * size_of(from)]),
                     &expected[1 + i * size_of(to)]);
        }
        cast_elements(from, in.data() + 1, to, out.data() + 1, count);
        ASSERT_EQ(out, expected) << name_of(from) << " to " << name_of(to) << ", " << count;
      }
    }
  }
}

TEST(Convert, TheSameDtypeIsACopy) {
  for (const Dtype dtype : kTargets) {
    const Bytes data = synthetic_bytes({"copy", dtype, {777}, Filling::Raw}, 1);
    Bytes out(data.size());
    cast_elements(dtype, data.data(), dtype, out.data(), 777);
    EXPECT_EQ(out, data) << name_of(dtype);
  }
}

/// Usual, subnormal and huge ones, and some that make infinities and NaN.
std::vector<float> fp8_scales() {
  std::vector<float> scales{1.0F,     0.0F,       -0.0F,   0.5F,    1.0F / 3.0F, 448.0F, 1e-40F,
                            1.4e-45F, 1.175e-38F, 3.4e38F, 7.5e35F, -2.5F,       1e-30F, 1e30F,
                            INFINITY, -INFINITY,  NAN,     6.1e-5F, 5.96e-8F,    1.7F};
  Random random(11);
  while (scales.size() < 300)
    scales.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(random())));
  return scales;
}

void expect_fp8(Dtype from, Dtype to, float scale, std::size_t count) {
  const std::size_t size = size_of(to);
  Bytes codes(count + 1);  // the first byte only shifts what follows
  for (std::size_t i = 0; i < count; ++i) codes[i + 1] = static_cast<std::byte>(i * 5 + count);
  Bytes out(count * size + 2, std::byte{0xAA});
  decode_fp8(from, codes.data() + 1, scale, to, out.data() + 1, count);
  ASSERT_EQ(out.front(), std::byte{0xAA});
  ASSERT_EQ(out.back(), std::byte{0xAA});
  for (std::size_t i = 0; i < count; ++i) {
    std::byte expected[4];
    slow_fp8(from, codes[i + 1], scale, to, expected);
    const std::byte* found = &out[1 + i * size];
    const bool nan = std::isnan(decode_one(to, expected));  // whose sign and payload stay open
    ASSERT_TRUE(nan ? std::isnan(decode_one(to, found)) : std::memcmp(found, expected, size) == 0)
        << name_of(from) << " " << std::to_integer<int>(codes[i + 1]) << " * " << scale << " to "
        << name_of(to) << ", " << i << " of " << count;
  }
}

TEST(DecodeFp8, EveryCodeUnderManyScales) {
  for (const Dtype from : {Dtype::F8_E4M3, Dtype::F8_E5M2}) {
    for (const Dtype to : {Dtype::BF16, Dtype::F16, Dtype::F32}) {
      for (const float scale : fp8_scales()) expect_fp8(from, to, scale, 256);
      // Up to 255 and from 256 on the kernel goes different ways.
      for (const std::size_t count : {0, 1, 5, 255, 257, 1000}) expect_fp8(from, to, 0.37F, count);
    }
  }
}

}  // namespace
}  // namespace ckptscope::testing
