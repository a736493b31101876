// What lies beside the tensors: what goes with an output, what is left out and why, and how the
// config is edited.

#include "core/output/side_files.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "core/checkpoint/synthetic.hpp"
#include "tests/support/temp_dir.hpp"

namespace ckptscope::testing {
namespace {

namespace fs = std::filesystem;

using Names = std::vector<std::string>;

/// A checkpoint of one tensor in a directory of its own, and a place for the output.
struct Beside {
  explicit Beside(const std::string& config = "") {
    SyntheticCheckpoint source;
    source.tensors.push_back({"a", Dtype::BF16, {4}});
    source.config = config;
    write_synthetic(dir / "source", source);
  }
  void put(const std::string& name, const std::string& text = "x") const {
    write_file(dir / ("source/" + name), text);
  }
  SideFiles::Report copy(const Plan& plan, const std::string& path = "source",
                         const Checkpoint* like = nullptr) {
    const Checkpoint checkpoint = Checkpoint::open(dir / path);
    written.clear();
    return SideFiles({checkpoint, like}, plan)
        .copy([&](const std::string& name, const std::string& text) { written[name] = text; });
  }

  TempDir dir;
  std::map<std::string, std::string> written;  // by the last copy
};

/// A plan with one output of this value.
Plan plan_with(const std::function<ValuePtr(Values&)>& make,
               OutputKind kind = OutputKind::Decoded) {
  Plan plan;
  plan.outputs.push_back({"a", make(*plan.values), kind});
  return plan;
}
ValuePtr pass(Values& values) {
  return values.input(0, Dtype::BF16, Shape{4});
}
ValuePtr decode(Values& values) {
  return values.fp8(values.input(0, Dtype::F8_E4M3, Shape{4}), values.input(1, Dtype::F32, Shape{}),
                    Dtype::BF16, {});
}
ValuePtr widen(Values& values) {
  return values.cast(pass(values), Dtype::F32);
}

TEST(SideFiles, WhatGoesWithTheOutputAndWhatDoesNot) {
  Beside one(R"({"model_type":"x"})");
  for (const char* name :
       {"tokenizer.json", "README.md", "modeling.py", "extra.safetensors",
        "model.safetensors.index.json.bak", "old.index.json", "pytorch_model.bin", "a.pt", "a.pth",
        "a.gguf", "__0_0.distcp", "ckptscope.json", "ckptscope.journal", "hf_quant_config.json",
        "x\x1b.txt"}) {
    one.put(name);
  }
  fs::create_directory(one.dir / "source/sub");
  fs::create_symlink("nowhere", one.dir / "source/dangling");
  fs::create_symlink("README.md", one.dir / "source/link");
  one.put("large");
  fs::resize_file(one.dir / "source/large", kMaxSideFile + 1);
  // Beside an index the stray weights are no part of the checkpoint.
  one.put("model.safetensors.index.json",
          R"({"metadata":{"total_size":8},"weight_map":{"a":"model.safetensors"}})");
  const SideFiles::Report files = one.copy(plan_with(pass));
  EXPECT_EQ(files.copied,
            (Names{"config.json", "README.md", "link", "model.safetensors.index.json.bak",
                   "modeling.py", "tokenizer.json", "x\x1b.txt"}));
  const std::string weights = ": weights or an index beside the checkpoint";
  EXPECT_EQ(files.left_out,
            (Names{"__0_0.distcp" + weights, "a.gguf" + weights, "a.pt" + weights,
                   "a.pth" + weights, "dangling: a link to nothing", "extra.safetensors" + weights,
                   "hf_quant_config.json: the output is not quantised", "large: 256.0 MB",
                   "old.index.json" + weights, "pytorch_model.bin" + weights, "sub: a directory"}));
  EXPECT_FALSE(files.config_edited);
  EXPECT_EQ(one.written.size(), files.copied.size());
  EXPECT_EQ(one.written["link"], "x");
  EXPECT_EQ(one.written["config.json"], R"({"model_type":"x"})");
}

/// A hostile repository can hold a link to anything of its reader's.
TEST(SideFiles, LinksOutOfTheCheckpointStay) {
  Beside one;
  write_file(one.dir / "secret", "key");
  fs::create_directory(one.dir / "source/sub");
  write_file(one.dir / "source/sub/notes.txt", "n");
  fs::create_symlink("../secret", one.dir / "source/LICENSE");
  fs::create_symlink(one.dir / "secret", one.dir / "source/absolute");
  fs::create_symlink("sub/notes.txt", one.dir / "source/notes.txt");
  fs::create_symlink("LICENSE", one.dir / "source/twice");
  const SideFiles::Report files = one.copy(plan_with(pass));
  EXPECT_EQ(files.copied, Names{"notes.txt"});
  const std::string out = ": a link out of the checkpoint";
  EXPECT_EQ(files.left_out,
            (Names{"LICENSE" + out, "absolute" + out, "sub: a directory", "twice" + out}));
}

TEST(SideFiles, LinksOfAHubCacheStayInTheRepository) {
  const TempDir dir;
  const std::string snapshot = dir / "models--a--b/snapshots/1";
  SyntheticCheckpoint source;
  source.tensors.push_back({"a", Dtype::BF16, {4}});
  write_synthetic(snapshot, source);
  fs::create_directory(dir / "models--a--b/blobs");
  write_file(dir / "models--a--b/blobs/77", "{}");
  write_file(dir / "secret", "key");
  fs::create_symlink("../../blobs/77", snapshot + "/tokenizer.json");
  fs::create_symlink("../../../secret", snapshot + "/LICENSE");
  const Checkpoint checkpoint = Checkpoint::open(snapshot);
  const Plan plan = plan_with(pass);
  const auto files = SideFiles({checkpoint, nullptr}, plan).copy([](const auto&, const auto&) {});
  EXPECT_EQ(files.copied, Names{"tokenizer.json"});
  EXPECT_EQ(files.left_out, Names{"LICENSE: a link out of the checkpoint"});
}

/// The hour of writing tensors lies between looking and copying.
TEST(SideFiles, AreThoseThatWereLookedAt) {
  for (const bool replaced : {false, true}) {
    Beside one;
    one.put("tokenizer.json", "old");
    const Checkpoint checkpoint = Checkpoint::open(one.dir / "source");
    const Plan plan = plan_with(pass);
    const SideFiles files({checkpoint, nullptr}, plan);
    if (replaced) fs::remove(one.dir / "source/tokenizer.json");
    one.put("tokenizer.json", "newer");
    try {
      files.copy([](const std::string& name, const auto&) { EXPECT_NE(name, "tokenizer.json"); });
      ADD_FAILURE() << "copied";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::SourceChanged) << error.what();
    }
  }
}

/// Perhaps the log of this very run.
TEST(SideFiles, ALogThatGrowsIsLeftOut) {
  Beside one;
  one.put("run.log", "old");
  one.put("gone.txt");
  const Checkpoint checkpoint = Checkpoint::open(one.dir / "source");
  const Plan plan = plan_with(pass);
  const SideFiles files({checkpoint, nullptr}, plan);
  one.put("run.log", "newer");
  fs::remove(one.dir / "source/gone.txt");
  const auto report = files.copy([](const auto&, const auto&) {});
  const std::string changed = ": it changed during the conversion";
  EXPECT_EQ(report.copied, Names{});
  EXPECT_EQ(report.left_out, (Names{"gone.txt" + changed, "run.log" + changed}));
}

TEST(SideFiles, ASingleFileBringsItsConfigAlone) {
  Beside one("{}");
  one.put("tokenizer.json");
  EXPECT_EQ(one.copy(plan_with(pass), "source/model.safetensors").copied, Names{"config.json"});
  EXPECT_EQ(one.copy(plan_with(pass)).copied, (Names{"config.json", "tokenizer.json"}));
}

TEST(SideFiles, TheConfigSaysWhatTheOutputIs) {
  Plan encoded = plan_with(pass, OutputKind::Passed);
  encoded.quantisation_config = R"({"new":1})";
  struct Row {
    std::string what;
    Plan plan;
    std::string config;
    std::string written;
    bool edited;
  };
  const std::string plain = R"({"dtype":"float16"})";
  const std::string quantised = R"({"dtype":"float16","quantization_config":{"old":1}})";
  const Row rows[] = {
      {"plain as it was", plan_with(pass, OutputKind::Passed), plain, plain, false},
      {"plain, whatever the config said", plan_with(pass, OutputKind::Passed), quantised, plain,
       true},
      {"decoded", plan_with(decode), quantised, R"({"dtype":"bfloat16"})", true},
      {"decoded where none is stated", plan_with(decode), "{}", R"({"dtype":"bfloat16"})", true},
      {"widened", plan_with(widen, OutputKind::Stacked), quantised, R"({"dtype":"float32"})", true},
      {"a fixed dtype tells nothing", plan_with(widen, OutputKind::Cast), plain, plain, false},
      {"encoded", encoded, quantised, R"({"dtype":"bfloat16","quantization_config":{"new":1}})",
       true},
      {"none", plan_with(decode), "", "", false},
  };
  for (const Row& row : rows) {
    Beside one(row.config);
    EXPECT_EQ(one.copy(row.plan).config_edited, row.edited) << row.what;
    std::string written = one.written["config.json"];
    std::erase_if(written, [](char c) { return c == ' ' || c == '\n'; });
    EXPECT_EQ(written, row.written) << row.what;
  }
}

TEST(SideFiles, ADecodedOutputHasNoOtherQuantisationConfig) {
  Beside one("{}");
  one.put("hf_quant_config.json");
  const SideFiles::Report files = one.copy(plan_with(decode));
  EXPECT_EQ(files.copied, Names{"config.json"});
  EXPECT_EQ(files.left_out, Names{"hf_quant_config.json: the output is not quantised"});
}

TEST(SideFiles, WhatTheSourceLacksIsLent) {
  Beside lender(R"({"lent":1})");
  for (const char* name : {"tokenizer.json", "tokenizer_config.json", "generation_config.json",
                           "README.md", "merges.txt", "old.bin"}) {
    lender.put(name, "lent");
  }
  const Checkpoint like = Checkpoint::open(lender.dir / "source");
  Beside bare;
  bare.put("tokenizer.json", "own");
  const SideFiles::Report files = bare.copy(plan_with(pass), "source", &like);
  EXPECT_EQ(files.copied, Names{"tokenizer.json"});
  EXPECT_EQ(files.lent, (Names{"config.json", "generation_config.json", "merges.txt",
                               "tokenizer_config.json"}));
  EXPECT_TRUE(files.left_out.empty());
  EXPECT_EQ(bare.written["tokenizer.json"], "own");
  EXPECT_EQ(bare.written["config.json"], R"({"lent":1})");
  Beside with_config("{}");
  EXPECT_EQ(with_config.copy(plan_with(pass), "source", &like).copied, Names{"config.json"});
  EXPECT_EQ(with_config.written["config.json"], "{}");
}

}  // namespace
}  // namespace ckptscope::testing
