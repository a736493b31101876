// Slices for expert parallelism as directories: written, opened, verified, joined again.

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/recorded.hpp"
#include "tests/support/shell.hpp"

namespace ckptscope::testing {
namespace {

namespace fs = std::filesystem;

class SlicesCli : public ::testing::TestWithParam<const char*> {
 protected:
  ShellResult run(const std::string& line) const { return run_shell(dir, line); }
  void expect_good(const std::string& line) const {
    const ShellResult found = run(line);
    EXPECT_EQ(found.exit, 0) << line << "\n" << found.out << found.err;
  }
  TempDir dir;
};

TEST_P(SlicesCli, JoinedAreTheWholeAndGoBack) {
  write_synthetic(dir / "in", recorded_case(GetParam()).source);
  expect_good("ckptscope convert in --to native -o whole -q");
  expect_good("ckptscope convert whole --to hf -o back -q");
  for (const char* ranks : {"2", "3"}) {
    const std::string slices = std::string("slices") + ranks;
    expect_good("ckptscope convert in --to native -q --max-shard-size 40kB -o " + slices +
                " --ep all/" + ranks);
    for (const auto& slice : fs::directory_iterator(dir / slices)) {
      expect_good("ckptscope verify in " + slices + "/" + slice.path().filename().string() + " -q");
    }
    expect_good("ckptscope diff whole " + slices);
    expect_good("ckptscope check --deep " + slices);
    expect_good("ckptscope convert " + slices + " --to hf -q -o joined" + ranks);
    expect_good("ckptscope diff back joined" + std::string(ranks));
  }
}

INSTANTIATE_TEST_SUITE_P(Families, SlicesCli,
                         ::testing::Values("gpt_oss-mxfp4", "qwen3_moe", "hy_v3-moe-mtp",
                                           "mistral4-fp8-bf16", "nemotron_v3-moe", "kimi_k3-mxfp4"),
                         [](const auto& test) { return as_identifier(test.param); });

class SlicesOnDisk : public SlicesCli {};

TEST_P(SlicesOnDisk, OnlyAllTogetherAreAModel) {
  write_synthetic(dir / "in", recorded_case(GetParam()).source);
  expect_good("ckptscope convert in --to native -q -o slices --ep all/3");
  fs::rename(dir / "slices/ep-00001-of-00003", dir / "lost");
  const ShellResult lost = run("ckptscope info slices");
  EXPECT_EQ(lost.exit, 2);
  EXPECT_NE(lost.err.find("ep-00001-of-00003 is missing"), std::string::npos) << lost.err;
  fs::rename(dir / "lost", dir / "slices/ep-00001-of-00002");
  EXPECT_NE(run("ckptscope info slices").err.find("slices of"), std::string::npos);
  // One that is not of this model.
  fs::rename(dir / "slices/ep-00001-of-00002", dir / "slices/ep-00001-of-00003");
  expect_good("ckptscope convert in --to native -q -o other --ep 1/3 --dtype f32");
  fs::remove_all(dir / "slices/ep-00001-of-00003");
  fs::rename(dir / "other", dir / "slices/ep-00001-of-00003");
  EXPECT_EQ(run("ckptscope check slices").exit, 1);
}

/// Headers cannot tell a slice of another model of the same shapes; bytes do.
TEST_P(SlicesOnDisk, OfTwoModelsAreFound) {
  SyntheticCheckpoint source = recorded_case(GetParam()).source;
  write_synthetic(dir / "in", source);
  source.seed += 1;
  write_synthetic(dir / "other", source);
  expect_good("ckptscope convert in --to native -q -o slices --ep all/2");
  const ShellResult good = run("ckptscope check slices --deep --json");
  EXPECT_EQ(good.exit, 0);
  EXPECT_NE(good.out.find(R"("copies":{"compared":)"), std::string::npos) << good.out;
  fs::remove_all(dir / "slices/ep-00001-of-00002");
  expect_good("ckptscope convert other --to native -q -o slices/ep-00001-of-00002 --ep 1/2");
  expect_good("ckptscope check slices");
  const ShellResult bad = run("ckptscope check slices --deep");
  EXPECT_EQ(bad.exit, 1);
  EXPECT_NE(bad.out.find("is not what ep-00000-of-00002/model.safetensors holds: slices of "
                         "different models [rank-shards]"),
            std::string::npos)
      << bad.out;
}

TEST_P(SlicesOnDisk, UsageIsRefused) {
  write_synthetic(dir / "in", recorded_case(GetParam()).source);
  for (const char* flags : {"--ep 3/3", "--ep x", "--ep all/0", "--ep all/2 --json",
                            "--experts 3..2", "--ep 0/2 --experts 0..1"}) {
    EXPECT_EQ(run(std::string("ckptscope convert in --to native -q -o out ") + flags).exit, 2)
        << flags;
  }
  EXPECT_EQ(run("ckptscope convert in --to native -q -o out --experts 90..99").exit, 1);
}

INSTANTIATE_TEST_SUITE_P(Families, SlicesOnDisk, ::testing::Values("qwen3_moe"));

}  // namespace
}  // namespace ckptscope::testing
