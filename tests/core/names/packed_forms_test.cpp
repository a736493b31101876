// Published packed forms, by names, dtypes and shapes.

#include "core/names/packed_forms.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/support/tensor_texts.hpp"

namespace ckptscope::testing {
namespace {

TEST(PackedForms, Rows) {
  struct Row {
    std::string tensors;  // the first is asked about
    std::string form;     // "form values", "part", or empty
  };
  const Row rows[] = {
      {"x_blocks U8[4, 2, 16]; x_scales U8[4, 2]", "mxfp4 256"},
      {"x.weight U8[4, 8]; x.weight_scale_2 F32[]", "nvfp4 64"},
      {"x.weight_packed U8[4, 8]; x.weight_global_scale F32[1]", "nvfp4 64"},
      {"x.weight_packed I32[4, 8]; x.weight_scale F16[4, 1]", "pack-quantized 256"},
      {"x.qweight I32[4, 8]; x.g_idx I32[32]; x.scales F16[1, 8]", "gptq 256"},
      {"x.qweight I32[4, 8]; x.qzeros I32[1, 1]; x.scales F16[1, 64]", "awq 256"},
      {"x.weight U8[4, 16]; x.weight_scale U8[4, 1]", "mxfp4 128"},
      {"x.weight U8[32, 1]; x.weight.absmax F32[1]", "bitsandbytes 4-bit 64"},
      {"x.weight I8[4, 8]; x.SCB F32[4]", "bitsandbytes int8 32"},
      {"x.weight I8[4, 8]; x.weight_scale F32[4, 1]", "int8 32"},
      {"x.weight I8[4, 16]; x.scale F8_E8M0[4, 1]", "fp4 128"},
      {"x.weight F8_E4M3[4, 8]; x.weight_scale F32[]", "fp8 32"},
      {"x.weight F8_E4M3[4, 8]", "fp8 32"},
      {"x.weight_scale F8_E4M3[4, 1]; x.weight U8[4, 8]", "part"},
      {"x.qzeros I32[1, 1]; x.qweight I32[4, 8]", "part"},
      {"x.weight_scale F16[4, 1]; x.weight_packed I32[4, 8]", "part"},
      {"x.weight BF16[4, 8]; x.scale BF16[4]", ""},
      {"x.scale BF16[4]", ""},
      {"x.weight U8[4, 8]", ""},
  };
  for (const Row& row : rows) {
    const TensorTexts texts(row.tensors);
    const auto packed = packed_weight(texts.list(), 0);
    std::string found = packed ? fmt::format("{} {}", packed->form, packed->values) : "";
    if (is_part_of_weight(texts.list(), 0)) found += "part";
    EXPECT_EQ(found, row.form) << row.tensors;
  }
}

TEST(PackedForms, BitsOfTheConfig) {
  const TensorTexts texts("x.qweight I32[12, 64]; x.scales F16[1, 64]");
  EXPECT_EQ(packed_weight(texts.list(), 0, 3)->values, 128u * 64);
  EXPECT_EQ(packed_weight(texts.list(), 0, 8)->values, 12u * 64 * 4);
  EXPECT_EQ(packed_weight(texts.list(), 0, 0)->values, 12u * 64 * 8);
  EXPECT_EQ(packed_weight(texts.list(), 0, 99)->values, 12u * 64 * 8);
}

}  // namespace
}  // namespace ckptscope::testing
