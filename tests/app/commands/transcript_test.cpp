// The program as its users see it: command lines, what they print, and their exit codes, as
// transcripts in tests/golden/cli. CKPTSCOPE_REGENERATE=1 writes them anew, for review in the diff.

#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <regex>

#include "core/base/error.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/masked.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/transcript_fixtures.hpp"

namespace ckptscope::testing {
namespace {

struct Result {
  std::string out;
  std::string err;
  int exit = 0;
};

Result run_shell(const TempDir& dir, const std::string& line) {
  const std::string command =
      "cd " + dir.path() + " && { " + line + "; } >stdout.txt 2>stderr.txt </dev/null";
  const int status = std::system(command.c_str());
  return {read_file(dir / "stdout.txt"), read_file(dir / "stderr.txt"),
          WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status)};
}

std::string prefixed(const std::string& text, const std::string& prefix) {
  std::string out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) out += prefix + line + "\n";
  return out;
}

std::string transcript(const TempDir& dir, const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) {
    const std::string runnable = std::regex_replace(
        line, std::regex("\\bckptscope (?=[a-z\\-./]|$)"), std::string(CKPTSCOPE_BINARY) + " ");
    const Result result = run_shell(dir, runnable);
    text += "$ " + line + "\n" + result.out + prefixed(result.err, "2> ") + "exit " +
            std::to_string(result.exit) + "\n\n";
  }
  for (auto at = text.find(dir.path()); at != text.npos; at = text.find(dir.path())) {
    text.replace(at, dir.path().size(), "/work");
  }
  return masked(text);
}

class Transcript : public ::testing::TestWithParam<Topic> {};

TEST_P(Transcript, IsAsRecorded) {
  const Topic& topic = GetParam();
  const TempDir dir;
  topic.prepare(dir);
  expect_golden("cli/" + topic.name + ".txt", transcript(dir, topic.lines));
}

INSTANTIATE_TEST_SUITE_P(Cli, Transcript, ::testing::ValuesIn(topics()),
                         [](const auto& test) { return test.param.name; });

/// Every error code appears in a transcript, but for those that need a failing machine.
TEST(Transcripts, ShowEveryErrorCode) {
  // Shown elsewhere: environment_test.cpp, staging_test.cpp, planner_test.cpp.
  const std::set<std::string, std::less<>> elsewhere{
      "io",          "source-changed", "truncated-source", "no-permission", "out-of-memory",
      "interrupted", "internal",       "mismatch",         "locked",        "missing-part",
      "no-space",    "orphan"};
  std::string all;
  for (const Topic& topic : topics()) {
    all += read_file(std::string(CKPTSCOPE_TESTS) + "/golden/cli/" + topic.name + ".txt");
  }
  for (const CodeRow& row : code_table()) {
    if (elsewhere.contains(row.name)) continue;
    const std::string bracketed = "[" + std::string(row.name) + "]";
    const std::string in_json = "\"code\":\"" + std::string(row.name) + "\"";
    EXPECT_TRUE(all.find(bracketed) != all.npos || all.find(in_json) != all.npos) << row.name;
  }
}

}  // namespace
}  // namespace ckptscope::testing
