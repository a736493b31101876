// Plans of recorded checkpoints, and what a plan costs. Rows of small ones: rows_test.cpp.

#include "core/plan/planner.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "app/planning/conversion.hpp"
#include "tests/support/plan_rows.hpp"
#include "tests/support/recorded.hpp"
#include "tests/support/temp_dir.hpp"

namespace ckptscope::testing {
namespace {

TEST(Plan, PlacesEveryKeyOfARankSlice) {
  const RecordedCase& recorded = recorded_case("hy_v3-moe-mtp");
  const TempDir dir;
  write_synthetic(dir.path(), recorded.source);
  const Checkpoint checkpoint = Checkpoint::open(dir.path());
  const Plan whole = plan_conversion(checkpoint, {}).plan;
  PlanOptions options = whole.options;
  options.experts = ExpertSlice{0, 2, 4};
  const Mapping mapping = mapping_of(*find_adapter("hy_v3"), checkpoint.config(), {});
  const Plan slice = make_plan({checkpoint.tensors(), checkpoint.keys()}, mapping, options);
  const Output* output = slice.find_output("model.layers.1.mlp.experts.down_projs");
  ASSERT_NE(output, nullptr);
  EXPECT_EQ(to_shape(output->shape()), (Shape{3, 40, 56}));
  EXPECT_NE(slice.expression(*output).find("E=2..4"), std::string::npos);
  EXPECT_EQ(slice.account().unplaced, 0u);
}

TEST(Plan, WithoutAConfigInfersTheExpertsAndLosesNone) {
  for (const char* name : {"hy_v3-moe-mtp", "nemotron_v3-moe"}) {
    SyntheticCheckpoint source = recorded_case(name).source;
    source.config.clear();
    const TempDir dir;
    write_synthetic(dir.path(), source);
    const Checkpoint checkpoint = Checkpoint::open(dir.path());
    ConversionRequest request;
    request.adapter = recorded_case(name).adapter;
    const Plan plan = plan_conversion(checkpoint, request).plan;
    EXPECT_TRUE(plan.sound()) << name;
    EXPECT_EQ(plan.account().unplaced, 0u) << name;
    EXPECT_TRUE(std::any_of(plan.problems.begin(), plan.problems.end(),
                            [](const Problem& one) { return one.code == Code::Inferred; }));
  }
}

TEST(Plan, ClaimsOfEmptyTensorsCostNothing) {
  const Shape experts{1ull << 40, 0, 8};
  const Shape gate{1ull << 62, 0};
  const TensorInfo tensors[] = {
      {"model.layers.0.mlp.experts.gate_and_up_projs", experts, 0, 0, Dtype::BF16},
      {"model.layers.0.mlp.gate.weight", gate, 0, 0, Dtype::BF16}};
  const KeyIndex index(tensors);
  PlanOptions options;
  std::swap(options.from, options.to);
  EXPECT_FALSE(
      make_plan({tensors, index}, mapping_of(*find_adapter("hy_v3"), {}, {}), options).sound());
  EXPECT_FALSE(
      make_plan({tensors, index}, mapping_of(*find_adapter("mistral4"), {}, {}), {}).sound());
}

TEST(Plan, SaysWhichPartIsMissing) {
  const Mapping joined = mapping("cat(0, {p}.q, {p}.k) = {p}.qkv");
  const TensorInfo tensors[] = {{"a.q", {}, 0, 0, Dtype::BF16}};
  const KeyIndex index(tensors);
  const Plan plan = make_plan({tensors, index}, joined, {});
  ASSERT_EQ(plan.problems.size(), 1u);
  EXPECT_EQ(plan.problems[0].code, Code::MissingPart);
  EXPECT_EQ(plan.problems[0].message, "a.qkv: its part {p}.k is missing");
}

/// Keys are looked up by several threads, and so many of them at a time.
TEST(Plan, OfMoreKeysThanAreLookedUpAtOnce) {
  constexpr int kLayers = 20'000;
  std::string text;
  for (const char* part : {"q", "k", "o"}) {
    for (int layer = 0; layer < kLayers; ++layer) {
      text += fmt::format("{}layers.{}.{} BF16[1, 2]", text.empty() ? "" : ";", layer, part);
    }
  }
  const TensorTexts tensors(text);
  const Plan plan = make_plan(tensors.list(), mapping("cat(0, {p}.q, {p}.k) = {p}.qkv"), {});
  ASSERT_TRUE(plan.sound());
  ASSERT_EQ(plan.outputs.size(), 2u * kLayers);
  for (int layer = 0; layer < kLayers; layer += 997) {
    const std::string key = fmt::format("layers.{}", layer);
    const Output* output = plan.find_output(key + ".qkv");
    ASSERT_NE(output, nullptr) << key;
    EXPECT_EQ(plan.expression(*output), fmt::format("cat(-2, {0}.q, {0}.k)", key));
  }
}

}  // namespace
}  // namespace ckptscope::testing
