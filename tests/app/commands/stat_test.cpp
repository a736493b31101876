// stat and "diff --decoded" as their users call them: what finds a tensor, what is held against
// what, figures in text and JSON, exit codes.

#include <gtest/gtest.h>

#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "core/checkpoint/synthetic.hpp"
#include "tests/support/recorded.hpp"
#include "tests/support/shell.hpp"

namespace ckptscope::testing {
namespace {

using nlohmann::json;

struct Result : ShellResult {
  bool tells(const std::string& text) const { return (out + err).find(text) != std::string::npos; }
  json parsed() const { return json::parse(out); }
};

/// The families as they were recorded, in a directory where commands run.
class StatCli : public ::testing::Test {
 protected:
  void SetUp() override {
    make("hf", "gpt_oss-mxfp4");
    ASSERT_EQ(run("convert hf --to native -o native -q").exit, 0);
  }
  void make(const std::string& name, const std::string& recorded) const {
    write_synthetic(dir_ / name, recorded_case(recorded).source);
  }
  Result run(const std::string& line) const { return {run_shell(dir_, "ckptscope " + line)}; }
  /// In the native file; a second time makes it what it was.
  void turn_bit(std::size_t at) const {
    const std::string path = dir_ / "native/model.safetensors";
    std::string bytes = read_file(path);
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    write_file(path, bytes);
  }
  /// Where the data of a tensor of the native file begins.
  std::size_t place_of(const std::string& key) const {
    const std::string bytes = read_file(dir_ / "native/model.safetensors");
    std::uint64_t length;
    std::memcpy(&length, bytes.data(), sizeof length);
    const json header = json::parse(bytes.substr(8, length));
    return 8 + length + header.at(key).at("data_offsets").at(0).get<std::size_t>();
  }

