// Packed weights and their scales as logical tensors.

#include "core/plan/decoding.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "tests/support/tensor_texts.hpp"
#include "tests/support/value_texts.hpp"

namespace ckptscope::testing {
namespace {

const std::vector<QuantScheme> kSchemes{
    written_form(PackAs::Int4).scheme,
    {QuantScheme::Kind::Mxfp4, "", "_blocks", "_scales"},
    {.kind = QuantScheme::Kind::Fp8, .scale_suffix = "_scale_inv", .kv_heads = 4},
    written_form(PackAs::Nvfp4).scheme,
    {QuantScheme::Kind::Fp8, ".weight", ".weight", ".weight_scale"},
};

/// "key = value" of every logical tensor, then "orphan key", then the problems, line by line.
std::string decoded(const std::string& text, const DecodeOptions& options,
                    const std::string& dropped_key = "") {
  const TensorTexts tensors(text);
  const auto name_of_input = [&](std::uint32_t id) {
    return std::string(tensors.infos()[id].name);
  };
  std::vector<bool> dropped;
  for (const TensorInfo& info : tensors.infos()) dropped.push_back(info.name == dropped_key);
  Values values;
  const Decoded found = decode(tensors.list(), kSchemes, dropped, options, values);
  std::string out;
  for (const LogicalTensor& tensor : found.tensors) {
    EXPECT_EQ(tensor.key, tensor.origin);
    out += std::string(tensor.key) + " = " + text_of(*tensor.value, name_of_input) + "\n";
  }
  for (const std::uint32_t id : found.orphan_scales) out += "orphan " + name_of_input(id) + "\n";
  return out + lines_of(found.problems);
}

TEST(Decoding, Rows) {
  const DecodeOptions plain{{}, Dtype::BF16};
  const DecodeOptions lenient{{}, Dtype::BF16, true};
  const auto keeping = [](PackAs as) {
    return DecodeOptions{{}, Dtype::BF16, false, &written_form(as).scheme};
  };
  const DecodeOptions keep_fp8 = keeping(PackAs::Fp8);
  const DecodeOptions keep_mxfp4 = keeping(PackAs::Mxfp4);
  const std::string fp8 = "a.w F8_E4M3[4]; a.w_scale_inv F32[]";
  const std::string mxfp4 = "b_blocks U8[4, 2, 16]; b_scales U8[4, 2]";
  const std::string nvfp4 =
      "c.weight U8[4, 8]; c.weight_scale F8_E4M3[4, 1]; c.weight_scale_2 F32[]";
  const std::string int4 =
      "d.weight_packed I32[8, 8]; d.weight_scale BF16[8, 2]; d.weight_shape I32[2]";
  struct Row {
    std::string what;
    std::string tensors;
    DecodeOptions options;
    std::string decoded;
    std::string dropped{};
  };
  const Row rows[] = {
      {"nothing", "", plain, ""},
      {"in the order of the source", "z BF16[1]; " + fp8 + "; b BF16[1]", plain,
       "z = z\na.w = fp8(a.w, a.w_scale_inv)\nb = b\n"},
      {"a scale before its weight", "a.w_scale_inv F32[]; a.w F8_E4M3[4]", plain,
       "a.w = fp8(a.w, a.w_scale_inv)\n"},
      {"a suffix stays", "a.weight F8_E4M3[4]; a.weight_scale F32[]", plain,
       "a.weight = fp8(a.weight, a.weight_scale)\n"},
      {"a suffix goes", mxfp4, plain, "b = t(mxfp4(b_blocks, b_scales))\n"},
      {"fp8 kept", fp8 + "; " + mxfp4, keep_fp8,
       "a.w = a.w\na.w_scale_inv = a.w_scale_inv\nb = t(mxfp4(b_blocks, b_scales))\n"},
      {"mxfp4 kept", fp8 + "; " + mxfp4, keep_mxfp4,
       "a.w = fp8(a.w, a.w_scale_inv)\nb_blocks = b_blocks\nb_scales = b_scales\n"},
      {"nvfp4 kept", nvfp4, keeping(PackAs::Nvfp4),
       "c.weight = c.weight\nc.weight_scale = c.weight_scale\nc.weight_scale_2 = "
       "c.weight_scale_2\n"},
      {"nvfp4 in the other spelling", nvfp4, keeping(PackAs::Nvfp4Divided),
       "c.weight = nvfp4(c.weight, c.weight_scale, c.weight_scale_2)\n"},
      {"k and v, quantised together",
       "a.k_proj.weight F8_E4M3[768, 128]; a.k_proj.weight_scale_inv F32[8, 1]; "
       "a.v_proj.weight F8_E4M3[512, 128]; a.v_proj.weight_scale_inv F32[4, 1]",
       plain,
       "a.k_proj.weight = fp8(a.k_proj.weight, a.k_proj.weight_scale_inv)\n"
       "a.v_proj.weight = fp8(a.v_proj.weight, cat(-2, slice(a.k_proj.weight_scale_inv, 1, 1..2), "
       "a.v_proj.weight_scale_inv))\n"},
      {"a scale of what is no FP8", "a.w BF16[4]; a.w_scale_inv F32[]", plain,
       "a.w = a.w\n"
       "error    a.w_scale_inv: a scale beside BF16, which has no codes: a.w [orphan-scale]\n"},
      {"and let go", "a.w BF16[4]; a.w_scale_inv F32[]", lenient,
       "a.w = a.w\norphan a.w_scale_inv\n"
       "warning  a.w_scale_inv: a scale beside BF16, which has no codes: a.w [orphan-scale]\n"},
      {"int4", int4, plain, "d.weight = int4(d.weight_packed, d.weight_scale, d.weight_shape)\n"},
      {"int4 with zero points", int4 + "; d.weight_zero_point I32[1, 2]", plain,
       "d.weight_zero_point = d.weight_zero_point\n"
       "error    d.weight_packed: int4 with d.weight_zero_point, which is not decoded: only "
       "symmetric groups of columns are [packed-codes]\n"},
      {"int4 in another order", int4 + "; d.weight_g_idx I32[64]", plain,
       "d.weight_g_idx = d.weight_g_idx\n"
       "error    d.weight_packed: int4 with d.weight_g_idx, which is not decoded: only symmetric "
       "groups of columns are [packed-codes]\n"},
      {"a shape in floats",
       "d.weight_packed I32[8, 8]; d.weight_scale BF16[8, 2]; d.weight_shape F32[2]", plain,
       "error    d.weight_shape: shape F32 [2] does not fit I32 [8, 8], I32 or I64 [2] expected "
       "[scale-shape]\n"},
      {"named like blocks, but numbers", "b_blocks BF16[4]", plain, "b_blocks = b_blocks\n"},
      {"named like a scale, but text", "b_scale_inv BOOL[4]", plain, "b_scale_inv = b_scale_inv\n"},
      {"a dropped scale is not there", fp8, plain,
       "a.w = a.w\n"
       "error    a.w: F8_E4M3 without a scale (_scale_inv or .weight_scale) [missing-scale]\n",
       "a.w_scale_inv"},
      {"a dropped weight is not there", fp8, plain,
       "error    a.w_scale_inv: a scale without its weight a.w [orphan-scale]\n", "a.w"},
      {"an orphan let go", "a.w_scale_inv F32[]", lenient,
       "orphan a.w_scale_inv\n"
       "warning  a.w_scale_inv: a scale without its weight a.w [orphan-scale]\n"},
      {"a scale that does not fit", "a.w F8_E4M3[4]; a.w_scale_inv F32[2]", plain,
       "error    a.w_scale_inv: shape F32 [2] does not fit F8_E4M3 [4], one number, one per "
       "expert, or one per block of 128 x 128 or 1 x 32, one per row expected [scale-shape]\n"},
      {"a kept pair is checked, too", "a.w F8_E4M3[4]; a.w_scale_inv F32[2]", keep_fp8,
       "a.w_scale_inv = a.w_scale_inv\n"
       "error    a.w_scale_inv: shape F32 [2] does not fit F8_E4M3 [4], one number, one per "
       "expert, or one per block of 128 x 128 or 1 x 32, one per row expected [scale-shape]\n"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(decoded(row.tensors, row.options, row.dropped), row.decoded) << row.what;
  }
}

TEST(Decoding, MxIsNotBoundByTheBlocksOfAConfig) {
  const TensorTexts tensors("a F8_E4M3[2, 64]; a_scale_inv U8[2, 2]");
  const QuantScheme scheme{
      .kind = QuantScheme::Kind::Fp8, .scale_suffix = "_scale_inv", .block = {128, 128}};
  Values values;
  const Decoded found =
      decode(tensors.list(), {scheme}, std::vector<bool>(2), {{}, Dtype::BF16}, values);
  EXPECT_EQ(lines_of(found.problems), "");
  ASSERT_EQ(found.tensors.size(), 1u);
  EXPECT_TRUE(same_shape(found.tensors[0].value->block, Shape{1, 32}));
}

TEST(Decoding, WithoutSchemesNothingIsPacked) {
  const TensorTexts tensors("a.w F8_E4M3[4]; a.w_scale_inv F32[]; b_blocks U8[4]");
  Values values;
  const Decoded found = decode(tensors.list(), {}, std::vector<bool>(3), {{}, Dtype::BF16}, values);
  EXPECT_EQ(found.tensors.size(), 3u);
  EXPECT_TRUE(found.problems.empty());
}

/// Decoded in parts, several at once: a weight's scale may be of another part, and what is found,
/// and what is wrong, comes in the order of the source.
TEST(Decoding, OfMoreTensorsThanOnePart) {
  constexpr int kWeights = 40'000;
  const std::set<int> without_weight{7, 39'990}, without_scale{8, 39'991}, misfit{9, 39'992};
  std::string all, odd;  // weights, then all scales
  std::vector<std::string> good;
  const auto add = [](std::string& text, const std::string& tensor) {
    text += (text.empty() ? "" : ";") + tensor;
  };
  for (int i = 0; i < kWeights; ++i) {
    const bool lone = without_scale.contains(i) || misfit.contains(i);
    const std::string tensor = fmt::format("{}.w F8_E4M3[4]", i);
    if (!without_weight.contains(i)) add(all, tensor);
    if (lone) add(odd, tensor);
    if (!lone && !without_weight.contains(i)) {
      good.push_back(fmt::format("{0}.w = fp8({0}.w, {0}.w_scale_inv)", i));
    }
  }
  for (int i = 0; i < kWeights; ++i) {
    const std::string tensor =
        fmt::format("{}.w_scale_inv F32[{}]", i, misfit.contains(i) ? "9" : "");
    if (!without_scale.contains(i)) add(all, tensor);
    if (misfit.contains(i) || without_weight.contains(i)) add(odd, tensor);
  }
  std::istringstream lines(decoded(all, {{}, Dtype::BF16}));
  std::string others;
  std::size_t found = 0;
  for (std::string line; std::getline(lines, line);) {
    if (found < good.size() && line == good[found]) {
      ++found;
    } else {
      others += line + "\n";
    }
  }
  EXPECT_EQ(found, good.size());
  EXPECT_EQ(others, decoded(odd, {{}, Dtype::BF16}));
  EXPECT_EQ(std::count(others.begin(), others.end(), '\n'), 6 + 2) << others;  // 8.w is given, too
}

}  // namespace
}  // namespace ckptscope::testing
