// The program as its users see it: command lines, what they print, and their exit codes, as
// transcripts in tests/golden/cli. CKPTSCOPE_REGENERATE=1 writes them anew, for review in the diff.

#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <regex>
#include <set>

#include "core/base/display.hpp"
#include "core/base/error.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/masked.hpp"
#include "tests/support/shell.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/transcript_fixtures.hpp"

namespace ckptscope::testing {
namespace {

std::string prefixed(const std::string& text, const std::string& prefix) {
  std::string out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) out += prefix + line + "\n";
  return out;
}

std::string transcript(const TempDir& dir, const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) {
    const ShellResult result = run_shell(dir, line);
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

/// A code that no transcript shows: it needs a failing machine, a defect, or a mapping that no
/// family has. The file asserts it, and the words are how.
struct Elsewhere {
  std::string_view code;
  std::string_view file;
  std::string_view words;
};
constexpr Elsewhere kElsewhere[] = {
    {"io", "app/environment_test.cpp", "[io]"},
    {"no-permission", "app/environment_test.cpp", "[no-permission]"},
    {"out-of-memory", "app/environment_test.cpp", "[out-of-memory]"},
    {"internal", "app/session/run_command_test.cpp", "Code::Internal"},
    {"rank-shards", "core/checkpoint/locate_test.cpp", "throws rank-shards"},
    {"source-changed", "core/convert/convert_test.cpp", "Code::SourceChanged"},
    {"truncated-source", "core/convert/convert_test.cpp", "Code::TruncatedSource"},
    {"interrupted", "core/convert/convert_test.cpp", "Code::Interrupted"},
    {"mismatch", "core/output/staged_sink_test.cpp", "Code::Mismatch"},
    {"locked", "core/output/staging_test.cpp", "Code::Locked"},
    {"missing-part", "core/plan/rows_test.cpp", "[missing-part]"},
    {"orphan", "core/plan/rows_test.cpp", "[orphan]"},
    {"scale-not-applied", "field/field_test.cpp", "scale-not-applied"},
    {"overflow", "field/field_test.cpp", "[overflow]"},
    {"unreachable", "core/remote/http_test.cpp", "unreachable: "},
    {"rate-limited", "core/remote/http_test.cpp", "rate-limited: "},
    {"bad-answer", "core/remote/http_test.cpp", "bad-answer: "},
    {"values-elsewhere", "app/remote_test.cpp", "[values-elsewhere]"},
};

TEST(Transcripts, LinesFitTheWidthThatWasAsked) {
  std::istringstream lines(read_file(std::string(CKPTSCOPE_TESTS) + "/golden/cli/widths.txt"));
  std::size_t width = 0;
  std::string command;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t flag = line.find(" --width ");
    if (line.starts_with("$ ") && flag != line.npos) {
      width = std::stoul(line.substr(flag + 9));
      command = line;
    } else if (!line.starts_with("2> ")) {
      EXPECT_LE(display_width(line), width) << command << "\n" << line;
    }
  }
  EXPECT_EQ(width, 200U);
}

TEST(Transcripts, ShowEveryErrorCodeThatNoOtherTestAsserts) {
  std::string all;
  for (const Topic& topic : topics()) {
    all += read_file(std::string(CKPTSCOPE_TESTS) + "/golden/cli/" + topic.name + ".txt");
  }
  const auto has = [&](const std::string& text) { return all.find(text) != all.npos; };
  std::set<std::string_view> missing;
  for (const CodeRow& row : code_table()) {
    const std::string name(row.name);
    if (!has("[" + name + "]") && !has("\"code\":\"" + name + "\"")) missing.insert(row.name);
  }
  std::set<std::string_view> elsewhere;
  for (const Elsewhere& row : kElsewhere) {
    elsewhere.insert(row.code);
    const std::string text = read_file(std::string(CKPTSCOPE_TESTS "/").append(row.file));
    EXPECT_NE(text.find(row.words), text.npos) << row.file << " does not speak of " << row.words;
  }
  EXPECT_EQ(missing, elsewhere);
}

}  // namespace
}  // namespace ckptscope::testing
