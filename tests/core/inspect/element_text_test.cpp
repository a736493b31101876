// One element as text.

#include "core/inspect/element_text.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cstdlib>
#include <limits>

#include "tests/support/tensor_files.hpp"

namespace ckptscope::testing {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

std::string text_of(Dtype dtype, const std::string& bytes) {
  return element_text(std::as_bytes(std::span(bytes)), dtype);
}

TEST(ElementText, Rows) {
  struct Row {
    Dtype dtype;
    std::string bytes;
    std::string text;
  };
  const Row rows[] = {
      {Dtype::F32, raw<float>({1}), "1"},
      {Dtype::F32, raw<float>({0.1F}), "0.1"},
      {Dtype::F32, raw<float>({-0.F}), "-0"},
      {Dtype::F32, raw<float>({kNan}), "nan"},
      {Dtype::F32, raw<float>({kInf}), "inf"},
      {Dtype::F32, raw<float>({-kInf}), "-inf"},
      {Dtype::F32, raw<float>({16777216}), "16777216"},
      {Dtype::F64, raw<double>({0.1}), "0.1"},
      {Dtype::F64, raw<double>({1e300}), "1e+300"},
      {Dtype::BF16, raw<std::uint16_t>({0x3F80}), "1"},
      {Dtype::BF16, raw<std::uint16_t>({0xBFC0}), "-1.5"},
      {Dtype::BF16, raw<std::uint16_t>({0x8000}), "-0"},
      {Dtype::F16, raw<std::uint16_t>({0x3C00}), "1"},
      {Dtype::F16, raw<std::uint16_t>({0x7BFF}), "65504"},
      {Dtype::F8_E4M3, raw<std::uint8_t>({0x7E}), "448"},
      {Dtype::F8_E4M3, raw<std::uint8_t>({0x7F}), "nan"},
      {Dtype::F8_E5M2, raw<std::uint8_t>({0x7B}), "57344"},
      {Dtype::F8_E5M2, raw<std::uint8_t>({0xFC}), "-inf"},
      {Dtype::F8_E8M0, raw<std::uint8_t>({127}), "2^0"},
      {Dtype::F8_E8M0, raw<std::uint8_t>({0}), "2^-127"},
      {Dtype::F8_E8M0, raw<std::uint8_t>({255}), "nan"},
      {Dtype::I8, raw<std::int8_t>({-128}), "-128"},
      {Dtype::U8, raw<std::uint8_t>({200}), "200"},
      {Dtype::BOOL, raw<std::uint8_t>({1}), "1"},
      {Dtype::BOOL, raw<std::uint8_t>({2}), "2"},
      {Dtype::I16, raw<std::int16_t>({-32768}), "-32768"},
      {Dtype::U16, raw<std::uint16_t>({65535}), "65535"},
      {Dtype::I32, raw<std::int32_t>({-1}), "-1"},
      {Dtype::U32, raw<std::uint32_t>({4294967295u}), "4294967295"},
      {Dtype::I64, raw<std::int64_t>({std::numeric_limits<std::int64_t>::min()}),
       "-9223372036854775808"},
      {Dtype::U64, raw<std::uint64_t>({~0ull}), "18446744073709551615"},
      {Dtype::C64, raw<float>({1.5F, 2}), "1.5+2i"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(text_of(row.dtype, row.bytes), row.text) << name_of(row.dtype);
  }
}

/// Once failed: "1+-2i".
TEST(ElementText, NegativeImaginaryPart) {
  EXPECT_EQ(text_of(Dtype::C64, raw<float>({1, -2})), "1-2i");
}

TEST(ElementText, ReadsBackAsTheSameNumber) {
  for (std::uint32_t high = 0; high < 65536; ++high) {
    const auto code = static_cast<std::uint16_t>(high);
    const float expected = std::bit_cast<float>(high << 16);
    const std::string text = text_of(Dtype::BF16, raw<std::uint16_t>({code}));
    if (expected != expected) {
      ASSERT_TRUE(text == "nan" || text == "-nan") << text;
      continue;
    }
    ASSERT_EQ(std::bit_cast<std::uint32_t>(std::strtof(text.c_str(), nullptr)), high << 16) << text;
  }
}

}  // namespace
}  // namespace ckptscope::testing
