// The full screen in a real terminal: tmux shows what a person would see, and the terminal has to
// be as it was afterwards, however the program ends.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "tests/support/pty_program.hpp"
#include "tests/support/published.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/transcript_fixtures.hpp"

namespace ckptscope::testing {
namespace {

using namespace std::chrono_literals;

std::string output_of(const std::string& command) {
  std::string text;
  std::FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  char buffer[4096];
  for (std::size_t got; (got = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) {
    text.append(buffer, got);
  }
  ::pclose(pipe);
  return text;
}

/// A shell in a terminal of tmux, 100 x 30. (Leaks: newterm keeps what it has when it fails.)
class Tmux {
 public:
  explicit Tmux(const std::string& directory)
      : socket_("ckptscope-" + std::to_string(::getpid()) + "-" + std::to_string(count_++)) {
    run("new-session -d -x 100 -y 30 -c " + directory +
        " \"env -u NO_COLOR -u XDG_STATE_HOME -u XDG_CONFIG_HOME HOME=" + directory +
        " ASAN_OPTIONS=detect_leaks=0 LC_ALL=C.UTF-8 PS1='$ ' bash --norc --noprofile -i\"");
    run("set -g window-size manual");
    run("set -g default-terminal screen-256color");
    EXPECT_TRUE(shows("$"));
  }
  ~Tmux() { run("kill-server"); }

  /// Arguments of tmux send-keys: 'text', Enter, C-c.
  void keys(const std::string& arguments) const { run("send-keys " + arguments); }
  void resize(int columns, int rows) const {
    run("resize-window -x " + std::to_string(columns) + " -y " + std::to_string(rows));
  }
  std::string screen(const std::string& flags = "") const {
    return run("capture-pane -p " + flags);
  }
  std::string format(const std::string& what) const {
    std::string text = run("display -p '" + what + "'");
    text.erase(text.find_last_not_of('\n') + 1);
    return text;
  }
  /// Within some seconds.
  bool shows(const std::string& text) const {
    std::string now;
    for (int i = 0; i < 600; ++i) {
      now = screen();
      if (now.find(text) != now.npos) return true;
      std::this_thread::sleep_for(50ms);
    }
    ADD_FAILURE() << "not shown: " << text << "\n" << now;
    return false;
  }
  /// The whole screen, within some seconds: parts of it may stand there from before.
  bool shows_again(const std::string& whole) const {
    for (int i = 0; i < 600; ++i) {
      if (screen() == whole) return true;
      std::this_thread::sleep_for(50ms);
    }
    ADD_FAILURE() << "another screen:\n" << screen();
    return false;
  }
  /// The first process below the shell.
  std::string child() const {
    for (int i = 0; i < 200; ++i) {
      std::string pid = output_of("pgrep -P " + format("#{pane_pid}") + " ckptscope");
      pid.erase(pid.find_last_not_of('\n') + 1);
      if (!pid.empty()) return pid;
      std::this_thread::sleep_for(20ms);
    }
    return "";
  }

  std::string run(const std::string& command) const {
    return output_of("tmux -L " + socket_ + " -f /dev/null " + command);
  }

 private:
  static inline int count_ = 0;
  const std::string socket_;
};

class RealTerminal : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::system("(command -v tmux && command -v pgrep) >/dev/null 2>&1") != 0)
      GTEST_SKIP() << "no tmux";
    make_screens(dir_);
    tmux_ = std::make_unique<Tmux>(dir_.path());
    tmux_->keys("'stty -a >before; PATH=" + program_.parent_path().string() +
                ":$PATH; clear' Enter");
  }
  /// The program, and behind it its exit code and the modes of the terminal.
  void open(const std::string& words, const std::string& environment = "") {
    tmux_->keys("'clear; " + environment + " ckptscope " + words +
                "; echo \"exit $?\"; stty -a >after' Enter");
  }
  void open_on_keys(const std::string& words, const std::string& environment = "") {
    open(words, environment);
    ASSERT_TRUE(tmux_->shows("[0 Overview]"));
    tmux_->keys("1");
  }
  /// The shell is back, the terminal is what it was.
  void expect_restored(const std::string& exit) {
    ASSERT_TRUE(tmux_->shows("exit " + exit));
    EXPECT_EQ(tmux_->format("#{alternate_on} #{cursor_flag} #{mouse_any_flag}"), "0 1 0");
    for (int i = 0; i < 100 && !std::filesystem::exists(dir_ / "after"); ++i) {
      std::this_thread::sleep_for(20ms);
    }
    std::this_thread::sleep_for(50ms);
    EXPECT_EQ(read_file(dir_ / "after"), read_file(dir_ / "before"));
    std::filesystem::remove(dir_ / "after");
    tmux_->keys("'echo still he\"\"re' Enter");
    EXPECT_TRUE(tmux_->shows("still here"));
  }

