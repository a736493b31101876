// The largest magnitude of a run, on every target.

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "core/kernels/kernels.hpp"
#include "tests/support/floats.hpp"

namespace ckptscope::testing {
namespace {

class LargestMagnitude : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { ASSERT_TRUE(choose_kernels(GetParam())); }
  void TearDown() override { choose_kernels(""); }
};

TEST_P(LargestMagnitude, OfSpecialValues) {
  EXPECT_EQ(largest_magnitude(Floats{}), 0);
  EXPECT_EQ(largest_magnitude(Floats{2, -3, 1}), 3);
  EXPECT_FALSE(std::signbit(largest_magnitude(Floats{-0.0F, 0})));
  EXPECT_EQ(largest_magnitude(Floats{0, -kMinFloat}), kMinFloat);
  EXPECT_EQ(largest_magnitude(Floats{1, -INFINITY, kMaxFloat}), INFINITY);
  for (const float nan : {float_of(0x7F800001), float_of(0xFF800001), float_of(0xFFFFFFFF)}) {
    EXPECT_TRUE(std::isnan(largest_magnitude(Floats{1, nan, 2})));
    EXPECT_TRUE(std::isnan(largest_magnitude(Floats{-INFINITY, nan, INFINITY})));
  }
}

TEST_P(LargestMagnitude, AtEveryPlaceOfEveryLength) {
  for (std::size_t length = 1; length < 70; ++length) {
    for (std::size_t at = 0; at < length; ++at) {
      Floats values(length, 0.5F);
      values[at] = at % 2 == 0 ? 0.75F : -0.75F;
      ASSERT_EQ(largest_magnitude(values), 0.75F) << at << " of " << length;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, LargestMagnitude, ::testing::ValuesIn(kernel_targets()),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace ckptscope::testing
