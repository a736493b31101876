// What a checkpoint holds, counted.

#include "core/inspect/summary.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/support/tensor_files.hpp"

namespace ckptscope::testing {
namespace {

TEST(Summary, CountsWeightsAndScales) {
  const TempDir dir;
  write_synthetic(dir.path(),
                  synthetic({
                      {"model.embed.weight", Dtype::BF16, {10, 4}},
                      {"model.layers.0.mlp.experts.0.w.weight", Dtype::F8_E4M3, {4, 4}},
                      {"model.layers.0.mlp.experts.0.w.weight_scale_inv", Dtype::F32, {1, 1}},
                      {"model.layers.1.mlp.experts.1.w.weight", Dtype::F8_E4M3, {4, 4}},
                      {"model.layers.1.mlp.experts.1.w.weight_scale_inv", Dtype::F32, {2, 2}},
                      {"model.layers.1.mlp.experts.2.w.weight", Dtype::F8_E5M2, {4}},
                      {"model.layers.10.down_proj_blocks", Dtype::U8, {2, 16}},
                      {"model.layers.10.down_proj_scales", Dtype::U8, {2}},
                      {"lm_head.lora_A.weight", Dtype::F32, {3}},
                      {"lonely.weight_scale", Dtype::F32, {5}},
                  }));
  const Summary summary = summarise(Checkpoint::open(dir.path()));
  EXPECT_EQ(summary.tensors, 10u);
  EXPECT_EQ(summary.bytes, 80u + 16 + 4 + 16 + 16 + 4 + 32 + 2 + 12 + 20);
  EXPECT_EQ(summary.parameters, 40u + 16 + 16 + 4 + 64 + 3 + 5);
  EXPECT_EQ(summary.scale_elements, 1u + 4 + 2);
  ASSERT_EQ(summary.packed.size(), 2u);
  EXPECT_EQ(summary.packed[0].form, "fp8");
  EXPECT_EQ(summary.packed[0].weights, 3u);
  EXPECT_EQ(summary.packed[0].with_one_scale, 1u);
  EXPECT_EQ(summary.packed[0].with_many_scales, 1u);
  EXPECT_EQ(summary.packed[1].form, "mxfp4");
  EXPECT_EQ(summary.packed[1].weights, 1u);
  EXPECT_EQ(summary.packed[1].values, 64u);
  EXPECT_EQ(summary.layers, 3u);
  EXPECT_EQ(summary.expert_layers, 2u);
  EXPECT_EQ(summary.lora_keys, 1u);

  std::string dtypes;
  for (const Summary::Row& row : summary.dtypes) {
    dtypes += fmt::format("{} {} {} {};", row.name, row.tensors, row.elements, row.bytes);
  }
  EXPECT_EQ(dtypes, "BF16 1 40 80;F32 4 13 52;U8 2 34 34;F8_E4M3 2 32 32;F8_E5M2 1 4 4;");
  std::string parts;
  for (const Summary::Row& row : summary.parts) {
    parts += fmt::format("{} {} {} {};", row.name, row.tensors, row.elements, row.bytes);
  }
  EXPECT_EQ(parts, "model 8 140 170;lonely 1 5 20;lm_head 1 3 12;");
}

TEST(Summary, OfNothing) {
  const TempDir dir;
  write_synthetic(dir.path(), synthetic({}));
  const Summary summary = summarise(Checkpoint::open(dir.path()));
  EXPECT_EQ(summary.tensors, 0u);
  EXPECT_EQ(summary.parameters, 0u);
  EXPECT_TRUE(summary.dtypes.empty());
  EXPECT_TRUE(summary.parts.empty());
}

}  // namespace
}  // namespace ckptscope::testing
