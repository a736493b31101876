// One conversion by several processes at once.

#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "tests/support/recorded.hpp"
#include "tests/support/shell.hpp"

namespace ckptscope::testing {
namespace {

namespace fs = std::filesystem;

class PartsCli : public ::testing::Test {
 protected:
  PartsCli() {
    write_synthetic(dir / "in", recorded_case("gpt_oss-mxfp4").source);
    EXPECT_EQ(run_shell(dir, convert + "-o whole").exit, 0);
  }
  ShellResult run(const std::string& line) const { return run_shell(dir, line); }
  std::set<std::string> names() const {
    std::set<std::string> found;
    for (const auto& entry : fs::directory_iterator(dir.path())) {
      if (!entry.path().string().ends_with(".txt")) found.insert(entry.path().filename());
    }
    return found;
  }
  void expect_whole(const std::string& out) const {
    EXPECT_EQ(run("diff -r whole " + out).exit, 0) << run("diff -r whole " + out).out;
    EXPECT_EQ(names(), (std::set<std::string>{"in", "whole", out}));
  }
  /// Waits for all, and fails with the first that fails.
  static std::string all_at_once(const std::string& parts, const std::string& line) {
    return "pids=; for r in " + parts + "; do " + line +
           " & pids=\"$pids $!\"; done; for p in $pids; do wait $p || exit $?; done";
  }

  const std::string convert = "ckptscope convert in --to native --max-shard-size 20kB -q ";
  TempDir dir;
};

TEST_F(PartsCli, AnyOrderMakesTheSameBytes) {
  for (const char* order : {"0 1 2", "2 1 0", "1 2 0"}) {
    const auto found =
        run(fmt::format("for r in {}; do {} -o out --part $r/3 || exit; done", order, convert));
    EXPECT_EQ(found.exit, 0) << found.err;
    expect_whole("out");
    fs::remove_all(dir / "out");
  }
}

TEST_F(PartsCli, AtOnceMakesTheSameBytes) {
  for (int i = 0; i < 5; ++i) {
    const auto found = run(all_at_once("0 1 2 3", convert + "-o out --part $r/4"));
    EXPECT_EQ(found.exit, 0) << found.err;
    expect_whole("out");
    fs::remove_all(dir / "out");
  }
}

TEST_F(PartsCli, TheSamePartTwiceIsHarmless) {
  const auto found = run(all_at_once("0 0 1 1", convert + "-o out --part $r/2"));
  EXPECT_EQ(found.exit, 0) << found.err;
  expect_whole("out");
}

TEST_F(PartsCli, MorePartsThanShards) {
  const auto found = run(all_at_once("$(seq 0 39)", convert + "-o out --part $r/40 -j 1"));
  EXPECT_EQ(found.exit, 0) << found.err;
  expect_whole("out");
}

TEST_F(PartsCli, APartThatComesLateIsContent) {
  EXPECT_EQ(run("for r in 0 1; do " + convert + "-o out --part $r/2; done").exit, 0);
  const auto late = run("ckptscope convert in --to native --max-shard-size 20kB -o out --part 1/2");
  EXPECT_EQ(late.exit, 0);
  EXPECT_NE(late.out.find("skipped"), std::string::npos) << late.out;
}

TEST_F(PartsCli, OtherWorkIsRefused) {
  EXPECT_EQ(run(convert + "-o out --part 0/2").exit, 0);
  const std::pair<const char*, const char*> rows[] = {
      {"--part 1/3", "begun with 2 parts"},
      {"--part 1/2 --allow overflow", "begun with another --allow"},
      {"", "shards of an interrupted conversion are done"},
  };
  for (const auto& [flags, message] : rows) {
    const auto other = run(convert + "-o out " + flags);
    EXPECT_EQ(other.exit, 1) << flags;
    EXPECT_NE(other.err.find(message), std::string::npos) << other.err;
  }
  EXPECT_EQ(run(convert + "-o out --part 1/2").exit, 0);
  expect_whole("out");
}

/// Between two parts: other values, somebody's file, what a killed part had begun.
TEST_F(PartsCli, WhatChangesBetweenPartsIsSeen) {
  EXPECT_EQ(run(convert + "-o out --part 0/2").exit, 0);
  write_file(dir / "out.partial/NOTES.txt", "measured for a week");
  EXPECT_NE(run(convert + "-o out --part 1/2").err.find("NOTES.txt"), std::string::npos);
  fs::remove(dir / "out.partial/NOTES.txt");
  const std::string shard = dir / "in/model-00001-of-00003.safetensors";
  const auto before = fs::last_write_time(shard);
  fs::last_write_time(shard, before + std::chrono::seconds(1));
  const auto changed = run(convert + "-o out --part 1/2");
  EXPECT_EQ(changed.exit, 1);
  EXPECT_NE(changed.err.find("sources that have changed"), std::string::npos) << changed.err;
  fs::last_write_time(shard, before);
  write_file(dir / "out.partial/model-00001-of-00010.safetensors.0123456789abcdef.tmp", "half");
  EXPECT_EQ(run(convert + "-o out --part 1/2").exit, 0);
  expect_whole("out");
}

/// What parts have begun one process may finish.
TEST_F(PartsCli, OneRunGoesOnAfterParts) {
  EXPECT_EQ(run(convert + "-o out --part 0/2").exit, 0);
  EXPECT_EQ(run(convert + "-o out --resume").exit, 0);
  expect_whole("out");
}

TEST_F(PartsCli, CommitWantsAllShards) {
  EXPECT_EQ(run("ckptscope commit out").exit, 2);
  EXPECT_EQ(run(convert + "-o out --part 0/2").exit, 0);
  const auto early = run("ckptscope commit out");
  EXPECT_EQ(early.exit, 1);
  EXPECT_NE(early.err.find("shards are done; not model-"), std::string::npos) << early.err;
  EXPECT_EQ(run(convert + "-o out --part 1/2").exit, 0);
  const auto late = run("ckptscope commit out");
  EXPECT_EQ(late.exit, 0);
  EXPECT_NE(late.out.find("it was committed already"), std::string::npos) << late.out;
  expect_whole("out");
}

TEST_F(PartsCli, UsageIsRefused) {
  for (const char* flags : {"--part 2/2", "--part auto", "--part 0/2 --restart",
                            "--part 0/2 --verify roundtrip", "--part 0/2 --if-exists replace"}) {
    EXPECT_EQ(run(convert + "-o out " + flags).exit, 2) << flags;
  }
  EXPECT_EQ(names(), (std::set<std::string>{"in", "whole"}));
}

}  // namespace
}  // namespace ckptscope::testing
