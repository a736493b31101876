// The single-number encoders against ml_dtypes, where a Python has it: CKPTSCOPE_PYTHON names the
// interpreter, else it is python3.

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "core/numbers/formats.hpp"
#include "tests/support/temp_dir.hpp"

namespace ckptscope::testing {
namespace {

using Floats = std::vector<float>;

struct Oracle {
  const char* dtype;  // of ml_dtypes
  float largest;
  std::uint8_t (*encode)(float);
  float (*decode)(std::uint8_t);
};
constexpr Oracle kE2m1{"float4_e2m1fn", 6, float_to_e2m1, e2m1_to_float};
constexpr Oracle kE4m3{"float8_e4m3fn", 448, float_to_e4m3, e4m3_to_float};

/// argv: dtype, largest, file of floats, file for one byte of each. ml_dtypes does not saturate.
constexpr std::string_view kScript = R"(
import sys, numpy, ml_dtypes
dtype, largest = getattr(ml_dtypes, sys.argv[1]), float(sys.argv[2])
values = numpy.fromfile(sys.argv[3], dtype='<f4')
codes = numpy.clip(values, -largest, largest).astype(dtype)
codes.view(numpy.uint8).tofile(sys.argv[4])
)";

std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

bool python(const std::string& arguments) {
  const char* named = std::getenv("CKPTSCOPE_PYTHON");
  const std::string interpreter = named != nullptr && *named != '\0' ? named : "python3";
  return std::system((quoted(interpreter) + " " + arguments).c_str()) == 0;
}

/// Every pair of neighbouring codes: both, the point half-way between, and the floats beside it.
void add_ties(const Oracle& oracle, Floats& values) {
  for (std::uint8_t code = 0; oracle.decode(code) < oracle.largest; ++code) {
    const float low = oracle.decode(code);
    const float middle = (low + oracle.decode(static_cast<std::uint8_t>(code + 1))) / 2;
    for (const float at : {low, middle}) {
      for (const float to : {-INFINITY, at, INFINITY}) values.push_back(std::nextafter(at, to));
    }
  }
}

Floats values_for(const Oracle& oracle) {
  Floats values{std::numeric_limits<float>::denorm_min(),
                std::numeric_limits<float>::max(),
                oracle.largest,
                std::nextafter(oracle.largest, INFINITY),
                INFINITY,
                0};
  add_ties(oracle, values);
  std::mt19937 random(23);
  for (int i = 0; i < 200000; ++i) {
    const auto bits = static_cast<std::uint32_t>(random());
    const auto part = static_cast<float>(bits) * 0x1p-32F;
    const float any = std::bit_cast<float>(bits);
    if (!std::isnan(any)) values.push_back(any);
    values.push_back(part * oracle.largest * 1.2F);                        // over all codes
    values.push_back(std::ldexp(part, static_cast<int>(bits % 16) - 13));  // to their subnormals
    values.push_back(std::bit_cast<float>(bits & 0x7FFFFF));               // and those of floats
  }
  for (std::size_t i = values.size(); i-- > 0;) values.push_back(-values[i]);
  return values;
}

class EncodeOracle : public ::testing::TestWithParam<Oracle> {};

TEST_P(EncodeOracle, MlDtypesGivesTheSameCodes) {
  const Oracle& oracle = GetParam();
  const std::string probe = "-c 'import numpy, ml_dtypes; ml_dtypes.";
  if (!python(probe + oracle.dtype + "' 2>/dev/null")) GTEST_SKIP() << "no Python with ml_dtypes";
  const TempDir dir;
  const Floats values = values_for(oracle);
  write_file(dir / "script.py", kScript);
  write_file(dir / "values", {reinterpret_cast<const char*>(values.data()), values.size() * 4});
  ASSERT_TRUE(python(quoted(dir / "script.py") + " " + oracle.dtype + " " +
                     std::to_string(oracle.largest) + " " + quoted(dir / "values") + " " +
                     quoted(dir / "codes")));
  const std::string codes = read_file(dir / "codes");
  ASSERT_EQ(codes.size(), values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto expected = static_cast<std::uint8_t>(codes[i]);
    ASSERT_EQ(oracle.encode(values[i]), expected) << std::hexfloat << values[i];
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, EncodeOracle, ::testing::Values(kE2m1, kE4m3),
                         [](const auto& test) { return test.param.dtype; });

}  // namespace
}  // namespace ckptscope::testing