  const TempDir dir_;
};

constexpr const char* kExperts = "model.layers.1.mlp.experts.down_proj";

TEST_F(StatCli, EveryNameOfATensorFindsIt) {
  const Result expected = run(std::string("stat hf ") + kExperts);
  EXPECT_EQ(expected.exit, 0);
  EXPECT_EQ(expected.out.find(std::string(kExperts) +
                              "   MXFP4 [4, 64, 96] = _blocks U8 + _scales U8, 13.06 kB\n"),
            0u);
  for (const char* suffix : {"_blocks", "_scales"}) {
    const Result found = run(std::string("stat hf ") + kExperts + suffix);
    EXPECT_EQ(found.out, expected.out) << suffix;
    EXPECT_EQ(found.exit, 0);
  }
  make("fp8", "mistral4-fp8-bf16");
  const std::string weight = "language_model.model.layers.1.self_attn.o_proj.weight";
  const Result fp8 = run("stat fp8 " + weight);
  EXPECT_TRUE(fp8.tells(" = F8_E4M3 + _scale_inv BF16")) << fp8.out;
  EXPECT_EQ(run("stat fp8 " + weight + "_scale_inv").out, fp8.out);
}

struct QueryRow {
  std::string words;
  std::vector<std::string> keys;  // in this order
};

TEST_F(StatCli, AQueryGivesATable) {
  const std::string layer = "model.layers.0.";
  const QueryRow rows[]{{"'*.mlp.router.*'",
                         {layer + "mlp.router.bias", layer + "mlp.router.weight",
                          "model.layers.1.mlp.router.bias", "model.layers.1.mlp.router.weight"}},
                        {"'model.layers.0.*_scales'",
                         {layer + "mlp.experts.down_proj", layer + "mlp.experts.gate_up_proj"}},
                        {"model.layers.0 dtype=U8",
                         {layer + "mlp.experts.down_proj", layer + "mlp.experts.gate_up_proj"}}};
  for (const QueryRow& row : rows) {
    const Result found = run("stat hf " + row.words + " --json");
    EXPECT_EQ(found.exit, 0) << found.err;
    const json object = found.parsed();
    EXPECT_EQ(object.at("schema"), "ckptscope.stat/1");
    std::vector<std::string> keys;
    for (const json& one : object.at("tensors")) keys.push_back(one.at("key"));
    EXPECT_EQ(keys, row.keys) << row.words;
    EXPECT_EQ(object.at("total").at("tensors"), row.keys.size());
  }
}

TEST_F(StatCli, ATableHasTheFiguresOfEachTensor) {
  const json table = run("stat hf --json").parsed();
  ASSERT_EQ(table.at("tensors").size(), 37u);
  std::set<std::string> formats;
  std::uint64_t count = 0;
  for (const json& row : table.at("tensors")) {
    formats.insert(row.at("format"));
    count += row.at("count").get<std::uint64_t>();
    if (!row.at("key").get<std::string>().starts_with("model.layers.1.mlp.")) continue;
    const json one = run("stat hf " + row.at("key").get<std::string>() + " --json").parsed();
    for (const char* name : {"key", "format", "count", "mean", "std", "min", "max", "nan", "inf"}) {
      EXPECT_EQ(one.at(name), row.at(name)) << row.at("key") << " " << name;
    }
  }
  EXPECT_EQ(formats, (std::set<std::string>{"BF16", "MXFP4"}));
  EXPECT_EQ(table.at("total").at("count"), count);
}

TEST_F(StatCli, TextAndJsonAgree) {
  const std::string line = std::string("stat hf ") + kExperts;
  const Result text = run(line);
  const json object = run(line + " --json").parsed();
  EXPECT_EQ(object.at("shape"), json({4, 64, 96}));
  EXPECT_EQ(object.at("count"), 4 * 64 * 96);
  EXPECT_EQ(object.at("bytes"), 4 * 64 * 96 * 17 / 32);
  EXPECT_EQ(object.at("scales").at("count"), 4 * 64 * 3);
  const auto in_text = [&](const char* format, const json& value) {
    char shown[64];
    std::snprintf(shown, sizeof shown, format, value.get<double>());
    EXPECT_TRUE(text.tells(shown)) << shown << " is not in\n" << text.out;
  };
  in_text("abs max %.4g\n", object.at("abs_max"));
  in_text("  mean       %.4g   std ", object.at("mean"));
  in_text("   std %.4g\n", object.at("std"));
  in_text("0.1%% %.4g   1%%", object.at("quantiles").at("p0_1"));
  in_text("99.9%% %.4g\n", object.at("quantiles").at("p99_9"));
  in_text("codes      %.0f of 16", object.at("codes").at("used"));
  const double count = object.at("count");
  in_text("(+-6) %.2f %%", 100 * object.at("codes").at("saturated").get<double>() / count);
  in_text("(+-0.5) %.2f %%", 100 * object.at("codes").at("subnormal").get<double>() / count);
  std::uint64_t binned = 0;
  for (const json& bin : object.at("histogram")) {
    binned += bin.at("negative").get<std::uint64_t>() + bin.at("positive").get<std::uint64_t>();
  }
  EXPECT_EQ(binned, object.at("count"));
  EXPECT_EQ(object.at("experts").size(), 4u);
}

TEST_F(StatCli, IsTheSameForEveryNumberOfThreads) {
  const Result expected = run("stat hf --json -j 1");
  for (const char* threads : {" -j 2", " -j 8"}) {
    EXPECT_EQ(run(std::string("stat hf --json") + threads).out, expected.out);
  }
}

// ---- against another ----------------------------------------------------------------------------

TEST_F(StatCli, HfIsEqualToItsNativeConversion) {
  for (const char* sides : {"hf --against native", "native --against hf"}) {
    const Result found = run(std::string("stat ") + sides + " --json");
    EXPECT_EQ(found.exit, 0) << found.err;
    const json object = found.parsed();
    EXPECT_EQ(object.at("equal"), 37) << sides;
    EXPECT_EQ(object.at("compared").size(), 37u);
    EXPECT_TRUE(object.at("only_here").empty());
    for (const json& row : object.at("compared")) EXPECT_EQ(row.at("different"), 0);
  }
  EXPECT_TRUE(run("stat hf --against native").tells("37 of 37 tensors"));
  EXPECT_TRUE(run("stat hf --against hf").tells("hf (same keys)"));
}

TEST_F(StatCli, DecodedDiffIsEqual) {
  for (const char* sides : {"hf native", "native hf", "hf hf"}) {
    const Result found = run(std::string("diff ") + sides + " --decoded");
    EXPECT_EQ(found.exit, 0) << sides << "\n" << found.out << found.err;
    EXPECT_TRUE(found.tells("\nEQUAL\n")) << found.out;
    EXPECT_TRUE(found.tells("37, of which 37 equal in every dequantised value"));
  }
}

/// One bit in the middle of a tensor: nothing else is told to differ.
TEST_F(StatCli, DecodedDiffNamesTheTensorThatDiffers) {
  for (const std::string key : {"model.layers.1.mlp.experts.down_projs", "model.norm.weight",
                                "model.layers.0.mlp.experts.gate_up_proj_bias"}) {
    const std::size_t place = place_of(key) + 54;
    turn_bit(place);
    for (const std::string sides : {"diff hf native --decoded", "diff native hf --decoded"}) {
      const Result found = run(sides + " --json");
      EXPECT_EQ(found.exit, 1);
      const json object = found.parsed();
      EXPECT_EQ(object.at("equal"), 36);
      EXPECT_EQ(object.at("in_both"), 37);
      ASSERT_EQ(object.at("compared").size(), 1u);
      EXPECT_EQ(object.at("compared").at(0).at("key"), key);
      EXPECT_EQ(object.at("compared").at(0).at("different"), 1);
      EXPECT_TRUE(run(sides).tells("DIFFERENT  1 tensor"));
    }
    turn_bit(place);
  }
  EXPECT_EQ(run("diff hf native --decoded").exit, 0);
}

/// Every family meets its own conversion, from either side, whatever its keys are prefixed with;
/// what native has no place for is named, and what native adds counts.
TEST_F(StatCli, EveryFamilyMeetsItsOwnConversion) {
  std::set<std::string> done;
  for (const std::string& name : recorded_names(goes_to_native)) {
    const RecordedCase& one = recorded_case(name);
    if (!one.options.empty()) continue;
    if (!done.insert(one.adapter).second) continue;
    const TempDir dir;
    const std::string hf = dir / "hf";
    const std::string native = dir / "native";
    write_synthetic(hf, one.source);
    const Result made = run("convert " + hf + " --to native --dtype f32 -q -o " + native);
    ASSERT_EQ(made.exit, 0) << one.name << ": " << made.err;
    for (const std::string& sides : {hf + " " + native, native + " " + hf}) {
      const Result found = run("diff --decoded --json " + sides);
      EXPECT_EQ(found.exit, 0) << one.name << ": " << found.out;
      EXPECT_EQ(found.parsed().at("in_both"), one.outputs.size()) << one.name;
    }
  }
}

TEST_F(StatCli, WhatOnlyOneHasAndOtherShapesAreNamed) {
  SyntheticCheckpoint other = recorded_case("gpt_oss-mxfp4").source;
  std::erase_if(other.tensors, [](const auto& one) { return one.key == "lm_head.weight"; });
  for (SyntheticTensor& one : other.tensors) {
    if (one.key == "model.norm.weight") one.shape = {8, 8};
  }
  other.tensors.push_back({"extra", Dtype::F32, {3}});
  write_synthetic(dir_ / "other", other);
  const json object = run("diff hf other --decoded --json").parsed();
  EXPECT_EQ(object.at("exit"), 1);
  EXPECT_EQ(object.at("only_a"), json({"lm_head.weight"}));
  EXPECT_EQ(object.at("only_b"), json({"extra"}));
  EXPECT_EQ(object.at("misshapen"), json({"model.norm.weight: [64], [8, 8] there"}));
  EXPECT_EQ(object.at("equal"), 35);
}

// ---- refused ------------------------------------------------------------------------------------

struct RefusedRow {
  std::string line;
  int exit;
  std::string told;
};

TEST_F(StatCli, Refuses) {
  SyntheticCheckpoint odd;
  odd.tensors = {
      {"odd", Dtype::U8, {4}}, {"lonely_blocks", Dtype::U8, {2, 2, 16}}, {"x", Dtype::F32, {2}}};
  write_synthetic(dir_ / "odd", odd);
  write_file(dir_ / "cut.safetensors", [&] {
    std::string bytes = read_file(dir_ / "odd/model.safetensors");
    return bytes.substr(0, bytes.size() - 1);
  }());
  const RefusedRow rows[]{
      {"stat odd odd", 2, "odd: U8 [4] holds no numbers that have statistics [usage]"},
      {"stat odd lonely_blocks", 2, "lonely_blocks: U8 [2, 2, 16] holds no numbers"},
      {"stat cut.safetensors x", 1, "cut.safetensors: header needs 76 data bytes, the file has 75"},
      {"stat hf model.norm.wieght", 1, "nearest: model.norm.weight"},
      {"stat hf '*.nothing'", 1, "[no-match]"},
      {"stat hf --against odd", 1, "hf and odd have no tensor in common [no-match]"},
      {"stat hf --against nowhere", 2, "nowhere"},
      {"diff hf nowhere --decoded", 2, "nowhere"}};
  for (const RefusedRow& row : rows) {
    const Result found = run(row.line);
    EXPECT_EQ(found.exit, row.exit) << row.line;
    EXPECT_NE(found.err.find(row.told), std::string::npos) << row.line << ": " << found.err;
    EXPECT_EQ(found.out, "") << row.line;
  }
}

}  // namespace
}  // namespace ckptscope::testing