  const std::filesystem::path program_{CKPTSCOPE_BINARY};
  const TempDir dir_;
  std::unique_ptr<Tmux> tmux_;
};

TEST_F(RealTerminal, OpenBrowseSearchPreviewLookConvertOpenTheOutput) {
  open("gpt-oss");
  ASSERT_TRUE(tmux_->shows("[0 Overview]"));
  ASSERT_TRUE(tmux_->shows("hf   gpt_oss   41 tensors"));
  ASSERT_TRUE(tmux_->shows("routed experts"));
  tmux_->keys("1 jjjj");
  ASSERT_TRUE(tmux_->shows(">     - [0-1]  x2 alike"));
  tmux_->keys("/ down_proj_bl");
  ASSERT_TRUE(tmux_->shows("match 1 of 2"));
  tmux_->keys("Enter ']'");
  ASSERT_TRUE(tmux_->shows("2 of 2 alike"));
  tmux_->keys("m");
  ASSERT_TRUE(tmux_->shows(">     2 mlp.experts.down_projs"));
  tmux_->keys("1 3");
  ASSERT_TRUE(tmux_->shows("16 of 16 used"));
  tmux_->keys("l l");
  ASSERT_TRUE(tmux_->shows("expert 2 of 4"));
  tmux_->keys("4 Enter out Enter");
  ASSERT_TRUE(tmux_->shows("convert gpt-oss --output out"));
  tmux_->keys("G Enter");
  ASSERT_TRUE(tmux_->shows("[ Open output ]"));
  tmux_->keys("Enter");  // Verify is next
  ASSERT_TRUE(tmux_->shows("VERIFIED"));
  tmux_->keys("G Enter");
  ASSERT_TRUE(tmux_->shows("native   gpt_oss   37 tensors"));
  tmux_->keys("Q");
  expect_restored("0");
}

TEST_F(RealTerminal, ACancelledConversionLeavesNothing) {
  write_synthetic(dir_ / "big", published("gpt-oss-20b", {.layers = 2}));
  open("big");
  ASSERT_TRUE(tmux_->shows("hf   gpt_oss"));
  tmux_->keys("':convert --to native -o big-out --verify none' Enter");
  ASSERT_TRUE(tmux_->shows("write "));
  tmux_->keys("1 j j /");  // looking around meanwhile
  tmux_->keys("router Enter");
  ASSERT_TRUE(tmux_->shows(".router."));
  tmux_->keys("4 C-c");
  ASSERT_TRUE(tmux_->shows("[interrupted]"));
  EXPECT_FALSE(std::filesystem::exists(dir_ / "big-out"));
  for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) {
    EXPECT_EQ(entry.path().filename().string().find("big-out"), std::string::npos) << entry.path();
  }
  tmux_->keys("Q");
  expect_restored("0");
}

TEST_F(RealTerminal, QuittingAsksWhileAConversionRuns) {
  write_synthetic(dir_ / "big", published("gpt-oss-20b", {.layers = 2}));
  open("big");
  ASSERT_TRUE(tmux_->shows("hf   gpt_oss"));
  tmux_->keys("':convert --to native -o big-out --verify none' Enter");
  ASSERT_TRUE(tmux_->shows("write "));
  tmux_->keys("Q");
  ASSERT_TRUE(tmux_->shows("stop it, clean up and quit? [y/N]"));
  tmux_->keys("n");
  ASSERT_TRUE(tmux_->shows("^C stops"));
  tmux_->keys("Q y");
  expect_restored("0");
  EXPECT_FALSE(std::filesystem::exists(dir_ / "big-out"));
}

TEST_F(RealTerminal, AStormOfSizes) {
  open_on_keys("gpt-oss");
  ASSERT_TRUE(tmux_->shows("native   lm_head.weight"));
  const std::string first = tmux_->screen();
  const std::pair<int, int> sizes[] = {{1, 1}, {10, 3}, {200, 60}, {40, 12}, {39, 9}, {1000, 200}};
  for (int i = 0; i < 60; ++i) {
    const auto& [columns, rows] = sizes[i % 6];
    tmux_->resize(columns, rows);
    if (i % 7 == 0) tmux_->keys("2 1");
  }
  tmux_->resize(30, 8);
  ASSERT_TRUE(tmux_->shows("terminal too small"));
  tmux_->resize(100, 30);
  ASSERT_TRUE(tmux_->shows("native   lm_head.weight"));
  EXPECT_EQ(tmux_->screen(), first);
  tmux_->keys("Q");
  expect_restored("0");
}

