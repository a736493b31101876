// ckptscope-mpi as mpirun runs it: what tests/app/ranks_test.cpp shows of threads is so of
// processes, and what only processes can do: die, differ, and have a launcher.

#include <gtest/gtest.h>

#include <filesystem>
#include <regex>

#include "tests/support/recorded.hpp"
#include "tests/support/shell.hpp"

namespace ckptscope::testing {
namespace {

namespace fs = std::filesystem;

class Mpi : public ::testing::Test {
 protected:
  Mpi() {
    write_synthetic(dir / "in", recorded_case("gpt_oss-mxfp4").source);
    EXPECT_EQ(run("ckptscope " + convert + "-o whole").exit, 0);
  }
  ShellResult run(const std::string& line) const { return run_shell(dir, line); }
  /// Each of `ranks` runs `line`; several machines' worth of them share this one.
  static std::string mpirun(int ranks, const std::string& line) {
    return fmt::format(
        "OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 "
        "OMPI_MCA_rmaps_base_oversubscribe=1 " CKPTSCOPE_MPIEXEC " -n {} " CKPTSCOPE_MPI_BINARY
        " {}",
        ranks, line);
  }
  /// What the first rank says of an error; the launcher says more.
  static std::string message_of(const ShellResult& result) {
    const auto begin = result.err.find("ckptscope: ");
    return begin == std::string::npos
               ? result.err
               : result.err.substr(begin, result.err.find('\n', begin) - begin);
  }
  void expect_whole(const std::string& out) const {
    EXPECT_EQ(run("diff -r whole " + out).exit, 0) << run("diff -r whole " + out).out;
    EXPECT_FALSE(fs::exists(dir / (out + ".partial")));
  }

