// --quantize and --like: what comes out has the published keys, dtypes and shapes, decodes to what
// went in, and is refused where it would not.

#include <gtest/gtest.h>

#include <set>

#include "app/planning/conversion.hpp"
#include "core/convert/convert.hpp"
#include "core/convert/verify.hpp"
#include "tests/support/on_disk.hpp"
#include "tests/support/published.hpp"
#include "tests/support/recorded.hpp"
#include "tests/support/temp_dir.hpp"

namespace ckptscope::testing {
namespace {

using Signatures = std::set<std::string>;

std::string signature(std::string_view key, Dtype dtype, ShapeView shape) {
  return std::string(key) + " " + std::string(name_of(dtype)) + " " + to_string(shape);
}

Signatures signatures(const SyntheticCheckpoint& checkpoint) {
  Signatures all;
  for (const auto& one : checkpoint.tensors) all.insert(signature(one.key, one.dtype, one.shape));
  return all;
}

Signatures signatures(const Plan& plan) {
  Signatures all;
  for (const Output& one : plan.outputs) all.insert(signature(one.key, one.dtype(), one.shape()));
  return all;
}

Signatures without_activation_scales(Signatures all) {
  std::erase_if(all,
                [](const std::string& one) { return one.find("activation_scale") != one.npos; });
  return all;
}

std::vector<std::string> errors(const Plan& plan) {
  std::vector<std::string> all;
  for (const Problem& problem : plan.problems) {
    if (problem.severity == Severity::Error) all.push_back(to_line(problem));
  }
  return all;
}

bool has(const Plan& plan, Code code) {
  return std::any_of(plan.problems.begin(), plan.problems.end(),
                     [&](const Problem& problem) { return problem.code == code; });
}

ConversionRequest request_to(const std::string& to, const std::string& quantise,
                             const std::string& like = "", const std::string& dtype = "") {
  ConversionRequest request;
  request.to = to;
  request.quantise = quantise;
  request.like = like;
  request.dtype = dtype;
  return request;
}

// ---- published structures -----------------------------------------------------------------------

struct Way {
  std::string model;
  std::string quantise;
  std::string config{};  // what it says besides
};

class PublishedForm : public ::testing::TestWithParam<Way> {};

TEST_P(PublishedForm, NativeComesBackQuantisedAsPublished) {
  const SyntheticCheckpoint model = published(GetParam().model);
  const OnDisk hf(model);
  const Plan native = plan_conversion(hf.opened, request_to("native", "", "", "bf16")).plan;
  const OnDisk disk(outputs_of(native, model.config));

  const auto back =
      plan_conversion(disk.opened, request_to("hf", GetParam().quantise, hf.dir.path()));
  EXPECT_EQ(errors(back.plan), std::vector<std::string>());
  EXPECT_EQ(signatures(back.plan), signatures(model));
  EXPECT_EQ(back.plan.quantisation_config, hf.opened.config().json("quantization_config"));

  const Plan alone = plan_conversion(disk.opened, request_to("hf", GetParam().quantise)).plan;
  EXPECT_EQ(errors(alone), std::vector<std::string>());
  Signatures expected = without_activation_scales(signatures(model));
  for (const Output& one : alone.outputs) {
    if (one.key.ends_with("e_score_correction_bias")) {
      expected.insert(signature(one.key, Dtype::F32, one.shape()));
    }
  }
  EXPECT_EQ(signatures(alone), expected);
  EXPECT_EQ(has(alone, Code::ActivationScale), GetParam().quantise == "fp8");
}

TEST_P(PublishedForm, HfDecodesAndComesBack) {
  const SyntheticCheckpoint model = published(GetParam().model);
  const OnDisk hf(model);
  const Plan plain = plan_conversion(hf.opened, request_to("hf", "none", "", "bf16")).plan;
  EXPECT_EQ(errors(plain), std::vector<std::string>());
  EXPECT_EQ(plain.account().unplaced, 0u);
  for (const Output& one : plain.outputs) {
    EXPECT_TRUE(one.dtype() == Dtype::BF16) << one.key << name_of(one.dtype());
  }
  const OnDisk disk(outputs_of(plain, model.config));
  const Plan back =
      plan_conversion(disk.opened, request_to("hf", GetParam().quantise, hf.dir.path())).plan;
  EXPECT_EQ(errors(back), std::vector<std::string>());
  EXPECT_EQ(signatures(back), signatures(model));
}

TEST_P(PublishedForm, WhatIsPackedStays) {
  const OnDisk hf(published(GetParam().model));
  const Plan plan = plan_conversion(hf.opened, request_to("hf", GetParam().quantise)).plan;
  EXPECT_EQ(errors(plan), std::vector<std::string>());
  EXPECT_TRUE(has(plan, Code::NothingToDo));
  EXPECT_TRUE(plan.quantisation_config.empty());
  EXPECT_EQ(plan.account().sources_by_kind[static_cast<std::size_t>(OutputKind::Passed)],
            plan.inputs.size());
}

INSTANTIATE_TEST_SUITE_P(Quantise, PublishedForm,
                         ::testing::Values(Way{"gpt-oss-20b", "mxfp4"}, Way{"mistral4", "fp8"},
                                           Way{"mistral4-text", "fp8"}),
                         [](const auto& test) { return "case" + std::to_string(test.index); });

/// But for scales that no weight tells.
TEST(Quantise, NemotronComesBackInTheFormsOfModelOpt) {
  for (const Way& way : {Way{"nemotron-nano-fp8", "fp8"}, Way{"nemotron-nvfp4", "nvfp4"}}) {
    SCOPED_TRACE(way.model);
    const SyntheticCheckpoint model = published(way.model);
    const OnDisk hf(model);
    const Plan native = plan_conversion(hf.opened, request_to("native", "", "", "bf16")).plan;
    const OnDisk disk(outputs_of(native, model.config));
    const Plan back = plan_conversion(disk.opened, request_to("hf", way.quantise)).plan;
    EXPECT_EQ(errors(back), std::vector<std::string>());
    EXPECT_TRUE(has(back, Code::ActivationScale));
    const Signatures expected = signatures(model);
    std::ptrdiff_t packed = 0;
    for (const Output& one : back.outputs) {
      if (one.kind != OutputKind::Encoded) continue;
      EXPECT_TRUE(expected.contains(signature(one.key, one.dtype(), one.shape()))) << one.key;
      ++packed;
    }
    const auto of_packed = [](const std::string& one) {
      return one.find(".weight_scale") != one.npos || one.find(".weight U8") != one.npos ||
             one.find(".weight F8_E4M3") != one.npos;
    };
    EXPECT_EQ(packed, std::count_if(expected.begin(), expected.end(), of_packed));
  }
}

TEST(Quantise, DecodedGptOssIsThePublishedBf16Form) {
  const OnDisk hf(published("gpt-oss-20b"));
  const Plan plain = plan_conversion(hf.opened, request_to("hf", "none")).plan;
  EXPECT_EQ(signatures(plain), signatures(published("gpt-oss-20b-bf16")));
}

// ---- values -------------------------------------------------------------------------------------

/// Converts through files, verified, and opens the result.
struct Converted {
  Converted(const Checkpoint& source, const ConversionRequest& request) {
    const PlannedConversion planned = plan_conversion(source, request);
    ConvertOptions options;
    options.out = dir / "out";
    const PlanInputs sources{source, planned.like.get()};
    Progress progress;
    losses = convert(sources, planned.plan, options, progress).losses.packed;
    opened = Checkpoint::open(dir / "out");
    EXPECT_TRUE(verify(sources, planned.plan, opened, {}, progress).verified());
  }
  TempDir dir;
  Checkpoint opened;
  std::vector<PackingLoss> losses;
};

std::string file_of(const Converted& one) {
  return read_file(one.dir / "out/model.safetensors");
}

TEST(QuantiseValues, GptOssComesBackBitForBit) {
  const OnDisk hf(recorded_case("gpt_oss-mxfp4").source);
  const Converted native(hf.opened, request_to("native", ""));
  const Converted packed(native.opened, request_to("hf", "mxfp4", hf.dir.path()));
  const Converted again(packed.opened, request_to("native", ""));
  EXPECT_EQ(file_of(native), file_of(again));
  ASSERT_EQ(packed.losses.size(), 4u);
  for (const PackingLoss& loss : packed.losses) EXPECT_TRUE(loss.exact()) << loss.key;

  const Converted plain(hf.opened, request_to("hf", "none"));
  const Converted direct(plain.opened, request_to("hf", "mxfp4"));
  EXPECT_EQ(file_of(packed), file_of(direct));  // through native or not
}

/// Forms with a scale for 32 values, or for 128 x 128: what was decoded comes back exact, under the
/// keys, dtypes and shapes that it had.
TEST(QuantiseValues, PackedRowsComeBackBitForBit) {
  const Way ways[] = {{"kimi_k25_vl-int4", "int4"},
                      {"kimi_k3-mxfp4", "mxfp4"},
                      {"minimax_m3_vl-mxfp8", "fp8"},
                      {"deepseek_v3-fp8", "fp8"},
                      {"deepseek_v3-fp8-many-blocks", "fp8"},
                      {"minimax_m2-fp8", "fp8"},
                      {"deepseek_v4-fp4", "fp8", R"("expert_dtype":"fp4",)"}};
  for (const Way& way : ways) {
    SCOPED_TRACE(way.model);
    SyntheticCheckpoint source = recorded_case(way.model).source;
    source.config.insert(1, way.config);
    const OnDisk hf(source);
    const Converted native(hf.opened, request_to("native", "", "", "bf16"));
    const Converted packed(native.opened, request_to("hf", way.quantise));
    const Converted again(packed.opened, request_to("native", "", "", "bf16"));
    EXPECT_TRUE(file_of(native) == file_of(again));
    EXPECT_FALSE(packed.losses.empty());
    for (const PackingLoss& loss : packed.losses) EXPECT_TRUE(loss.exact()) << loss.key;
    Signatures written;
    for (const TensorInfo& info : packed.opened.tensors()) {
      written.insert(signature(info.name, info.dtype, info.shape));
    }
    EXPECT_EQ(written, signatures(source));
  }
}

/// Codes that are padded, or of another width than four bits.
TEST(QuantiseValues, TheShapeBesideInt4MustBeThatOfTheCodes) {
  SyntheticCheckpoint source = recorded_case("kimi_k25_vl-int4").source;
  const auto shape =
      std::find_if(source.tensors.begin(), source.tensors.end(),
                   [](const auto& one) { return one.key.ends_with("weight_shape"); });
  ASSERT_NE(shape, source.tensors.end());
  ASSERT_EQ(shape->cycle.size(), 8u);  // two words
  ++shape->cycle[4];
  const OnDisk hf(source);
  try {
    const Converted native(hf.opened, request_to("native", ""));
    FAIL() << "not refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::ScaleShape) << error.what();
    EXPECT_NE(std::string(error.what()).find("its shape beside it says"), std::string::npos);
  }
}

/// The modules that stay as they are, where the published config lists them.
TEST(QuantiseConfig, ListsWhatIsNotPacked) {
  const OnDisk hf(recorded_case("qwen3_moe").source);
  const Converted packed(hf.opened, request_to("hf", "fp8"));
  EXPECT_EQ(packed.opened.config().json("quantization_config"),
            R"({"activation_scheme":"dynamic","fmt":"e4m3","quant_method":"fp8",)"
            R"("weight_block_size":[128,128],"modules_to_not_convert":["lm_head",)"
            R"("model.embed_tokens","model.layers.0.mlp.gate","model.layers.1.mlp.gate"]})");
}

class Mistral : public ::testing::TestWithParam<std::string> {};

/// Codes of another scale are rounded once; from then on nothing changes any more.
TEST_P(Mistral, SettlesAfterOneRound) {
  const OnDisk hf(recorded_case(GetParam()).source);
  const Converted native(hf.opened, request_to("native", "", "", "f32"));
  const Converted first(native.opened, request_to("hf", "fp8"));
  for (const PackingLoss& loss : first.losses) EXPECT_GT(loss.sqnr(), 27.0) << loss.key;
  const Converted second(first.opened, request_to("native", "", "", "f32"));
  const Converted third(second.opened, request_to("hf", "fp8"));
  for (const PackingLoss& loss : third.losses) EXPECT_TRUE(loss.exact()) << loss.key;
  EXPECT_EQ(file_of(first), file_of(third));
}

INSTANTIATE_TEST_SUITE_P(Fp8, Mistral, ::testing::Values("mistral4-fp8-bf16", "mistral4_vlm-fp8"),
                         [](const auto& test) { return "case" + std::to_string(test.index); });

TEST(QuantiseConfig, SaysHowItIsStored) {
  const OnDisk hf(recorded_case("mistral4-fp8-bf16").source);
  const Converted native(hf.opened, request_to("native", "", "", "f32"));
  EXPECT_EQ(native.opened.config().dtypes(), std::vector<std::string>{"float32"});
  const Converted packed(native.opened, request_to("hf", "fp8"));
  EXPECT_EQ(packed.opened.config().json("quantization_config"),
            R"({"activation_scheme":"dynamic","dequantize":false,"quant_method":"fp8",)"
            R"("weight_block_size":null})");
  EXPECT_EQ(packed.opened.config().dtypes(),
            std::vector<std::string>{"bfloat16"});  // of what is not packed
}

TEST(QuantiseLike, BiasThatIsNotZeroIsKept) {
  const OnDisk hf(recorded_case("mistral4-bf16-with-bias").source);
  const OnDisk like([] {
    SyntheticCheckpoint model = recorded_case("mistral4-bf16-with-bias").source;
    std::erase_if(model.tensors, [](const SyntheticTensor& one) {
      return one.key.ends_with("e_score_correction_bias");
    });
    return model;
  }());
  const Converted native(hf.opened, request_to("native", ""));
  const PlannedConversion planned =
      plan_conversion(native.opened, request_to("hf", "", like.dir.path()));
  EXPECT_EQ(errors(planned.plan), std::vector<std::string>());
  ASSERT_FALSE(planned.plan.must_be_zero.empty());
  ConvertOptions options;
  options.out = native.dir / "back";
  Progress progress;
  try {
    convert({native.opened, planned.like.get()}, planned.plan, options, progress);
    ADD_FAILURE() << "a bias was dropped";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::NotZero) << error.what();
  }
}

}  // namespace
}  // namespace ckptscope::testing
