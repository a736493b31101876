// The single-number encoders against ml_dtypes, over all floats: tests/golden/encode_oracle.txt has
// the first float that it rounds to each code, which tests/support/encode_oracle.py writes.

#include <gtest/gtest.h>

#include <bit>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "core/numbers/formats.hpp"

namespace ckptscope::testing {
namespace {

struct Oracle {
  const char* dtype;  // of ml_dtypes
  std::size_t codes;  // of one sign
  std::uint8_t (*encode)(float);
};
constexpr Oracle kE2m1{"float4_e2m1fn", 8, float_to_e2m1};
constexpr Oracle kE4m3{"float8_e4m3fn", 127, float_to_e4m3};

constexpr std::uint32_t kSign = 0x80000000;
constexpr std::uint32_t kInfinity = 0x7F800000;

/// Of one sign: codes by rising magnitude of their first float.
struct Step {
  unsigned code;
  std::uint32_t first;  // bits
};

std::vector<Step> steps_of(const Oracle& oracle, std::uint32_t sign) {
  std::ifstream file(CKPTSCOPE_TESTS "/golden/encode_oracle.txt");
  std::vector<Step> steps;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string dtype;
    Step step{};
    words >> dtype >> std::hex >> step.code >> step.first;
    if (dtype == oracle.dtype && (step.first & kSign) == sign) steps.push_back(step);
  }
  return steps;
}

class EncodeOracle : public ::testing::TestWithParam<Oracle> {
 protected:
  static unsigned encode(std::uint32_t bits) {
    return GetParam().encode(std::bit_cast<float>(bits));
  }
};

TEST_P(EncodeOracle, EveryCodeBeginsAndEndsWhereMlDtypesHasIt) {
  for (const std::uint32_t sign : {0u, kSign}) {
    const std::vector<Step> steps = steps_of(GetParam(), sign);
    ASSERT_EQ(steps.size(), GetParam().codes);
    ASSERT_EQ(steps.front().first, sign) << "zero";
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const std::uint32_t last = i + 1 < steps.size() ? steps[i + 1].first - 1 : sign | kInfinity;
      EXPECT_EQ(encode(steps[i].first), steps[i].code) << std::hex << steps[i].first;
      EXPECT_EQ(encode(last), steps[i].code) << std::hex << last;
    }
  }
}

/// Between its first and its last float a code has no hole.
TEST_P(EncodeOracle, FloatsOfAllSizesGetTheCodesOfMlDtypes) {
  std::mt19937 random(23);
  for (const std::uint32_t sign : {0u, kSign}) {
    const std::vector<Step> steps = steps_of(GetParam(), sign);
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const std::uint32_t end = i + 1 < steps.size() ? steps[i + 1].first : (sign | kInfinity) + 1;
      for (int k = 0; k < 4000; ++k) {
        const auto drawn = static_cast<std::uint32_t>(random());
        const std::uint32_t bits = steps[i].first + drawn % (end - steps[i].first);
        ASSERT_EQ(encode(bits), steps[i].code) << std::hex << bits;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, EncodeOracle, ::testing::Values(kE2m1, kE4m3),
                         [](const auto& test) { return test.param.dtype; });

}  // namespace
}  // namespace ckptscope::testing
