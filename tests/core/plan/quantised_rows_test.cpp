// Plans that decode and encode, as rows; the language is that of rows_test.cpp.

#include "adapters/adapter.hpp"
#include "tests/support/plan_rows.hpp"

namespace ckptscope::testing {
namespace {

const QuantScheme kMxfp4{QuantScheme::Kind::Mxfp4, "", "_blocks", "_scales"};
const QuantScheme kScaleInv{QuantScheme::Kind::Fp8, "", "", "_scale_inv"};
const QuantScheme kWeightScale{QuantScheme::Kind::Fp8, ".weight", ".weight", ".weight_scale"};
const Mapping kSchemes = mapping("", {kMxfp4, kScaleInv, kWeightScale});

const auto kLenient = [](PlanOptions& options) { options.lenient = true; };
const auto kAsF32 = [](PlanOptions& options) { options.dtype = Dtype::F32; };

auto quantise(std::optional<QuantScheme::Kind> scheme) {
  return [scheme](PlanOptions& options) { options.quantise = {false, scheme}; };
}

TEST(QuantisedRows, DecodeMxfp4) {
  const std::string_view pair = "a.w_blocks U8[2, 4, 3, 16]; a.w_scales U8[2, 4, 3]";
  expect_plans({
      {"a pair", kSchemes, to_native(), pair,
       "a.w BF16 [2, 96, 4] <- t(mxfp4(a.w_blocks, a.w_scales))\n"},
      {"--dtype", kSchemes, to_native(kAsF32), pair,
       "a.w F32 [2, 96, 4] <- cast(F32, t(mxfp4(a.w_blocks, a.w_scales)))\n"},
      {"not from native", kSchemes, to_hf(), pair,
       "a.w_blocks U8 [2, 4, 3, 16] <- a.w_blocks\na.w_scales U8 [2, 4, 3] <- a.w_scales\n" +
           kNothingToDo},
      {"other scales", kSchemes, to_native(), "a.w_blocks U8[2, 4, 3, 16]; a.w_scales U8[2, 4, 2]",
       "error    a.w_scales: shape U8 [2, 4, 2] does not fit U8 [2, 4, 3, 16], U8 and the shape "
       "of the blocks without its last dimension expected [scale-shape]\n"},
      {"scales that are no bytes", kSchemes, to_native(),
       "a.w_blocks U8[2, 4, 3, 16]; a.w_scales F32[2, 4, 3]",
       "error    a.w_scales: shape F32 [2, 4, 3] does not fit U8 [2, 4, 3, 16], U8 and the shape "
       "of the blocks without its last dimension expected [scale-shape]\n"},
      {"no scales", kSchemes, to_native(), "a.w_blocks U8[2, 4, 3, 16]",
       "error    a.w_blocks: MXFP4 blocks without a scale (_scales) [missing-scale]\n"},
      {"no blocks", kSchemes, to_native(kLenient), "a.w_scales U8[2, 4, 3]",
       "error    a.w_scales: a scale without its weight a.w_blocks [orphan-scale]\n"},
      {"a rule sees one tensor", mapping("t({p}.w) = {p}.v rows 2", {kMxfp4}), to_native(), pair,
       "a.v BF16 [2, 4, 96] <- mxfp4(a.w_blocks, a.w_scales)\n"},
  });
}

TEST(QuantisedRows, DecodeCodesOfFourBits) {
  const Mapping schemes = mapping("", known_schemes(Config()));
  const auto missing = [](const std::string& what) {
    return "error    " + what + " [missing-scale]\n";
  };
  expect_plans({
      {"int4", schemes, to_native(),
       "a.weight_packed I32[4, 8]; a.weight_scale BF16[4, 2]; a.weight_shape I32[2]",
       "a.weight BF16 [4, 64] <- int4(a.weight_packed, a.weight_scale, a.weight_shape)\n"},
      {"int4, groups of 128", schemes, to_native(kAsF32),
       "a.weight_packed I32[4, 32]; a.weight_scale F16[4, 2]; a.weight_shape I64[2]",
       "a.weight F32 [4, 256] <- cast(F32, int4(a.weight_packed, a.weight_scale, "
       "a.weight_shape))\n"},
      {"int4 without its shape", schemes, to_native(),
       "a.weight_packed I32[4, 8]; a.weight_scale BF16[4, 2]",
       missing("a.weight_packed: int4 codes without .weight_shape")},
      {"int4 without a scale", schemes, to_native(),
       "a.weight_packed I32[4, 8]; a.weight_shape I32[2]",
       missing("a.weight_packed: int4 codes without a scale (.weight_scale)")},
      {"a shape alone", schemes, to_native(), "a.weight_shape I32[2]",
       "error    a.weight_shape: a scale without its weight a.weight_packed [orphan-scale]\n"},
      {"int4 that fits no group", schemes, to_native(),
       "a.weight_packed I32[4, 5]; a.weight_scale BF16[4, 2]; a.weight_shape I32[2]",
       "error    a.weight_scale: shape BF16 [4, 2] does not fit I32 [4, 5], one number for 32, 64, "
       "128 columns expected [scale-shape]\n"},
      {"FP4", schemes, to_native(), "a.weight I8[4, 32]; a.scale F8_E8M0[4, 2]",
       "a.weight BF16 [4, 64] <- fp4(a.weight, a.scale)\n"},
      {"NVFP4 of ModelOpt", schemes, to_native(kAsF32),
       "a.weight U8[4, 32]; a.weight_scale F8_E4M3[4, 4]; a.weight_scale_2 F32[]",
       "a.weight F32 [4, 64] <- nvfp4(a.weight, a.weight_scale, a.weight_scale_2)\n"},
      {"NVFP4 of compressed-tensors", schemes, to_native(),
       "a.weight_packed U8[4, 32]; a.weight_scale F8_E4M3[4, 4]; a.weight_global_scale F32[1]",
       "a.weight BF16 [4, 64] <- nvfp4(a.weight_packed, a.weight_scale, a.weight_global_scale)\n"},
      {"NVFP4 of experts", schemes, to_native(),
       "a.weight U8[2, 4, 32]; a.weight_scale F8_E4M3[2, 4, 4]; a.weight_scale_2 F32[]",
       "a.weight BF16 [2, 4, 64] <- nvfp4(a.weight, a.weight_scale, a.weight_scale_2)\n"},
      {"NVFP4 without the scale of its scales", schemes, to_native(),
       "a.weight U8[4, 32]; a.weight_scale F8_E4M3[4, 4]",
       missing("a.weight: nvfp4 codes without .weight_scale_2")},
      {"a scale of scales for every expert", schemes, to_native(),
       "a.weight U8[2, 4, 32]; a.weight_scale F8_E4M3[2, 4, 4]; a.weight_scale_2 F32[2]",
       "error    a.weight_scale_2: shape F32 [2] does not fit U8 [2, 4, 32], 1 number expected "
       "[scale-shape]\n"},
      {"MXFP4 in rows", schemes, to_native(), "a.weight_packed U8[4, 32]; a.weight_scale U8[4, 2]",
       "a.weight BF16 [4, 64] <- mxfp4(a.weight_packed, a.weight_scale)\n"},
  });
}

std::string fp8_misfit(const std::string& scale, const std::string& weight) {
  return "error    a.w_scale_inv: shape " + scale + " does not fit " + weight +
         ", one number, one per expert, or one per block of 128 x 128 or 1 x 32, one per row "
         "expected [scale-shape]\n";
}

TEST(QuantisedRows, DecodeFp8) {
  const std::string made = "<- fp8(a.w, a.w_scale_inv)\n";
  expect_plans({
      {"a scale a tensor", kSchemes, to_native(), "a.weight F8_E4M3[4, 8]; a.weight_scale BF16[]",
       "a.weight BF16 [4, 8] <- fp8(a.weight, a.weight_scale)\n"},
      {"--dtype", kSchemes, to_native(kAsF32), "a.w F8_E5M2[4]; a.w_scale_inv F32[1]",
       "a.w F32 [4] " + made},
      {"a scale an expert", kSchemes, to_native(), "a.w F8_E4M3[2, 3, 4]; a.w_scale_inv F32[2]",
       "a.w BF16 [2, 3, 4] " + made},
      {"a scale an expert, broadcast", kSchemes, to_native(),
       "a.w F8_E4M3[2, 3, 4]; a.w_scale_inv F32[2, 1, 1]", "a.w BF16 [2, 3, 4] " + made},
      {"a scale a block", kSchemes, to_native(), "a.w F8_E4M3[200, 130]; a.w_scale_inv F32[2, 2]",
       "a.w BF16 [200, 130] " + made},
      {"blocks that do not cover", kSchemes, to_native(),
       "a.w F8_E4M3[200, 130]; a.w_scale_inv F32[2, 1]",
       fp8_misfit("F32 [2, 1]", "F8_E4M3 [200, 130]")},
      {"scales of other experts", kSchemes, to_native(),
       "a.w F8_E4M3[2, 3, 4]; a.w_scale_inv F32[3]", fp8_misfit("F32 [3]", "F8_E4M3 [2, 3, 4]")},
      {"a scale that is packed itself", kSchemes, to_native(),
       "a.w F8_E4M3[4]; a.w_scale_inv F8_E4M3[1]", fp8_misfit("F8_E4M3 [1]", "F8_E4M3 [4]")},
      {"no scale", kSchemes, to_native(), "a.w F8_E4M3[4, 4]",
       "error    a.w: F8_E4M3 without a scale (_scale_inv or .weight_scale) [missing-scale]\n"},
      {"no scale, leniently", kSchemes, to_native(kLenient), "a.w F8_E4M3[4, 4]",
       "a.w F8_E4M3 [4, 4] <- a.w\n"
       "warning  a.w: F8_E4M3 without a scale (_scale_inv or .weight_scale) [missing-scale]\n" +
           kNothingToDo},
      {"no weight", kSchemes, to_native(), "a.weight_scale F32[]",
       "error    a.weight_scale: a scale without its weight a.weight [orphan-scale]\n"},
      {"no weight, leniently", kSchemes, to_native(kLenient), "a.weight_scale F32[]",
       "drop a.weight_scale: lenient\n"
       "warning  a.weight_scale: a scale without its weight a.weight [orphan-scale]\n"},
      {"within hf, kept", kSchemes, within_hf(), "a.w F8_E4M3[4]; a.w_scale_inv F32[1]",
       "a.w F8_E4M3 [4] <- a.w\na.w_scale_inv F32 [1] <- a.w_scale_inv\n" + kNothingToDo},
      {"within hf, --quantize none", kSchemes, within_hf(quantise({})),
       "a.w F8_E4M3[4]; a.w_scale_inv F32[1]", "a.w BF16 [4] " + made},
      {"within hf nothing is renamed", mapping("{p}.w = {p}.v", {kScaleInv}),
       within_hf(quantise({})), "a.w F8_E4M3[4]; a.w_scale_inv F32[1]", "a.w BF16 [4] " + made},
  });
}

// ---- the other way ------------------------------------------------------------------------------

constexpr const char* kFp8Preset = "preset fp8 '{}'\nencode {p}.weight rank 2\nexcept norm\nend\n";

const auto kFp8 = quantise(QuantScheme::Kind::Fp8);
const auto kToMxfp4 = quantise(QuantScheme::Kind::Mxfp4);

TEST(QuantisedRows, Encode) {
  const Mapping fp8 = mapping(kFp8Preset);
  const Mapping mxfp4 = mapping("preset mxfp4 '{}'\nencode {p}.w rank 3\nend");
  const Mapping activated =
      mapping("preset fp8 activation = dynamic '{}'\nencode {p}.weight rank 2\nend");
  const std::string made =
      "a.weight F8_E4M3 [4, 8] <- fp8_codes(a.weight)\n"
      "a.weight_scale_inv BF16 [] <- fp8_scale(a.weight)\n";
  const std::string none =
      "error    no tensor is one that --quantize fp8 encodes [unquantisable]\n";
  expect_plans({
      {"fp8", fp8, to_hf(kFp8), "a.weight BF16[4, 8]", made},
      {"but for exceptions and other ranks", fp8, to_hf(kFp8),
       "a.weight BF16[4, 8]; b.norm.weight BF16[4, 8]; c.weight BF16[4]",
       made + "b.norm.weight BF16 [4, 8] <- b.norm.weight\nc.weight BF16 [4] <- c.weight\n"},
      {"within hf", fp8, within_hf(kFp8), "a.weight BF16[4, 8]", made},
      {"activation scales are left out", activated, to_hf(kFp8), "a.weight BF16[4, 8]",
       made + "note     activation scales cannot be computed from weights and are left out; the "
              "config says dynamic; --like DIR copies them [activation-scale]\n"},
      {"mxfp4", mxfp4, to_hf(kToMxfp4), "a.w BF16[2, 64, 4]",
       "a.w_blocks U8 [2, 4, 2, 16] <- mxfp4_blocks(t(a.w))\n"
       "a.w_scales U8 [2, 4, 2] <- mxfp4_scales(t(a.w))\n"},
      {"no block fits", mxfp4, to_hf(kToMxfp4), "a.w BF16[2, 65, 4]",
       "error    a.w: the input dim 65 is no multiple of 32 [unquantisable]\n"},
      {"doubles", fp8, to_hf(kFp8), "a.weight F64[4, 8]",
       "error    a.weight: F64 would be rounded twice; cast it to F32 first [unquantisable]\n"},
      {"codes of no scheme", fp8, to_hf(kFp8), "a.weight U8[4, 8]",
       "error    a.weight: U8 holds packed codes, which no scheme decodes [packed-codes]\n"},
      {"not published so", mxfp4, to_hf(kFp8), "a.weight BF16[4, 8]",
       "error    family is not published in fp8 [unquantisable]\n"},
      {"none that the preset names", fp8, to_hf(kFp8), "a.bias BF16[4]", none},
      {"some packed before", mapping(kFp8Preset, {kScaleInv}), within_hf(kFp8),
       "a.weight F8_E4M3[4, 8]; a.weight_scale_inv F32[1]; b.weight BF16[4, 8]",
       "error    1 weight in FP8 already, 1 weight not, and one config cannot tell of both: "
       "--quantize none decodes them first [unquantisable]\n"},
      {"all packed before", mapping(kFp8Preset, {kScaleInv}), within_hf(kFp8),
       "a.weight F8_E4M3[4, 8]; a.weight_scale_inv F32[1]",
       "a.weight F8_E4M3 [4, 8] <- a.weight\n"
       "a.weight_scale_inv F32 [1] <- a.weight_scale_inv\n" +
           kNothingToDo},
      {"from mxfp4 to fp8", mapping(kFp8Preset, {kMxfp4}), within_hf(kFp8),
       "a.weight_blocks U8[4, 1, 16]; a.weight_scales U8[4, 1]",
       "a.weight F8_E4M3 [32, 4] <- fp8_codes(t(mxfp4(a.weight_blocks, a.weight_scales)))\n"
       "a.weight_scale_inv BF16 [] <- fp8_scale(t(mxfp4(a.weight_blocks, a.weight_scales)))\n"},
  });
}

/// Once failed: the note counted as a problem, and nothing said that nothing was encoded.
TEST(QuantisedRows, ANoteDoesNotSilenceThatNothingIsEncoded) {
  const Mapping aliased = mapping(std::string(kFp8Preset) + "x = y.new | y.old");
  expect_plans({
      {"an alias", aliased, to_hf(kFp8), "y.old BF16[1]",
       "note     1 key is read under an alias: y.old would come back as y.new [alias]\n"
       "error    no tensor is one that --quantize fp8 encodes [unquantisable]\n"},
  });
}

}  // namespace
}  // namespace ckptscope::testing
