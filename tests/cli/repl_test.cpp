// The prompt in a real pseudo terminal: completion, ^C, ^D, history, paste.

#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>

#include "tests/support/published.hpp"
#include "tests/support/recorded.hpp"
#include "tests/support/temp_dir.hpp"

namespace ckptscope::testing {
namespace {

using Clock = std::chrono::steady_clock;

/// The program with a terminal of its own.
class Prompt {
 public:
  Prompt(const TempDir& dir, const std::vector<std::string>& words) {
    winsize size{};
    size.ws_row = 40;
    size.ws_col = 100;
    child_ = ::forkpty(&terminal_, nullptr, nullptr, &size);
    if (child_ != 0) return;
    ::setenv("HOME", dir.path().c_str(), 1);
    ::setenv("XDG_STATE_HOME", (dir / "state").c_str(), 1);
    ::setenv("XDG_CONFIG_HOME", (dir / "config").c_str(), 1);
    ::setenv("TERM", "xterm", 1);
    ::unsetenv("INPUTRC");
    if (::chdir(dir.path().c_str()) != 0) std::_Exit(126);
    std::vector<char*> argv{const_cast<char*>(CKPTSCOPE_BINARY)};
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    ::execv(argv[0], argv.data());
    std::_Exit(127);
  }
  ~Prompt() {
    ::kill(child_, SIGKILL);
    ::close(terminal_);
    ::waitpid(child_, nullptr, 0);
  }

