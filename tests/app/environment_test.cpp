// The program in a hostile environment: signals, limits, closed pipes, full disks.

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <thread>

#include "core/checkpoint/synthetic.hpp"
#include "tests/support/recorded.hpp"
#include "tests/support/sanitizers.hpp"
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
  const auto has_begun = [&] {
    const fs::path partial = dir / "out.partial";
    return fs::exists(partial) && std::any_of(fs::directory_iterator(partial), {}, [](auto& one) {
             return one.path().filename().string().starts_with("model.safetensors.");
           });
  };
  while (!has_begun()) {
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
  fs::create_directories(dir / "out.partial/ckptscope.journal");
  write_file(
      dir / "out.partial/ckptscope.journal/work",
      R"({"program":"0.1.0","output":"out","files":["model.safetensors"],)"
      R"("shards":[{"name":"model.safetensors","bytes":9}],"parts":1,"sources":[],"conversion":""})");
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

/// What the program says when it may read and write nothing that is not for everybody: as nobody
/// where the test is root. The program is opened before, so that it may lie anywhere.
std::string run_unprivileged(const TempDir& dir, std::vector<std::string> args, int& exit_code) {
  const int program = ::open(CKPTSCOPE_BINARY, O_RDONLY | O_CLOEXEC);
  const int text = ::open((dir / "said.txt").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
  std::vector<char*> words;
  for (std::string& arg : args) words.push_back(arg.data());
  words.push_back(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    constexpr uid_t kNobody = 65534;
    const bool dropped = ::geteuid() != 0 || (::setgroups(0, nullptr) == 0 &&
                                              ::setgid(kNobody) == 0 && ::setuid(kNobody) == 0);
    if (dropped) {
      ::dup2(text, STDOUT_FILENO);
      ::dup2(text, STDERR_FILENO);
      ::fexecve(program, words.data(), environ);
    }
    std::_Exit(127);
  }
  ::close(program);
  ::close(text);
  int status = 0;
  ::waitpid(child, &status, 0);
  exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return read_file(dir / "said.txt");
}

TEST(Permissions, WhatMayNotBeReadOrWrittenIsAnError) {
  const TempDir dir;
  write_synthetic(dir / "source", recorded_case("gpt_oss-bf16").source);
  fs::create_directory(dir / "closed");
  ASSERT_EQ(::chmod(dir.path().c_str(), 0755), 0);
  ASSERT_EQ(::chmod((dir / "closed").c_str(), 0555), 0);
  const std::string shard = dir / "source/model.safetensors";
  int code = 0;
  const std::string written = run_unprivileged(
      dir,
      {"ckptscope", "convert", dir / "source", "--to", "native", "-o", dir / "closed/out", "-q"},
      code);
  EXPECT_EQ(code, 3) << written;
  EXPECT_NE(written.find("[no-permission]"), written.npos) << written;
  ASSERT_EQ(::chmod(shard.c_str(), 0), 0);
  const std::string read = run_unprivileged(dir, {"ckptscope", "ls", shard}, code);
  EXPECT_EQ(code, 3) << read;
  EXPECT_NE(read.find("[no-permission]"), read.npos) << read;
  EXPECT_TRUE(names_in(dir / "closed").empty());
}

// A sanitizer takes more memory than any limit leaves.
#ifndef CKPTSCOPE_SANITIZED
TEST(Limits, LittleMemoryIsAnErrorAndNoCrash) {
  const TempDir dir;
  write_synthetic(dir / "small", recorded_case("gpt_oss-mxfp4").source);
  const std::uint64_t header = 99'000'000;  // bytes, which must be read as one
  write_file(dir / "large.safetensors", {reinterpret_cast<const char*>(&header), sizeof header});
  fs::resize_file(dir / "large.safetensors", sizeof header + header);
  EXPECT_EQ(run(dir, "ulimit -v 90000; {} ls small"), 0) << read_file(dir / "err.txt");
  EXPECT_EQ(run(dir, "ulimit -v 90000; {} ls large.safetensors"), 3);
  EXPECT_EQ(read_file(dir / "err.txt"), "ckptscope: memory ran out [out-of-memory]\n");
}
#endif

TEST(Streams, AClosedOneIsAnError) {
  const TempDir dir;
  EXPECT_EQ(run(dir, "{} help codes >&-"), 3);
  EXPECT_EQ(read_file(dir / "err.txt"), "ckptscope: stdout: Bad file descriptor [io]\n");
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