TEST_F(RealTerminal, SuspendedAndContinued) {
  open_on_keys("gpt-oss");
  ASSERT_TRUE(tmux_->shows("native   lm_head.weight"));
  const std::string first = tmux_->screen();
  tmux_->keys("C-z");
  ASSERT_TRUE(tmux_->shows("Stopped"));
  EXPECT_EQ(tmux_->format("#{alternate_on} #{cursor_flag}"), "0 1");
  tmux_->resize(90, 25);
  tmux_->resize(100, 30);
  tmux_->keys("fg Enter");
  ASSERT_TRUE(tmux_->shows("native   lm_head.weight"));
  EXPECT_EQ(tmux_->screen(), first);
  // A stop that cannot be noticed, and something else on the screen meanwhile.
  const std::string pid = tmux_->child();
  output_of("kill -STOP " + pid);
  ASSERT_TRUE(tmux_->shows("Stopped"));
  tmux_->keys("'clear; echo in between; fg' Enter");
  ASSERT_TRUE(tmux_->shows_again(first));
  tmux_->keys("j");
  ASSERT_TRUE(tmux_->shows("row 2 of 24"));
  tmux_->keys("Q");
  ASSERT_TRUE(tmux_->shows("$"));
}

TEST_F(RealTerminal, IsRestoredWhateverSignalEndsIt) {
  const std::pair<std::string, std::string> rows[] = {{"TERM", "143"}, {"HUP", "129"},
                                                      {"QUIT", "131"}, {"SEGV", "139"},
                                                      {"ABRT", "134"}, {"BUS", "135"}};
  for (const auto& [signal, exit] : rows) {
    open_on_keys("gpt-oss");
    ASSERT_TRUE(tmux_->shows("native   lm_head.weight")) << signal;
    output_of("kill -" + signal + " " + tmux_->child());
    expect_restored(exit);
  }
  open_on_keys("gpt-oss");
  ASSERT_TRUE(tmux_->shows("native   lm_head.weight"));
  output_of("kill -INT " + tmux_->child());  // stops a job; there is none
  ASSERT_TRUE(tmux_->shows("nothing runs"));
  tmux_->keys("Q");
  expect_restored("0");
}

TEST_F(RealTerminal, WithoutUtf8AndWithoutColour) {
  open_on_keys("hostile", "LC_ALL=C");
  ASSERT_TRUE(tmux_->shows("- key -"));
  ASSERT_TRUE(tmux_->shows("9 tensors"));
  const std::string plain = tmux_->screen();
  EXPECT_TRUE(std::all_of(plain.begin(), plain.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x80;
  })) << plain;
  tmux_->keys("Q");
  expect_restored("0");
  open_on_keys("gpt-oss", "NO_COLOR=1");
  ASSERT_TRUE(tmux_->shows("native   lm_head.weight"));
  const std::string marked = tmux_->screen("-e");
  for (const char* color : {"\033[31m", "\033[33m", "\033[34m", "\033[36m"}) {
    EXPECT_EQ(marked.find(color), marked.npos);
  }
  tmux_->keys("Q");
  expect_restored("0");
}

/// As a terminal sends them: button, column and row, each 32 more, rows and columns from 1.
TEST_F(RealTerminal, TheMouse) {
  open("gpt-oss");
  ASSERT_TRUE(tmux_->shows("routed experts"));
  EXPECT_EQ(tmux_->format("#{mouse_any_flag}"), "1");
  const auto press = [&](int button, int row, int column) {
    const auto event = [&](int code) {
      tmux_->run(
          fmt::format("send-keys -H 1b 5b 4d {:x} {:x} {:x}", 32 + code, 33 + column, 33 + row));
    };
    event(button);
    if (button == 0) event(3);  // the button is up again
  };
  press(0, 0, 54);
  ASSERT_TRUE(tmux_->shows("[1 Keys]"));
  press(0, 6, 20);
  ASSERT_TRUE(tmux_->shows("row 4 of 24"));
  press(65, 6, 20);
  ASSERT_TRUE(tmux_->shows("row 7 of 24"));
  tmux_->keys("Q");
  expect_restored("0");
  open("gpt-oss --no-mouse");
  ASSERT_TRUE(tmux_->shows("routed experts"));
  EXPECT_EQ(tmux_->format("#{mouse_any_flag}"), "0");
  tmux_->keys("Q");
  expect_restored("0");
}