  void type(const std::string& keys) {
    ASSERT_EQ(::write(terminal_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }

  /// Reads until `text` has come since the last wait; false after some seconds.
  bool wait_for(const std::string& text) {
    const auto end = Clock::now() + std::chrono::seconds(20);
    while (Clock::now() < end) {
      const auto at = seen_.find(text);
      if (at != seen_.npos) {
        last_ = seen_.substr(0, at + text.size());
        seen_.erase(0, at + text.size());
        return true;
      }
      pollfd ready{terminal_, POLLIN, 0};
      if (::poll(&ready, 1, 100) <= 0) continue;
      char buffer[4096];
      const ssize_t got = ::read(terminal_, buffer, sizeof buffer);
      if (got <= 0) return false;
      seen_.append(buffer, static_cast<std::size_t>(got));
    }
    ADD_FAILURE() << "not seen: " << text << "\nbut: " << seen_;
    return false;
  }
  const std::string& last() const { return last_; }
  void send(int signal) const { ::kill(child_, signal); }

  int exit_code() {
    int status = 0;
    for (int i = 0; i < 200; ++i) {
      char buffer[4096];
      pollfd ready{terminal_, POLLIN, 0};
      if (::poll(&ready, 1, 0) > 0) (void)!::read(terminal_, buffer, sizeof buffer);
      if (::waitpid(child_, &status, WNOHANG) == child_) {
        const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        child_ = ::fork();  // something for the destructor to end
        if (child_ == 0) ::pause();
        return code;
      }
      ::usleep(50'000);
    }
    return -1;
  }

 private:
  int terminal_ = -1;
  pid_t child_ = -1;
  std::string seen_;
  std::string last_;
};

class Repl : public ::testing::Test {
 protected:
  void SetUp() override { write_synthetic(dir_ / "gpt", recorded_case("gpt_oss-mxfp4").source); }
  TempDir dir_;
};

TEST_F(Repl, CompletesRunsAndQuits) {
  Prompt prompt(dir_, {"-i", "gpt"});
  ASSERT_TRUE(prompt.wait_for("gpt> "));
  prompt.type("sho\tmodel.no\t");
  ASSERT_TRUE(prompt.wait_for("show model.norm."));
  prompt.type("\t\r");
  ASSERT_TRUE(prompt.wait_for("BF16"));
  ASSERT_TRUE(prompt.wait_for("gpt> "));
  prompt.type("cd model.layers.0\r");
  ASSERT_TRUE(prompt.wait_for("gpt:model.layers.0> "));
  prompt.type("pwd\r");
  ASSERT_TRUE(prompt.wait_for("41 tensors"));
  ASSERT_TRUE(prompt.wait_for("> "));  // before it, ^D would be the terminal's
  prompt.type("\x04");
  EXPECT_EQ(prompt.exit_code(), 0);
}

TEST_F(Repl, InterruptGivesUpALineAndNothingElse) {
  Prompt prompt(dir_, {"-i", "gpt"});
  ASSERT_TRUE(prompt.wait_for("gpt> "));
  prompt.type("covert nonsense\x03");
  ASSERT_TRUE(prompt.wait_for("^C"));
  prompt.type("pwd\r");
  ASSERT_TRUE(prompt.wait_for("41 tensors"));
  EXPECT_EQ(prompt.last().find("Undefined"), std::string::npos);
  prompt.type("quit\r");
  EXPECT_EQ(prompt.exit_code(), 0);
}

TEST_F(Repl, InterruptStopsAJob) {
  write_synthetic(dir_ / "hy3", published("hy3"));  // 600 GB of holes: long enough
  Prompt prompt(dir_, {"-i", "hy3"});
  ASSERT_TRUE(prompt.wait_for("hy3> "));
  prompt.type("check --deep\r");
  ASSERT_TRUE(prompt.wait_for(" %"));
  prompt.type("\x03");
  ASSERT_TRUE(prompt.wait_for("[interrupted]"));
  ASSERT_TRUE(prompt.wait_for("hy3> "));
  prompt.type("pwd\r");
  ASSERT_TRUE(prompt.wait_for("47,138 tensors"));
  ASSERT_TRUE(prompt.wait_for("> "));
  prompt.type("\x04");
  EXPECT_EQ(prompt.exit_code(), 0);
}

TEST_F(Repl, KeepsAHistoryButNotLinesThatBeginWithASpace) {
  {
    Prompt prompt(dir_, {"-i", "gpt"});
    ASSERT_TRUE(prompt.wait_for("gpt> "));
    prompt.type("pwd\r");
    ASSERT_TRUE(prompt.wait_for("gpt> "));
    prompt.type(" secret\r");
    ASSERT_TRUE(prompt.wait_for("Undefined command"));
    ASSERT_TRUE(prompt.wait_for("gpt> "));
    prompt.type("\x04");
    EXPECT_EQ(prompt.exit_code(), 2);  // of the last line, as a shell has it
  }
  EXPECT_EQ(read_file(dir_ / "state/ckptscope/history"), "pwd\n");
  Prompt prompt(dir_, {"-i", "gpt"});
  ASSERT_TRUE(prompt.wait_for("gpt> "));
  prompt.type("\x10\r");  // ^P: the line before
  ASSERT_TRUE(prompt.wait_for("41 tensors"));
}

/// What is pasted is one line until somebody sends it, whatever line feeds it has.
TEST_F(Repl, PastedLinesDoNotRunByThemselves) {
  Prompt prompt(dir_, {"-i", "gpt"});
  ASSERT_TRUE(prompt.wait_for("gpt> "));
  prompt.type("\x1b[200~pwd\nquit\n\x1b[201~");
  ASSERT_TRUE(prompt.wait_for("quit"));
  EXPECT_EQ(prompt.last().find("41 tensors"), std::string::npos);
  prompt.type("\x03");
  ASSERT_TRUE(prompt.wait_for("gpt> "));
  prompt.type("info\r");
  ASSERT_TRUE(prompt.wait_for("family"));
}

TEST_F(Repl, ReadsSetLinesOfTheUsersConfigAlone) {
  std::filesystem::create_directories(dir_ / "config/ckptscope");
  write_file(dir_ / "config/ckptscope/config", "set limit 1\n");
  write_file(dir_ / "gpt/.ckptscoperc", "set json\n");
  Prompt prompt(dir_, {"-i", "gpt"});
  ASSERT_TRUE(prompt.wait_for("gpt> "));
  prompt.type("set\r");
  ASSERT_TRUE(prompt.wait_for("set limit 1"));
  prompt.type("ls | wc -l\r");  // a typed line may start a process
  ASSERT_TRUE(prompt.wait_for("1\r\n"));
}

TEST_F(Repl, TerminationEndsItByTheSignal) {
  Prompt prompt(dir_, {"-i", "gpt"});
  ASSERT_TRUE(prompt.wait_for("gpt> "));
  prompt.send(SIGTERM);
  EXPECT_EQ(prompt.exit_code(), 128 + SIGTERM);
}

}  // namespace
}  // namespace ckptscope::testing
