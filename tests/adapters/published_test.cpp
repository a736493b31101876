// The published checkpoints at full size, as sparse files: what they hold, what becomes of it, and
// that keys and shapes come back.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "app/planning/conversion.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/on_disk.hpp"
#include "tests/support/plan_forms.hpp"
#include "tests/support/published.hpp"
#include "tests/support/test_names.hpp"

namespace ckptscope::testing {
namespace {

// ---- figures ------------------------------------------------------------------------------------

struct Figures {
  std::string model;
  std::uint64_t tensors;
  std::uint64_t elements;  // of all tensors, packed codes and scales included
  std::uint64_t bytes;
  std::string adapter;
  std::string dtype;  // of the request
  std::uint64_t outputs;
  std::uint64_t output_bytes;
  std::map<std::string, std::uint64_t> drops{};  // by rule
  std::uint64_t synthesised = 0;
};

void PrintTo(const Figures& figures, std::ostream* out) {
  *out << figures.model;
}

const std::vector<Figures> kFigures{
    {"gpt-oss-20b", 459, 11956805184, 13761264768, "gpt_oss", "", 411, 41829514368},
    {"gpt-oss-120b", 687, 63081444672, 65248815744, "gpt_oss", "", 615, 233658313344},
    {"gpt-oss-20b-bf16", 411, 20914757184, 41829514368, "gpt_oss", "", 411, 41829514368},
    {"nemotron-nano", 6243, 31577940288, 63155892352, "nemotron_v3", "", 401, 63155895296},
    {"nemotron-nano-fp8",
     18191,
     31577952236,
     32664128304,
     "nemotron_v3",
     "",
     413,
     63155895344,
     {{"modelopt.input_scale", 5968}}},
    {"nemotron-nvfp4",
     24159,
     18237784556,
     19323960624,
     "nemotron_v3",
     "",
     413,
     63155895344,
     {{"modelopt.input_scale", 5968}}},
    {"hy3",
     47138,
     298786155776,
     597572342272,
     "hy_v3",
     "",
     1199,
     590067117312,
     {{"hy_v3.mtp", 593}}},
    {"mistral4",
     1485,
     119401317952,
     120922770560,
     "mistral4_vlm",
     "bf16",
     801,
     238802616320,
     {{"mistral4.activation_scale", 360}},
     36},
    {"mistral4-text",
     1263,
     118972845632,
     120065825920,
     "mistral4",
     "bf16",
     579,
     237945671680,
     {{"mistral4.activation_scale", 360}},
     36},
};

std::uint64_t total(const SyntheticCheckpoint& checkpoint, const auto& measure) {
  std::uint64_t sum = 0;
  for (const SyntheticTensor& tensor : checkpoint.tensors) sum += measure(tensor);
  return sum;
}

std::uint64_t elements_of(const SyntheticTensor& tensor) {
  return element_count(tensor.shape).value();
}

std::uint64_t bytes_of(const SyntheticTensor& tensor) {
  return byte_count(tensor.dtype, tensor.shape);
}

// ---- checkpoints on disk and their plans --------------------------------------------------------

Plan plan_to(const Checkpoint& checkpoint, const std::string& to, const std::string& dtype = "") {
  ConversionRequest request;
  request.to = to;
  request.dtype = dtype;
  return plan_conversion(checkpoint, request).plan;
}

/// Every source is used once, dropped or unplaced; the last must not be.
void expect_adds_up(const Account& account) {
  std::uint64_t used = 0;
  std::uint64_t made = 0;
  for (const std::uint64_t count : account.sources_by_kind) used += count;
  for (const std::uint64_t count : account.targets_by_kind) made += count;
  EXPECT_EQ(account.sources, used + account.dropped + account.unplaced);
  EXPECT_EQ(account.unplaced, 0u);
  EXPECT_EQ(account.targets, made);
}

// ---- law 3: keys and shapes ---------------------------------------------------------------------

/// "key DTYPE [shape]" of every output, in order.
std::vector<std::string> signatures(const Plan& plan) {
  std::vector<std::string> list;
  for (const Output& output : plan.outputs) {
    list.push_back(output.key + " " + std::string(name_of(output.dtype())) + " " +
                   to_string(output.shape()));
  }
  return list;
}

/// The keys that come back: scales are used up, MXFP4 pairs are one tensor, the gate bias is new.
std::set<std::string> keys_that_return(const Plan& native) {
  std::set<std::string> keys;
  for (std::size_t id = 0; id < native.inputs.size(); ++id) {
    const std::string_view key = native.inputs[id].name;
    const bool is_scale = key.ends_with("_scale_inv") || key.ends_with(".weight_scale") ||
                          key.ends_with(".weight_scale_2") || key.ends_with("_scales");
    if (native.fates[id].kind == Fate::Kind::Dropped || is_scale) continue;
    const std::size_t packed = key.ends_with("_blocks") ? std::string_view("_blocks").size() : 0;
    keys.emplace(key.substr(0, key.size() - packed));
    const bool gets_bias = key.starts_with("language_model.") && key.ends_with("mlp.gate.weight");
    if (gets_bias)
      keys.insert(std::string(key.substr(0, key.size() - 6)) + "e_score_correction_bias");
  }
  return keys;
}

class Published : public ::testing::TestWithParam<Figures> {};

TEST_P(Published, TotalsAreThePublishedOnes) {
  const Figures& expected = GetParam();
  const SyntheticCheckpoint checkpoint = published(expected.model);
  EXPECT_EQ(checkpoint.tensors.size(), expected.tensors);
  EXPECT_EQ(total(checkpoint, elements_of), expected.elements);
  EXPECT_EQ(total(checkpoint, bytes_of), expected.bytes);
}

TEST_P(Published, BecomesNative) {
  const Figures& expected = GetParam();
  const OnDisk disk(published(expected.model));
  EXPECT_FALSE(disk.opened.damaged());
  EXPECT_EQ(disk.opened.tensors().size(), expected.tensors);
  EXPECT_EQ(disk.opened.total_bytes(), expected.bytes);
  const Plan plan = plan_to(disk.opened, "native", expected.dtype);
  expect_sound(plan);
  const Account account = plan.account();
  expect_adds_up(account);
  EXPECT_EQ(account.bytes_in, expected.bytes);
  EXPECT_EQ(account.targets, expected.outputs);
  EXPECT_EQ(account.bytes_out, expected.output_bytes);
  EXPECT_EQ(account.targets_by_kind[static_cast<int>(OutputKind::Synthesised)],
            expected.synthesised);
  EXPECT_EQ(drops_of(plan), expected.drops);
  expect_golden("plan/" + expected.model + ".txt", abridged(plan));
}

TEST_P(Published, KeysAndShapesComeBack) {
  const Figures& expected = GetParam();
  const SyntheticCheckpoint source = published(expected.model);
  const OnDisk hf(source);
  const Plan native = plan_to(hf.opened, "native", expected.dtype);

  const OnDisk native_disk(outputs_of(native, source.config));
  const Plan back = plan_to(native_disk.opened, "hf");
  expect_sound(back);
  expect_adds_up(back.account());
  std::set<std::string> keys;
  for (const Output& output : back.outputs) keys.insert(output.key);
  EXPECT_EQ(keys, keys_that_return(native));

  const OnDisk hf_again(outputs_of(back, source.config));
  const Plan again = plan_to(hf_again.opened, "native", expected.dtype);
  expect_sound(again);
  EXPECT_EQ(signatures(again), signatures(native));
}

TEST_P(Published, FamilyAndSideAreRecognised) {
  const Figures& expected = GetParam();
  const SyntheticCheckpoint source = published(expected.model);
  const OnDisk hf(source);
  const Family family = recognise_family(hf.opened.tensors(), hf.opened.config());
  ASSERT_NE(family.adapter, nullptr);
  EXPECT_EQ(family.adapter->head.id, expected.adapter);
  EXPECT_EQ(name_of(recognise_side(hf.opened.tensors(), hf.opened.config(), *family.adapter)),
            "hf");

  const Plan native = plan_to(hf.opened, "", expected.dtype);
  EXPECT_EQ(native.options.to, Side::Native);
  const OnDisk native_disk(outputs_of(native, source.config));
  EXPECT_EQ(name_of(recognise_side(native_disk.opened.tensors(), native_disk.opened.config(),
                                   *family.adapter)),
            "native");
  EXPECT_EQ(plan_to(native_disk.opened, "").options.to, Side::Hf);
}

INSTANTIATE_TEST_SUITE_P(All, Published, ::testing::ValuesIn(kFigures),
                         [](const auto& test) { return as_identifier(test.param.model); });

TEST(PublishedModels, EveryOneHasFigures) {
  std::set<std::string> named;
  for (const Figures& figures : kFigures) named.insert(figures.model);
  const std::vector<std::string>& models = published_models();
  EXPECT_EQ(named, std::set<std::string>(models.begin(), models.end()));
}

TEST(PublishedModels, FilesAreNumberedAsPublished) {
  const OnDisk zero_based(published("gpt-oss-20b"));
  const OnDisk one_based(published("hy3", {.layers = 1}));
  EXPECT_EQ(zero_based.opened.shards().front().name, "model-00000-of-00002.safetensors");
  EXPECT_EQ(zero_based.opened.shards().size(), 3u);
  EXPECT_EQ(one_based.opened.shards().back().name, "model-00112-of-00112.safetensors");
}

/// Without a dtype in the config Mistral's FP8 weights become F32, as large again as in BF16; what
/// is BF16 on disk stays.
TEST(PublishedModels, MistralDecodesToF32ByDefault) {
  constexpr std::uint64_t kInBf16 = 238802616320;
  constexpr std::uint64_t kDecodedElements = 117879865344;
  const OnDisk disk(published("mistral4"));
  const Plan plan = plan_to(disk.opened, "native");
  expect_sound(plan);
  EXPECT_EQ(plan.options.output_dtype(), Dtype::F32);
  EXPECT_EQ(plan.account().bytes_out, kInBf16 + 2 * kDecodedElements);
}

/// The config states as many layers as there are; what is beyond them is Hy3's MTP layer.
TEST(PublishedModels, ReducedOnesConvertToo) {
  for (const std::string& model : published_models()) {
    const OnDisk disk(published(model, {.layers = 2}));
    const Plan plan = plan_to(disk.opened, "native");
    expect_sound(plan);
    expect_adds_up(plan.account());
    EXPECT_EQ(drops_of(plan)["hy_v3.mtp"], model == "hy3" ? 593u : 0u) << model;
  }
}

/// A dtype in a config is a claim like any other: nothing is decoded or cast to what no kernel
/// writes, and the plan is sound in both directions all the same.
TEST(PublishedModels, ConfigsCannotAskForOtherThanFloats) {
  struct Row {
    std::string stated;
    Dtype written;
  };
  const Row rows[] = {
      {"bfloat16", Dtype::BF16}, {"float16", Dtype::F16},        {"float32", Dtype::F32},
      {"float64", Dtype::BF16},  {"float8_e4m3fn", Dtype::BF16}, {"uint8", Dtype::BF16},
      {"int64", Dtype::BF16},    {"bool", Dtype::BF16},          {"", Dtype::BF16},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.stated);
    SyntheticCheckpoint checkpoint = published("nemotron-nano-fp8", {.layers = 2});
    checkpoint.config.insert(1, "\"dtype\": \"" + row.stated + "\", ");
    const OnDisk hf(checkpoint);
    const Plan native = plan_to(hf.opened, "native");
    EXPECT_TRUE(native.sound());
    EXPECT_EQ(native.options.output_dtype(), row.written);
    const OnDisk native_disk(outputs_of(native, checkpoint.config));
    const Plan back = plan_to(native_disk.opened, "hf");
    EXPECT_TRUE(back.sound());
    EXPECT_EQ(back.options.output_dtype(), row.written);
  }
}

TEST(ManyTensors, ExactlyAsManyAsAsked) {
  for (const std::size_t count : {3, 100, 3087, 10000}) {
    const OnDisk disk(many_tensors(count, 3));
    EXPECT_FALSE(disk.opened.damaged());
    EXPECT_EQ(disk.opened.tensors().size(), count);
  }
  EXPECT_EQ(many_tensors(496620, 96).tensors.size(), 496620u);
}

}  // namespace
}  // namespace ckptscope::testing
