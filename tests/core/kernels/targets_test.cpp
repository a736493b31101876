// Vector kernels against the plain loops, bit for bit, on every target that this machine runs.

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "core/base/buffer.hpp"
#include "core/kernels/scalar/scalar.hpp"
#include "core/numbers/formats.hpp"
#include "tests/support/floats.hpp"

namespace ckptscope::testing {
namespace {

using Bytes = std::vector<std::byte>;
using Random = std::mt19937_64;
constexpr std::size_t kLengths[] = {0,  1,  2,  3,  7,  8,   15,  16,  17,
                                    31, 33, 63, 64, 65, 127, 500, 1024};

class Target : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { ASSERT_TRUE(choose_kernels(GetParam())); }
  void TearDown() override { choose_kernels(""); }
};

Bytes random_bytes(Random& random, std::size_t size) {
  Bytes bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

/// Floats of every size, also subnormal, but finite.
std::vector<float> random_floats(Random& random, std::size_t size, int spread) {
  std::vector<float> floats(size);
  for (float& value : floats) {
    const float mantissa = static_cast<float>(static_cast<int>(random() % 4096) - 2048) / 1024.0F;
    value = std::ldexp(mantissa, static_cast<int>(random() % (2 * spread + 1)) - spread);
  }
  return floats;
}

/// Bytes at an address that nothing is aligned at.
struct Odd {
  explicit Odd(std::size_t size) : bytes(size + 64) {}
  std::byte* data() { return bytes.data() + 1; }
  Bytes part(std::size_t size) { return {data(), data() + size}; }
  Bytes bytes;
};

TEST_P(Target, Convert) {
  Random random(1);
  const Dtype floats[] = {Dtype::BF16, Dtype::F16, Dtype::F32};
  for (const Dtype from : floats) {
    for (const Dtype to : floats) {
      for (const std::size_t count : kLengths) {
        const Bytes in = random_bytes(random, count * size_of(from));
        Odd out(count * size_of(to));
        Bytes expected(count * size_of(to));
        cast_elements(from, in.data(), to, out.data(), count);
        scalar::cast_elements(from, in.data(), to, expected.data(), count);
        ASSERT_EQ(out.part(expected.size()), expected) << name_of(from) << name_of(to) << count;
      }
    }
  }
}

TEST_P(Target, Nibbles) {
  Random random(7);
  std::array<float, 16> values;
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i) - 8;
  values[5] = -0.0F;
  for (const Dtype to : {Dtype::BF16, Dtype::F16, Dtype::F32}) {
    for (const std::size_t group : {2, 16, 32, 48, 128}) {
      for (const std::size_t count : {0, 1, 2, 3, 17}) {
        std::vector<float> scales = random_floats(random, count, 130);
        if (count > 2) scales[1] = std::numeric_limits<float>::infinity();
        if (count > 3) scales[3] = std::numeric_limits<float>::quiet_NaN();
        const Bytes codes = random_bytes(random, count * group / 2);
        Odd out(count * group * size_of(to));
        Bytes expected(count * group * size_of(to));
        decode_nibbles(codes, values, scales, group, to, out.data());
        scalar::decode_nibbles(codes, values, scales, group, to, expected.data());
        ASSERT_EQ(out.part(expected.size()), expected) << name_of(to) << group << count;
        for (std::size_t i = 0; i < count * group; ++i) {
          const auto byte = std::to_integer<std::size_t>(codes[i / 2]);
          const float product = values[i % 2 == 0 ? byte & 15 : byte >> 4] * scales[i / group];
          Bytes one(size_of(to));
          scalar::cast_elements(Dtype::F32, reinterpret_cast<const std::byte*>(&product), to,
                                one.data(), 1);
          ASSERT_EQ(std::memcmp(one.data(), &expected[i * one.size()], one.size()), 0) << i;
        }
      }
    }
  }
}

TEST_P(Target, EveryBf16AndItsNeighboursAsFloats) {
  std::vector<std::uint32_t> bits;
  for (std::uint32_t high = 0; high < 0x10000; ++high) {
    for (const std::uint32_t low : {0u, 1u, 0x7FFFu, 0x8000u, 0x8001u, 0xFFFFu}) {
      bits.push_back(high << 16 | low);
    }
  }
  Bytes out(bits.size() * 2);
  Bytes expected(out.size());
  const auto* in = reinterpret_cast<const std::byte*>(bits.data());
  cast_elements(Dtype::F32, in, Dtype::BF16, out.data(), bits.size());
  scalar::cast_elements(Dtype::F32, in, Dtype::BF16, expected.data(), bits.size());
  EXPECT_EQ(out, expected);
}

TEST_P(Target, DecodeMxfp4) {
  Random random(2);
  for (const std::size_t block : {1, 8, 16, 17}) {
    Bytes blocks(256 * 256 * block);
    Bytes scales(256 * 256);
    for (std::size_t i = 0; i < scales.size(); ++i) {  // every byte with every scale
      scales[i] = static_cast<std::byte>(i / 256);
      std::fill_n(blocks.begin() + static_cast<std::ptrdiff_t>(i * block), block,
                  static_cast<std::byte>(i % 256));
      blocks[i * block] = static_cast<std::byte>(random());
    }
    std::vector<std::uint16_t> out(blocks.size() * 2);
    std::vector<std::uint16_t> expected(out.size());
    decode_mxfp4(blocks, scales, block, out.data());
    scalar::decode_mxfp4(blocks, scales, block, expected.data());
    ASSERT_EQ(out, expected) << block;
  }
}

TEST_P(Target, DecodeFp8) {
  Random random(3);
  for (const float scale : {1.0F, 0.01F, -3.0F, 1e-30F, 1e-42F, 1e36F, INFINITY, NAN}) {
    for (const Dtype to : {Dtype::BF16, Dtype::F16, Dtype::F32}) {
      for (const Dtype from : {Dtype::F8_E4M3, Dtype::F8_E5M2}) {
        for (const std::size_t count : kLengths) {
          const Bytes in = random_bytes(random, count);
          Odd out(count * size_of(to));
          Bytes expected(count * size_of(to));
          decode_fp8(from, in.data(), scale, to, out.data(), count);
          scalar::decode_fp8(from, in.data(), scale, to, expected.data(), count);
          ASSERT_EQ(out.part(expected.size()), expected) << scale << name_of(to) << count;
        }
      }
    }
  }
}

void expect_same(const Rounding& a, const Rounding& b) {
  EXPECT_EQ(a.changed, b.changed);
  EXPECT_EQ(std::bit_cast<std::uint64_t>(a.signal), std::bit_cast<std::uint64_t>(b.signal));
  EXPECT_EQ(std::bit_cast<std::uint64_t>(a.noise), std::bit_cast<std::uint64_t>(b.noise));
}

/// `values` are the same numbers as `floats`.
template <typename Element>
void expect_plain_mxfp4(const std::vector<Element>& values, const std::vector<float>& floats) {
  const std::size_t blocks = values.size() / 32;
  const float largest = largest_magnitude(values);
  ASSERT_EQ(largest, scalar::largest_magnitude(floats));
  Odd codes(blocks * 16);
  Odd scales(blocks);
  Bytes expected_codes(blocks * 16);
  Bytes expected_scales(blocks);
  const Rounding found = encode_mxfp4(values, largest, codes.data(), scales.data());
  const Rounding expected =
      scalar::encode_mxfp4(floats, largest, expected_codes.data(), expected_scales.data());
  ASSERT_EQ(codes.part(blocks * 16), expected_codes);
  ASSERT_EQ(scales.part(blocks), expected_scales);
  expect_same(found, expected);
}

TEST_P(Target, EncodeMxfp4) {
  Random random(4);
  for (const int spread : {0, 2, 10, 60, 140}) {
    for (const std::size_t blocks : {1, 2, 3, 32}) {
      const auto values = random_floats(random, blocks * 32, std::min(spread, 120));
      expect_plain_mxfp4(values, values);
    }
  }
}

std::vector<std::uint16_t> as_bf16(const std::vector<float>& values) {
  std::vector<std::uint16_t> bits(values.size());
  std::transform(values.begin(), values.end(), bits.begin(), float_to_bf16);
  return bits;
}

std::vector<float> as_floats(const std::vector<std::uint16_t>& bf16) {
  std::vector<float> values(bf16.size());
  std::transform(bf16.begin(), bf16.end(), values.begin(), bf16_to_float);
  return values;
}

TEST_P(Target, EncodeBf16AsMxfp4) {
  Random random(10);
  for (const int spread : {0, 2, 10, 60, 140}) {
    for (const std::size_t blocks : {1, 2, 3, 32}) {
      const auto values = as_bf16(random_floats(random, blocks * 32, std::min(spread, 120)));
      expect_plain_mxfp4(values, as_floats(values));
    }
  }
}

/// Values in a dtype that holds them; every third is a code times the scale.
std::vector<float> nearly_decoded(Random& random, std::size_t count, Dtype dtype, float scale,
                                  const auto& value_of) {
  auto values = random_floats(random, count, 12);
  for (std::size_t i = 0; i < count; ++i) {
    if (i % 3 == 0) values[i] = value_of(static_cast<std::uint8_t>(random() % 0x7E));
    values[i] = rounded_to(dtype, values[i] * scale);
  }
  return values;
}

void expect_same_codes(Random& random, const auto& value_of, const auto& encode,
                       const auto& plainly) {
  for (const float scale : {1.0F, 0.01F, 3e-38F, 1e20F}) {
    for (const std::size_t count : kLengths) {
      for (const Dtype dtype : {Dtype::F32, Dtype::BF16, Dtype::F16}) {
        if (dtype == Dtype::F16 && scale > 1) continue;  // which holds no such values
        const auto values = nearly_decoded(random, count, dtype, scale, value_of);
        Odd codes(count);
        Bytes expected(count);
        const Rounding found = encode(values, dtype, scale, codes.data());
        const Rounding plain = plainly(values, dtype, scale, expected.data());
        ASSERT_EQ(codes.part(count), expected) << scale << " " << count;
        expect_same(found, plain);
      }
    }
  }
}

TEST_P(Target, EncodeFp8) {
  Random random(5);
  const auto encode = [](const std::vector<float>& values, Dtype dtype, float scale,
                         std::byte* codes) { return encode_fp8(values, dtype, scale, codes); };
  const auto plainly = [](const std::vector<float>& values, Dtype dtype, float scale,
                          std::byte* codes) {
    return scalar::encode_fp8(values, dtype, scale, codes);
  };
  expect_same_codes(random, e4m3_to_float, encode, plainly);
}

TEST_P(Target, EncodeBf16AsFp8) {
  Random random(11);
  for (const float scale : {1.0F, 0.01F, 3e-38F, 1e20F}) {
    for (const std::size_t count : kLengths) {
      const auto values = nearly_decoded(random, count, Dtype::BF16, scale, e4m3_to_float);
      Odd codes(count);
      Bytes expected(count);
      const Rounding found = encode_fp8(as_bf16(values), scale, codes.data());
      const Rounding plain = scalar::encode_fp8(values, Dtype::BF16, scale, expected.data());
      ASSERT_EQ(codes.part(count), expected) << scale << " " << count;
      expect_same(found, plain);
    }
  }
}

TEST_P(Target, EncodeE2m1) {
  Random random(8);
  const auto value_of = [](std::uint8_t code) { return e2m1_to_float(code % 16); };
  expect_same_codes(random, value_of, encode_e2m1, scalar::encode_e2m1);
}

TEST_P(Target, RoundInt4) {
  Random random(9);
  const auto value_of = [](std::uint8_t code) { return static_cast<float>(code % 16) - 8; };
  for (const float scale : {1.0F, 0.01F, 3e-38F, 1e20F}) {
    for (const float divisor : {scale, rounded_to(Dtype::BF16, scale * 1.003F)}) {
      auto values = nearly_decoded(random, kInt4Block, Dtype::BF16, scale, value_of);
      values[7] = -0.0F;
      const auto group = std::span(values).first<kInt4Block>();
      Odd codes(kInt4Block);
      Bytes expected(kInt4Block);
      const Rounding found = round_int4(group, divisor, scale, codes.data());
      const Rounding plain = scalar::round_int4(group, divisor, scale, expected.data());
      ASSERT_EQ(codes.part(kInt4Block), expected) << scale;
      expect_same(found, plain);
      EXPECT_GE(found.changed, 1u) << "-0 comes back as 0";
    }
  }
}

TEST_P(Target, LargestMagnitude) {
  Random random(6);
  for (const std::size_t count : kLengths) {
    auto values = random_floats(random, count, 100);
    EXPECT_EQ(largest_magnitude(values), scalar::largest_magnitude(values));
    const auto bf16 = as_bf16(values);
    EXPECT_EQ(largest_magnitude(bf16), scalar::largest_magnitude(as_floats(bf16)));
    if (values.empty()) continue;
    values[random() % count] = -INFINITY;
    EXPECT_TRUE(std::isinf(largest_magnitude(values)));
    values[random() % count] = NAN;
    EXPECT_TRUE(std::isnan(largest_magnitude(values)));
  }
}

TEST_P(Target, Transpose) {
  Random random(7);
  const std::size_t sides[] = {1, 3, 8, 16, 63, 64, 65, 130, 300};
  Buffer aligned;  // so that whole lines can go past the caches
  for (const std::size_t size : {1, 2, 4, 8}) {
    for (const std::size_t rows : sides) {
      for (const std::size_t cols : sides) {
        for (const std::size_t gap : {0, 3}) {  // between rows here and columns there, in elements
          const std::size_t pitch = (cols + gap) * size;
          const Bytes bytes = random_bytes(random, rows * pitch);
          const MatrixRows in{bytes.data(), rows, cols, pitch};
          const std::size_t stride = (rows + gap) * size;
          Bytes expected(cols * stride + 64);
          const auto out = aligned.take(expected.size());
          std::fill(out.begin(), out.end(), std::byte{});
          strided_copy(in, size, out.data(), static_cast<std::ptrdiff_t>(size),
                       static_cast<std::ptrdiff_t>(stride));
          scalar::strided_copy(in, size, expected.data(), static_cast<std::ptrdiff_t>(size),
                               static_cast<std::ptrdiff_t>(stride));
          ASSERT_EQ(Bytes(out.begin(), out.end()), expected)
              << size << ": " << rows << " x " << cols << " + " << gap;
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Kernels, Target, ::testing::ValuesIn(kernel_targets()),
                         [](const auto& test) { return test.param; });

TEST(Kernels, AreChosenByName) {
  EXPECT_TRUE(choose_kernels("scalar"));
  EXPECT_EQ(kernel_target(), "scalar");
  EXPECT_FALSE(choose_kernels("abacus"));
  EXPECT_TRUE(choose_kernels(""));
  EXPECT_EQ(kernel_target(), kernel_targets().front());
}

}  // namespace
}  // namespace ckptscope::testing