  const std::string convert = "convert in --to native --max-shard-size 20kB -q ";
  TempDir dir;
};

TEST_F(Mpi, AnyNumberOfRanksSaysTheSame) {
  for (const char* line : {"verify in whole", "check in --deep", "stat in --json",
                           "stat in model.layers.0.mlp.experts.down_proj --hist",
                           "diff in whole --decoded", "--version"}) {
    const ShellResult alone = run(std::string("ckptscope ") + line);
    for (const int ranks : {1, 2, 4}) {
      const ShellResult found = run(mpirun(ranks, line));
      EXPECT_EQ(found.out, alone.out) << line;
      EXPECT_EQ(found.exit, alone.exit) << line << found.err;
    }
  }
}

TEST_F(Mpi, AnyNumberOfRanksWritesTheSame) {
  for (const int ranks : {1, 2, 4}) {
    const ShellResult found = run(mpirun(ranks, convert + "-o out"));
    EXPECT_EQ(found.exit, 0) << found.err;
    expect_whole("out");
    fs::remove_all(dir / "out");
  }
}

TEST_F(Mpi, WhatAllRunIntoIsSaidOnce) {
  struct Row {
    std::string line;
    int exit;
    const char* message;
  };
  const Row rows[] = {
      {"info in", 2, "several ranks share these: stat, convert, verify, check, diff; for all else"},
      {"check nowhere", 2, "nowhere: no such file or directory [not-found]"},
      {convert + "-o whole --part 0/2", 2, "the ranks of one run share its shards by themselves"},
      {convert + "--dtype f32 -o whole", 1, "whole: exists, made by another conversion"},
  };
  for (const Row& row : rows) {
    const ShellResult found = run(mpirun(3, row.line));
    EXPECT_EQ(found.exit, row.exit) << row.line << found.err;
    EXPECT_NE(message_of(found).find(row.message), std::string::npos) << found.err;
    EXPECT_EQ(found.err.find("ckptscope: "), found.err.rfind("ckptscope: ")) << found.err;
  }
  const ShellResult different = run(mpirun(2, "diff in whole"));
  EXPECT_EQ(different.exit, 1) << different.err;
}

TEST_F(Mpi, ARankThatSeesSomethingElseStopsAll) {
  const auto differ = [&](const std::string& first, const std::string& second) {
    return run(mpirun(1, first) + " : -n 1 " CKPTSCOPE_MPI_BINARY " " + second);
  };
  const ShellResult plans = differ(convert + "-o out", convert + "-o out --dtype f32");
  EXPECT_EQ(plans.exit, 1) << plans.err;
  EXPECT_NE(message_of(plans).find("rank 1 sees another plan: "), std::string::npos) << plans.err;
  fs::copy(dir / "in", dir / "other");
  std::string config = read_file(dir / "other/config.json");
  write_file(dir / "other/config.json", config + " ");
  const ShellResult files = differ("check in --deep", "check other --deep");
  EXPECT_EQ(files.exit, 1) << files.err;
  EXPECT_NE(message_of(files).find("rank 1 sees another checkpoint: "), std::string::npos)
      << files.err;
  EXPECT_FALSE(fs::exists(dir / "out"));
  EXPECT_FALSE(fs::exists(dir / "out.partial"));
}

/// Ranks on other machines may call other directories by one name.
TEST_F(Mpi, RanksThatDoNotMeetInOneDirectoryStop) {
  for (const char* place : {"a", "b"}) {
    fs::create_directory(dir / place);
    fs::copy(dir / "in", dir / (std::string(place) + "/in"));
    fs::copy(dir / "whole", dir / (std::string(place) + "/whole"));
  }
  const auto apart = [&](const std::string& line) {
    return run(std::regex_replace(mpirun(1, line), std::regex(" -n "), " -wdir a -n ") +
               " : -wdir b -n 1 " CKPTSCOPE_MPI_BINARY " " + line);
  };
  const ShellResult lost = apart(convert + "-o out");
  EXPECT_EQ(lost.exit, 1) << lost.err;
  EXPECT_NE(message_of(lost).find("out.partial: not there as the first rank has made it"),
            std::string::npos)
      << lost.err;
  EXPECT_FALSE(fs::exists(dir / "a/out") || fs::exists(dir / "b/out"));
  EXPECT_FALSE(fs::exists(dir / "b/out.partial"));
  for (const auto& entry : fs::directory_iterator(dir / "b/whole")) {
    if (entry.path().extension() == ".safetensors") {
      fs::resize_file(entry.path(), fs::file_size(entry.path()) - 1);
    }
  }
  for (const char* line : {"verify in whole", "diff in whole --decoded", "diff in whole"}) {
    const ShellResult other = apart(line);
    EXPECT_NE(other.exit, 0) << line;
    EXPECT_EQ(other.out, "") << line;
  }
}

/// The disk of one rank fails: all end with its error, and what is done stays.
TEST_F(Mpi, AnErrorOfOneRankEndsAll) {
  const std::string strace =
      "strace -f -o trace.txt -e trace=pwrite64 -e inject=pwrite64:error=EIO:when=5+ ";
  const ShellResult found = run(mpirun(1, convert + "-o out") + " : -n 1 " + strace +
                                CKPTSCOPE_MPI_BINARY " " + convert + "-o out");
  EXPECT_EQ(found.exit, 3) << found.err;
  EXPECT_TRUE(message_of(found).starts_with("ckptscope: rank 1: ")) << found.err;
  EXPECT_NE(message_of(found).find("Input/output error"), std::string::npos) << found.err;
  EXPECT_FALSE(fs::exists(dir / "out"));
  const ShellResult again = run(mpirun(2, convert + "-o out --resume"));
  EXPECT_EQ(again.exit, 0) << again.err;
  expect_whole("out");
}

/// A rank that is killed at its Nth write, N from the first to one that it no longer reaches; then
/// the run is gone on with, by ranks and by one process in turn.
TEST_F(Mpi, AKilledRankLosesNothing) {
  int kills = 0;
  for (int nth = 1; nth < 200; nth += 6) {
    const std::string strace = fmt::format(
        "strace -f -o trace.txt -e trace=pwrite64 -e inject=pwrite64:signal=KILL:when={} ", nth);
    const ShellResult found = run(mpirun(1, convert + "-j 1 -o out") + " : -n 1 " + strace +
                                  CKPTSCOPE_MPI_BINARY " " + convert + "-j 1 -o out");
    if (found.exit == 0) break;
    ++kills;
    EXPECT_FALSE(fs::exists(dir / "out"));
    const std::string resumed = convert + "-o out --resume";
    const ShellResult again = run(kills % 2 == 0 ? "ckptscope " + resumed : mpirun(2, resumed));
    EXPECT_EQ(again.exit, 0) << nth << again.err;
    expect_whole("out");
    fs::remove_all(dir / "out");
  }
  EXPECT_GE(kills, 3);
}

}  // namespace
}  // namespace ckptscope::testing
