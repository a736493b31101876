// Lines of sessions: words, quotes, escapes, and what stands between commands.

#include "app/language/words.hpp"

#include <gtest/gtest.h>

#include <random>

#include "core/base/display.hpp"
#include "core/base/error.hpp"
#include "tests/support/temp_dir.hpp"

namespace ckptscope::testing {
namespace {

/// Words in <>, then what becomes of the output; commands separated by " ; ".
std::string shown(std::string_view line) {
  std::string text;
  for (const Step& step : parse_steps(line)) {
    if (!text.empty()) text += " ; ";
    for (const std::string& word : step.words) text += "<" + word + ">";
    if (!step.file.empty()) text += (step.append ? " >>" : " >") + step.file;
    if (!step.pipe.empty()) text += " |" + step.pipe;
  }
  return text;
}

TEST(Words, Rows) {
  const std::pair<std::string, std::string> rows[] = {
      {"", ""},
      {"  \t ", ""},
      {"ls", "<ls>"},
      {"ls  a\tb ", "<ls><a><b>"},
      {"ls 'a b' \"c d\"", "<ls><a b><c d>"},
      {"ls a'b c'd", "<ls><ab cd>"},
      {"ls ''", "<ls><>"},
      {"# all of it", ""},
      {"ls # the rest", "<ls>"},
      {"ls a#b", "<ls><a#b>"},
      {"ls;info", "<ls> ; <info>"},
      {"ls ; ; info;", "<ls> ; <info>"},
      {"ls ';' \"|\" '>'", "<ls><;><|><>>"},
      {"ls > out", "<ls> >out"},
      {"ls >> 'my out'", "<ls> >>my out"},
      {"ls >out; info", "<ls> >out ; <info>"},
      {"ls | grep 'x; y' > z", "<ls> | grep 'x; y' > z"},
      {"show \\x41\\u{e9}", "<show><A\xc3\xa9>"},
      {"show \"\\x41 \\\"\"", "<show><A \">"},
      {"show 'a\\x41'", "<show><a\\x41>"},
      {"show a\\\\b a\\ b", "<show><a\\b><a b>"},
      {"ls bytes>1GB > out", "<ls><bytes>1GB> >out"},
  };
  for (const auto& [line, expected] : rows) EXPECT_EQ(shown(line), expected) << line;
}

TEST(Words, Mistakes) {
  for (const std::string line :
       {"ls 'a", "ls \"a", "ls a\\", "ls \\xZ1", "ls \\x4", "ls \\u{110000}", "ls \\u{", "ls >",
        "ls |", "ls | ", "> out", "| head"}) {
    try {
      parse_steps(line);
      ADD_FAILURE() << line << " is taken";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::Usage) << line;
    }
  }
}

/// Whatever a name is made of, what is shown of it can be typed.
TEST(Words, WhatIsShownReadsBack) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 20000; ++round) {
    std::string name;
    for (std::size_t n = random() % 8; n > 0; --n) {
      const bool plain = random() % 2 == 0;
      name += static_cast<char>(plain ? "ab.;'\"\\>|# \t"[random() % 13] : random());
    }
    const auto steps = parse_steps("show " + quoted_word(name));
    ASSERT_EQ(steps.size(), 1u) << quoted_word(name);
    ASSERT_EQ(steps[0].words, (std::vector<std::string>{"show", name})) << quoted_word(name);
  }
}

/// What is pasted into a shell is one word, and no more happens.
TEST(Words, AShellReadsItsOwnBack) {
  std::mt19937_64 random(8);
  const TempDir dir;
  std::string script;
  std::string expected;
  for (int round = 0; round < 3000; ++round) {
    std::string name;
    for (std::size_t n = 1 + random() % 8; n > 0; --n) {
      const bool plain = random() % 2 == 0;
      const char c = plain ? "ab$();'\"\\>|`!~ \t\n"[random() % 18] : static_cast<char>(random());
      name += c == '\0' ? '-' : c;
    }
    script += "printf '%s\\0' " + shell_word(name) + "\n";
    expected += name + '\0';
    std::string shown = shell_word(name);
    std::erase(shown, '\\');
    EXPECT_FALSE(needs_escape(shown)) << shown;
  }
  write_file(dir / "script", script);
  ASSERT_EQ(std::system(("bash " + (dir / "script") + " >" + (dir / "said")).c_str()), 0);
  EXPECT_EQ(read_file(dir / "said"), expected);
  EXPECT_EQ(shell_path("-x"), "./-x");
  EXPECT_EQ(shell_word("a/b-1.5"), "a/b-1.5");
}

}  // namespace
}  // namespace ckptscope::testing