TEST_F(RealTerminal, PastedBytesAreData) {
  open_on_keys("gpt-oss");
  ASSERT_TRUE(tmux_->shows("native   lm_head.weight"));
  tmux_->keys("':'");
  write_file(dir_ / "pasted", "ls \033[Bmodel\rq\rQ\r");
  tmux_->run("load-buffer " + (dir_ / "pasted"));
  tmux_->run("paste-buffer -p");
  ASSERT_TRUE(tmux_->shows(":ls [BmodelqQ"));
  tmux_->keys("Escape");
  ASSERT_TRUE(tmux_->shows("row 1 of 24"));
  tmux_->keys("Escape Escape Q");
  expect_restored("0");
}

TEST_F(RealTerminal, TerminalsThatCannot) {
  open("gpt-oss", "TERM=dumb");
  ASSERT_TRUE(tmux_->shows("family      gpt_oss"));
  expect_restored("0");
  open("gpt-oss", "env -u TERM");
  ASSERT_TRUE(tmux_->shows("family      gpt_oss"));
  expect_restored("0");
  open("gpt-oss", "TERM=no-such-terminal");
  ASSERT_TRUE(tmux_->shows("this terminal cannot show screens"));
  expect_restored("2");
}

TEST_F(RealTerminal, WhatCannotBeOpenedIsAnErrorAndNoScreen) {
  std::filesystem::create_directory(dir_ / "empty");
  open("./nowhere", "");
  ASSERT_TRUE(tmux_->shows("./nowhere: no such file or directory"));
  expect_restored("2");
  open("empty", "");
  ASSERT_TRUE(tmux_->shows("empty: "));
  expect_restored("2");
}

TEST_F(RealTerminal, InTheBackgroundItTouchesNothing) {
  tmux_->keys("'clear; ckptscope gpt-oss & sleep 1; stty -a >after; echo \"exit $?\"' Enter");
  ASSERT_TRUE(tmux_->shows("exit 0"));
  EXPECT_EQ(read_file(dir_ / "after"), read_file(dir_ / "before"));
  tmux_->keys("Enter fg Enter");
  ASSERT_TRUE(tmux_->shows("routed experts"));
  tmux_->keys("Q");
  ASSERT_TRUE(tmux_->shows("$"));
}

/// Sizes that no terminal has, and some that few have.
TEST(Terminal, OfAnySize) {
  const TempDir dir;
  make_screens(dir);
  PtyProgram program(dir, {"gpt-oss"});
  ASSERT_TRUE(program.wait_for("routed experts"));
  program.type("1");
  const std::pair<unsigned short, unsigned short> sizes[] = {
      {0, 0}, {1, 1}, {3, 10}, {500, 1000}, {0, 80}, {10, 40}, {9, 39}};
  for (const auto& [rows, columns] : sizes) {
    program.resize(rows, columns);
    program.type("j");
    std::this_thread::sleep_for(50ms);
  }
  program.resize(30, 100);
  ASSERT_TRUE(program.wait_for("row 8 of 24"));
  program.type("qq");  // the way back, and out
  EXPECT_EQ(program.exit_code(), 0);
}

/// Both have come before the first is handled: on the screen, and at the prompt.
TEST(Terminal, TwoSignalsInARowGiveItBack) {
  const std::pair<std::vector<std::string>, const char*> programs[] = {
      {{"gpt-oss"}, "routed experts"}, {{"-i", "gpt-oss"}, "gpt-oss> "}};
  for (const auto& [words, shown] : programs) {
    const TempDir dir;
    make_screens(dir);
    PtyProgram program(dir, words);
    ASSERT_TRUE(program.wait_for(shown));
    std::this_thread::sleep_for(50ms);  // readline sets its modes behind the prompt
    EXPECT_FALSE(program.is_cooked());
    for (const int signal : {SIGSTOP, SIGTERM, SIGHUP, SIGCONT}) program.send(signal);
    EXPECT_GT(program.exit_code(), 128);
    EXPECT_TRUE(program.is_cooked());
  }
}

/// The window is closed: with the signal that goes with it, and where that is ignored.
TEST(Terminal, ThatIsClosedEndsTheProgram) {
  for (const bool ignores_hangup : {false, true}) {
    const TempDir dir;
    make_screens(dir);
    PtyProgram program(dir, {"gpt-oss"}, ignores_hangup);
    ASSERT_TRUE(program.wait_for("routed experts"));
    program.hang_up();
    EXPECT_EQ(program.exit_code(), ignores_hangup ? 0 : 129);
  }
}

}  // namespace
}  // namespace ckptscope::testing
