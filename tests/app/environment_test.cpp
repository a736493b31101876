// The program in a hostile environment: signals, limits, closed pipes, full disks.

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <thread>

#include "core/checkpoint/synthetic.hpp"
#include "tests/support/recorded.hpp"
#include "tests/support/temp_dir.hpp"

namespace ckptscope::testing {
namespace {

namespace fs = std::filesystem;

/// Runs a line of sh in `dir`; `{}` is the program under test.
int run(const TempDir& dir, std::string line) {
  for (auto at = line.find("{}"); at != line.npos; at = line.find("{}"))
    line.replace(at, 2, CKPTSCOPE_BINARY);
  const int status = std::system(
      ("cd " + dir.path() + " && { " + line + "; } >out.txt 2>err.txt </dev/null").c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::set<std::string> names_in(const std::string& directory) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory)) names.insert(entry.path().filename());
  return names;
}

/// 4 GB of holes: takes long enough to be stopped in the middle.
void make_large(const TempDir& dir) {
  SyntheticCheckpoint large;
  large.sparse = true;
  for (int layer = 0; layer < 4; ++layer) {
    large.tensors.push_back(
        {"model.layers." + std::to_string(layer) + ".mlp.expert_bias", Dtype::F32, {250'000'000}});
  }
  large.config = R"({"model_type":"hy_v3","num_experts":8})";
  write_synthetic(dir / "large", large);
}

class Stopped : public ::testing::TestWithParam<int> {};

TEST_P(Stopped, DiesByTheSignalAndLeavesNothing) {
  const TempDir dir;
  make_large(dir);
  const pid_t child = ::fork();
  if (child == 0) {
    ::execl(CKPTSCOPE_BINARY, "ckptscope", "convert", (dir / "large").c_str(), "--to", "native",
            "-o", (dir / "out").c_str(), "-q", nullptr);
    std::_Exit(127);
  }
  while (!fs::exists(dir / "out.partial/model.safetensors")) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    ASSERT_EQ(::waitpid(child, nullptr, WNOHANG), 0) << "ended before it was stopped";
  }
  ::kill(child, GetParam());
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), GetParam());
  EXPECT_EQ(names_in(dir.path()), std::set<std::string>{"large"});
}

INSTANTIATE_TEST_SUITE_P(Signals, Stopped, ::testing::Values(SIGINT, SIGTERM));

TEST(Killed, TheNextRunClearsWhatIsLeft) {
  const TempDir dir;
  write_synthetic(dir / "source", recorded_case("gpt_oss-mxfp4").source);
  fs::create_directory(dir / "out.partial");
  write_file(dir / "out.partial/ckptscope.journal",
             "ckptscope conversion in progress\npid 1, host a, since b\noutput out\n"
             "file model.safetensors\n");
  write_file(dir / "out.partial/model.safetensors", "half");
  EXPECT_EQ(run(dir, "{} convert source --to native -o out"), 0);
  EXPECT_NE(read_file(dir / "out.txt").find("cleared"), std::string::npos);
}

TEST(Limits, AFileSizeLimitIsAnErrorAndLeavesNothing) {
  const TempDir dir;
  write_synthetic(dir / "source", recorded_case("gpt_oss-mxfp4").source);
  EXPECT_EQ(run(dir, "ulimit -f 50; {} convert source --to native -o out -q"), 3);
  EXPECT_NE(read_file(dir / "err.txt").find("[no-space]"), std::string::npos);
  EXPECT_EQ(names_in(dir.path()), (std::set<std::string>{"source", "out.txt", "err.txt"}));
}

TEST(Limits, FewDescriptorsSuffice) {
  const TempDir dir;
  SyntheticCheckpoint source = recorded_case("hy_v3-moe-mtp").source;
  source.shards = 40;
  write_synthetic(dir / "source", source);
  EXPECT_EQ(run(dir, "ulimit -n 20; {} convert source --to native -o out -q --max-shard-size 10kB"),
            0)
      << read_file(dir / "err.txt");
  EXPECT_EQ(run(dir, "ulimit -n 20; {} verify source out -q"), 0) << read_file(dir / "err.txt");
}

TEST(Streams, AFullDiskAndAClosedPipeAreNoticed) {
  const TempDir dir;
  write_synthetic(dir / "source", recorded_case("gpt_oss-mxfp4").source);
  EXPECT_EQ(run(dir, "{} ls source >/dev/full"), 3);
  EXPECT_NE(read_file(dir / "err.txt").find("stdout"), std::string::npos);
  EXPECT_EQ(
      run(dir,
          "{ {} help codes; echo $? >code; } | true; test $(cat code) = 141 -o $(cat code) = 0"),
      0);
  EXPECT_EQ(
      run(dir, "bash -c 'set -o pipefail; while :; do {} help codes || exit $?; done | head -1'"),
      141);
  EXPECT_EQ(read_file(dir / "err.txt"), "");
}

TEST(Streams, HostileNamesNeverReachTheTerminalRaw) {
  const TempDir dir;
  SyntheticCheckpoint hostile;
  for (const char* name :
       {"\x1b]0;owned\x07", "a\nb", "\xc2\x9b\x33\x31m", "\xe2\x80\xaerev", "tab\tname", "\\x41"}) {
    hostile.tensors.push_back({std::string("model.") + name, Dtype::U8, {1}});
  }
  write_synthetic(dir / "source", hostile);
  for (const char* line :
       {"{} ls source", "{} tree source", "{} info source", "{} map source --adapter hy_v3",
        "{} check source", "{} map source --adapter hy_v3 --full", "{} diff source source",
        "{} show source nothing"}) {
    run(dir, line);
    const std::string text = read_file(dir / "out.txt") + read_file(dir / "err.txt");
    EXPECT_EQ(text.find('\x1b'), text.npos) << line;
    EXPECT_EQ(text.find('\x07'), text.npos) << line;
    EXPECT_EQ(text.find("\xc2\x9b"), text.npos) << line;
    EXPECT_EQ(text.find("\xe2\x80\xae"), text.npos) << line;
    EXPECT_EQ(text.find("tab\tname"), text.npos) << line;
  }
  EXPECT_EQ(run(dir, "{} ls source | wc -l | grep -qx 6"), 0);
}

}  // namespace
}  // namespace ckptscope::testing
