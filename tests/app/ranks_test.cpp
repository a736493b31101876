// What ranks find together is what one process finds alone, to the last digit and byte.

#include <gtest/gtest.h>

#include <filesystem>
#include <regex>

#include "app/language/parse_args.hpp"
#include "core/convert/convert.hpp"
#include "core/convert/verify.hpp"
#include "tests/support/odd_model.hpp"
#include "tests/support/prepared.hpp"
#include "tests/support/thread_ranks.hpp"
#include "views/document/json_renderer.hpp"

namespace ckptscope::testing {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

/// The words' Document as JSON, as a rank makes it.
std::string run_on(Ranks& ranks, const Words& words) {
  ParsedLine line = parse_line(words);
  EXPECT_TRUE(line.command->takes_ranks) << words[0];
  const auto checkpoint =
      std::make_shared<const Checkpoint>(Checkpoint::open(line.args.operands.front()));
  line.args.operands.erase(line.args.operands.begin());
  Progress progress;
  const Document document = line.command->run({checkpoint, false, "", &ranks}, line.args, progress);
  std::string text;
  render_json(document, [&](std::string_view part) { text += part; });
  return text;
}

class RanksFind : public ::testing::TestWithParam<std::size_t> {
 protected:
  /// The same in every rank as alone.
  void expect_same(const Words& words) const {
    const std::string alone = run_on(this_process(), words);
    for (const std::string& text :
         on_ranks(GetParam(), [&](Ranks& ranks) { return run_on(ranks, words); })) {
      EXPECT_EQ(text, alone) << fmt::format("{}", fmt::join(words, " "));
    }
  }
  /// As expect_same, of what writes a directory; `words` without -o.
  void expect_same_output(Words words) const {
    words.insert(words.end(), {"-o", dir / "alone"});
    const std::string alone = run_on(this_process(), words);
    words.back() = dir / "shared";
    const auto shared = on_ranks(GetParam(), [&](Ranks& ranks) { return run_on(ranks, words); });
    EXPECT_EQ(std::regex_replace(shared[0], std::regex("/shared"), "/alone"), alone);
    EXPECT_EQ(contents(dir / "shared"), contents(dir / "alone"));
    EXPECT_FALSE(fs::exists(dir / "shared.partial"));
    fs::remove_all(dir / "alone");
    fs::remove_all(dir / "shared");
  }
  void write_case(const std::string& name, const std::string& to) const {
    write_synthetic(dir / to, recorded_case(name).source);
  }

