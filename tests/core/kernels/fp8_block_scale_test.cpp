// Scales that bring back every value of a block, found from the values alone.

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "core/kernels/kernels.hpp"
#include "core/numbers/formats.hpp"
#include "tests/support/floats.hpp"

namespace ckptscope::testing {
namespace {

/// Values as weights have them, quantised with a scale and decoded to `dtype`.
std::vector<float> decoded(std::mt19937& random, Dtype dtype, float scale, std::size_t count) {
  std::normal_distribution<float> normal(0, 100);
  std::vector<float> values(count);
  for (float& value : values) {
    value = rounded_to(
        dtype, e4m3_to_float(float_to_e4m3(std::clamp(normal(random), -448.0F, 448.0F))) * scale);
  }
  values[count / 2] = rounded_to(dtype, -448 * scale);  // scales are those of the largest value
  return values;
}

std::uint64_t changed(std::span<const float> values, Dtype dtype, float scale) {
  std::vector<std::byte> codes(values.size());
  std::uint64_t count = 0;
  for (std::size_t at = 0; at < values.size(); at += 1024) {
    const auto part = values.subspan(at, std::min<std::size_t>(1024, values.size() - at));
    count += encode_fp8(part, dtype, scale, codes.data()).changed;
  }
  return count;
}

struct Row {
  Dtype values;
  Dtype scales;
};

class BlockScale : public ::testing::TestWithParam<Row> {};

TEST_P(BlockScale, BringsBackWhatWasDecoded) {
  const auto [dtype, scales] = GetParam();
  std::mt19937 random(7);
  std::uniform_real_distribution<float> exponent(-14, -6);
  int plain = 0;  // for which largest / 448 would have done
  for (int i = 0; i < 300; ++i) {
    const float scale = rounded_to(scales, std::exp2(exponent(random)));
    const std::vector<float> values = decoded(random, dtype, scale, i % 2 == 0 ? 16384 : 300);
    const float found = fp8_block_scale(values, dtype, scales);
    EXPECT_EQ(found, rounded_to(scales, found));
    EXPECT_EQ(changed(values, dtype, found), 0u) << i << " " << scale << " " << found;
    const float usual = std::fabs(values[values.size() / 2]) / 448;
    plain += changed(values, dtype, rounded_to(scales, usual)) == 0 ? 1 : 0;
  }
  EXPECT_LT(plain, 300);  // else the test shows nothing
}

INSTANTIATE_TEST_SUITE_P(Fp8, BlockScale,
                         ::testing::Values(Row{Dtype::BF16, Dtype::F32},
                                           Row{Dtype::F16, Dtype::F32},
                                           Row{Dtype::BF16, Dtype::BF16},
                                           Row{Dtype::F32, Dtype::F32}),
                         [](const auto& test) {
                           return std::string(name_of(test.param.values)) + "_" +
                                  std::string(name_of(test.param.scales));
                         });

TEST(BlockScale, IsUsualWhereNoScaleBringsAllBack) {
  std::vector<float> values(16384);
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  for (float& value : values) value = rounded_to(Dtype::BF16, normal(random));
  const float largest = largest_magnitude(std::span(values).first(1024));
  values.resize(1024);
  EXPECT_EQ(fp8_block_scale(values, Dtype::BF16, Dtype::F32), largest / 448);
  const float rounded = fp8_block_scale(values, Dtype::BF16, Dtype::BF16);
  EXPECT_GE(rounded, largest / 448);
  EXPECT_EQ(rounded, rounded_to(Dtype::BF16, rounded));
}

TEST(BlockScale, OfExtremes) {
  const std::vector<float> zeros(16384);
  EXPECT_EQ(fp8_block_scale(zeros, Dtype::BF16, Dtype::F32), 1);
  std::vector<float> one(300);
  one[7] = 0x1p-149F;
  EXPECT_GT(fp8_block_scale(one, Dtype::F32, Dtype::F32), 0);
  one[7] = bf16_to_float(0x7F7F);
  EXPECT_TRUE(std::isfinite(fp8_block_scale(one, Dtype::BF16, Dtype::F32)));
  EXPECT_TRUE(std::isfinite(fp8_block_scale(one, Dtype::BF16, Dtype::BF16)));
}

}  // namespace
}  // namespace ckptscope::testing
