// The prompt in a real pseudo terminal: completion, ^C, ^D, history, paste.

#include <gtest/gtest.h>

#include <csignal>

#include "tests/support/environment.hpp"
#include "tests/support/pty_program.hpp"
#include "tests/support/published.hpp"
#include "tests/support/recorded.hpp"
#include "tests/support/temp_dir.hpp"

namespace ckptscope::testing {
namespace {

/// With GNU readline, and with libedit, as the wheel has it.
class Repl : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { write_synthetic(dir_ / "gpt", recorded_case("gpt_oss-mxfp4").source); }
  PtyProgram start(const std::vector<std::string>& words) const {
    return PtyProgram(dir_, words, false,
                      GetParam() == "libedit" ? CKPTSCOPE_LIBEDIT_BINARY : CKPTSCOPE_BINARY);
  }
  /// libedit makes the terminal its own a moment behind the prompt; before it, ^D is the
  /// terminal's.
  static void type_end(PtyProgram& prompt) {
    ::usleep(100'000);
    prompt.type("\x04");
  }
  TempDir dir_;
};

INSTANTIATE_TEST_SUITE_P(With, Repl, ::testing::Values("readline", "libedit"),
                         [](const auto& test) { return test.param; });

TEST_P(Repl, CompletesRunsAndQuits) {
  PtyProgram prompt = start({"-i", "gpt"});
  ASSERT_TRUE(prompt.wait_for("gpt> "));
  prompt.type("sho\tmodel.no\t");
  ASSERT_TRUE(prompt.wait_for("rm."));  // libedit draws what is new alone
  prompt.type("\t\r");
  ASSERT_TRUE(prompt.wait_for("BF16"));
  ASSERT_TRUE(prompt.wait_for("gpt> "));
  prompt.type("cd model.layers.0\r");
  ASSERT_TRUE(prompt.wait_for("gpt:model.layers.0> "));
  prompt.type("pwd\r");
  ASSERT_TRUE(prompt.wait_for("41 tensors"));
  ASSERT_TRUE(prompt.wait_for("> "));
  type_end(prompt);
  EXPECT_EQ(prompt.exit_code(), 0);
}

TEST_P(Repl, InterruptGivesUpALineAndNothingElse) {
  PtyProgram prompt = start({"-i", "gpt"});
  ASSERT_TRUE(prompt.wait_for("gpt> "));
  prompt.type("covert nonsense");
  ASSERT_TRUE(prompt.wait_for("nonsense"));  // the terminal forgets what nobody has read before ^C
  prompt.type("\x03");
  ASSERT_TRUE(prompt.wait_for("^C"));
  prompt.type("pwd\r");
  ASSERT_TRUE(prompt.wait_for("41 tensors"));
  EXPECT_EQ(prompt.last().find("Undefined"), std::string::npos);
  prompt.type("quit\r");
  EXPECT_EQ(prompt.exit_code(), 0);
  EXPECT_EQ(read_file(dir_ / "state/ckptscope/history"), "pwd\nquit\n");
}

/// ^C may end a question of readline's instead of the line: the next one is heard.
TEST_P(Repl, InterruptOfAQuestionLosesNoLine) {
  if (GetParam() == "libedit") GTEST_SKIP() << "it asks only before a hundred words";
  write_file(dir_ / ".inputrc", "set completion-query-items 5\n");
  PtyProgram prompt = start({"-i", "gpt"});
  ASSERT_TRUE(prompt.wait_for("gpt> "));
  prompt.type("\t\t");
  ASSERT_TRUE(prompt.wait_for("possibilities?"));
  prompt.type("\x03");
  ::usleep(300'000);  // nothing is written yet, and the terminal forgets what is typed before ^C
  prompt.type("n");
  ASSERT_TRUE(prompt.wait_for("gpt> "));
  prompt.type("\x15pwd\r");
  ASSERT_TRUE(prompt.wait_for("41 tensors"));
}

TEST_P(Repl, InterruptStopsAJob) {
  write_synthetic(dir_ / "hy3", published("hy3"));  // 600 GB of holes: long enough
  PtyProgram prompt = start({"-i", "hy3"});
  ASSERT_TRUE(prompt.wait_for("hy3> "));
  prompt.type("check --deep\r");
  ASSERT_TRUE(prompt.wait_for(" %"));
  prompt.type("\x03");
  ASSERT_TRUE(prompt.wait_for("[interrupted]"));
  ASSERT_TRUE(prompt.wait_for("hy3> "));
  prompt.type("pwd\r");
  ASSERT_TRUE(prompt.wait_for("47,138 tensors"));
  ASSERT_TRUE(prompt.wait_for("> "));
  type_end(prompt);
  EXPECT_EQ(prompt.exit_code(), 0);
}

TEST_P(Repl, KeepsAHistoryButNotLinesThatBeginWithASpace) {
  {
    PtyProgram prompt = start({"-i", "gpt"});
    ASSERT_TRUE(prompt.wait_for("gpt> "));
    prompt.type("pwd\r");
    ASSERT_TRUE(prompt.wait_for("gpt> "));
    prompt.type(" secret\r");
    ASSERT_TRUE(prompt.wait_for("Undefined command"));
    ASSERT_TRUE(prompt.wait_for("gpt> "));
    type_end(prompt);
    EXPECT_EQ(prompt.exit_code(), 2);  // of the last line, as a shell has it
  }
  EXPECT_EQ(read_file(dir_ / "state/ckptscope/history"), "pwd\n");
  PtyProgram prompt = start({"-i", "gpt"});
  ASSERT_TRUE(prompt.wait_for("gpt> "));
  prompt.type("\x10\r");  // ^P: the line before
  ASSERT_TRUE(prompt.wait_for("41 tensors"));
}

/// What is pasted is one line until somebody sends it, whatever line feeds it has.
TEST_P(Repl, PastedLinesDoNotRunByThemselves) {
  if (GetParam() == "libedit") GTEST_SKIP() << "it does not ask terminals to mark what is pasted";
  PtyProgram prompt = start({"-i", "gpt"});
  ASSERT_TRUE(prompt.wait_for("gpt> "));
  prompt.type("\x1b[200~pwd\nquit\n\x1b[201~");
  ASSERT_TRUE(prompt.wait_for("quit"));
  EXPECT_EQ(prompt.last().find("41 tensors"), std::string::npos);
  prompt.type("\x03");
  ASSERT_TRUE(prompt.wait_for("gpt> "));
  prompt.type("info\r");
  ASSERT_TRUE(prompt.wait_for("family"));
}

TEST_P(Repl, LettersBeyondAsciiStayWhatTheyAre) {
  const Environment locale("LC_ALL", "C.UTF-8");
  PtyProgram prompt = start({"-i", "gpt"});
  ASSERT_TRUE(prompt.wait_for("gpt> "));
  prompt.type("mod\xC3\xA8le-\xE6\x97\xA5\r");
  ASSERT_TRUE(prompt.wait_for("Undefined command: \"mod\xC3\xA8le-\xE6\x97\xA5\""));
}

TEST_P(Repl, CompletesBehindLettersBeyondAsciiAndInQuotes) {
  const Environment locale("LC_ALL", "C.UTF-8");
  std::filesystem::create_directories(dir_ / "\xC3\xA9\xC3\xA9");
  std::filesystem::rename(dir_ / "gpt", dir_ / "\xC3\xA9\xC3\xA9/gpt model");
  PtyProgram prompt = start({"-i"});
  ASSERT_TRUE(prompt.wait_for("ckptscope> "));
  prompt.type("open \"" + dir_.path() + "/\xC3\xA9\xC3\xA9/gp\t\r");
  ASSERT_TRUE(prompt.wait_for("gpt model> "));
  prompt.type("show \"model.no\t\t\r");
  ASSERT_TRUE(prompt.wait_for("BF16"));
}

TEST_P(Repl, ReadsSetLinesOfTheUsersConfigAlone) {
  std::filesystem::create_directories(dir_ / "config/ckptscope");
  write_file(dir_ / "config/ckptscope/config", "set limit 1\n");
  write_file(dir_ / "gpt/.ckptscoperc", "set json\n");
  PtyProgram prompt = start({"-i", "gpt"});
  ASSERT_TRUE(prompt.wait_for("gpt> "));
  prompt.type("set\r");
  ASSERT_TRUE(prompt.wait_for("set limit 1"));
  prompt.type("ls | wc -l\r");  // a typed line may start a process
  ASSERT_TRUE(prompt.wait_for("1\r\n"));
}

TEST_P(Repl, TerminationEndsItByTheSignal) {
  PtyProgram prompt = start({"-i", "gpt"});
  ASSERT_TRUE(prompt.wait_for("gpt> "));
  prompt.send(SIGTERM);
  EXPECT_EQ(prompt.exit_code(), 128 + SIGTERM);
}

}  // namespace
}  // namespace ckptscope::testing