  TempDir dir;
};

TEST_P(RanksFind, TheSameStatistics) {
  write_case("gpt_oss-mxfp4", "m");
  write_synthetic(dir / "odd", odd_model(true));
  expect_same({"stat", dir / "m"});
  expect_same({"stat", dir / "m", "model.layers.0.mlp.experts.down_proj", "--hist", "--linear"});
  expect_same({"stat", dir / "m", "lm_head.weight", "--hist"});
  expect_same({"stat", dir / "odd", "--all"});
}

TEST_P(RanksFind, TheSameDifferences) {
  write_case("gpt_oss-mxfp4", "m");
  Prepared native("gpt_oss-mxfp4");
  native.run();
  expect_same({"diff", dir / "m", native.options.out.text(), "--decoded"});
  expect_same({"stat", dir / "m", "--against", native.options.out.text()});
  write_case("gpt_oss-mxfp4-edge-scales", "other");
  expect_same({"diff", dir / "m", dir / "other", "--decoded"});
  expect_same({"diff", dir / "m", dir / "other"});
  expect_same({"stat", dir / "m", "--against", dir / "other"});
}

TEST_P(RanksFind, TheSameDefects) {
  write_case("mistral4-fp8-f32", "m");
  write_synthetic(dir / "odd", odd_model(false));
  expect_same({"check", dir / "m", "--deep"});
  expect_same({"check", dir / "odd", "--deep"});
}

TEST_P(RanksFind, TheSameProof) {
  Prepared native("gpt_oss-mxfp4");
  native.options.max_shard_bytes = 20'000;
  native.run();
  const std::string out = native.options.out.text();
  expect_same({"verify", native.dir / "source", out});
  for (const auto& entry : fs::directory_iterator(out)) {
    const std::string path = entry.path();
    if (!path.ends_with(".safetensors")) continue;
    std::string bytes = read_file(path);
    bytes[bytes.size() - 5] ^= 1;
    write_file(path, bytes);
  }
  expect_same({"verify", native.dir / "source", out});
}

TEST_P(RanksFind, TheSameConversion) {
  struct Row {
    const char* name;
    Words words;
  };
  const Row rows[] = {
      {"gpt_oss-mxfp4", {"--to", "native", "--max-shard-size", "20kB"}},
      {"gpt_oss-mxfp4-edge-scales", {"--to", "native", "--allow", "overflow"}},
      {"gpt_oss-to-hf", {"--quantize", "mxfp4", "--max-shard-size", "20kB"}},
      {"deepseek_v3-to-hf", {"--quantize", "fp8", "--max-shard-size", "50kB"}},
      {"mistral4-to-hf", {"--quantize", "fp8", "--max-shard-size", "20kB"}},
      {"mistral4-fp8-bf16", {"--to", "native", "--verify", "roundtrip"}},
      {"hy_v3-moe-mtp", {"--to", "native", "--verify", "none", "--max-shard-size", "20kB"}},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    write_case(row.name, "in");
    Words words = {"convert", dir / "in"};
    words.insert(words.end(), row.words.begin(), row.words.end());
    expect_same_output(words);
    fs::remove_all(dir / "in");
  }
}

/// A shard without data is written behind all others.
TEST_P(RanksFind, TheSameOfNothing) {
  SyntheticCheckpoint empty;
  empty.tensors.push_back({"nothing", Dtype::F32, {0, 4}});
  write_synthetic(dir / "in", empty);
  expect_same_output({"convert", dir / "in", "--adapter", "none", "--verify", "roundtrip"});
}

/// Finished shards stay, and are not written again; a record that is wrong is found by one of all.
TEST_P(RanksFind, WhereAnotherRunHasStopped) {
  Prepared one("gpt_oss-mxfp4");
  one.options.max_shard_bytes = 20'000;
  one.options.leftover = Leftover::Resume;
  StoppingProgress stopping(4);
  EXPECT_THROW(convert(one.checkpoint, one.plan, one.options, stopping), Error);
  const std::string partial = one.options.out.text() + ".partial";
  std::vector<std::string> done;
  const auto left = read_left(one.options.out.text());
  for (const auto& [name, record] : left->done) done.push_back(name);
  ASSERT_GE(done.size(), 2u);
  const std::string spoilt = partial + "/" + done.front();
  std::string bytes = read_file(spoilt);
  bytes.back() ^= 1;
  write_file(spoilt, bytes);
  const auto kept = fs::last_write_time(partial + "/" + done.back());

  const auto reports = on_ranks(GetParam(), [&](Ranks& ranks) {
    ConvertOptions options = one.options;
    options.resources.ranks = &ranks;
    Progress progress;
    const ConvertReport report = convert(one.checkpoint, one.plan, options, progress);
    return fmt::format("{}", fmt::join(report.notes, "; "));
  });
  EXPECT_NE(reports[0].find("is not what its record says"), std::string::npos) << reports[0];
  EXPECT_EQ(fs::last_write_time(one.options.out.text() + "/" + done.back()), kept);
  const Checkpoint output = Checkpoint::open(one.options.out.text());
  Progress progress;
  EXPECT_TRUE(verify(one.checkpoint, one.plan, output, {}, progress).verified());
}

TEST_P(RanksFind, WhatStandsInTheWay) {
  write_case("gpt_oss-mxfp4", "in");
  const Words words = {"convert", dir / "in", "--to", "native", "-o", dir / "out"};
  write_file(dir / "out", "somebody's");
  EXPECT_EQ(
      code_of([&] { on_ranks(GetParam(), [&](auto& ranks) { return run_on(ranks, words); }); }),
      Code::Exists);
  fs::remove(dir / "out");
  fs::create_directory(dir / "out.partial");
  write_file(dir / "out.partial/notes", "somebody's");
  EXPECT_EQ(
      code_of([&] { on_ranks(GetParam(), [&](auto& ranks) { return run_on(ranks, words); }); }),
      Code::Exists);
  EXPECT_EQ(read_file(dir / "out.partial/notes"), "somebody's");
}

INSTANTIATE_TEST_SUITE_P(Together, RanksFind, ::testing::Values(1, 2, 4));

}  // namespace
}  // namespace ckptscope::testing
