// A history does not grow forever, and two prompts that end at once lose nothing.

#include "app/session/user_files.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <thread>

#include "tests/support/environment.hpp"

namespace ckptscope::testing {
namespace {

namespace fs = std::filesystem;

class History : public ::testing::Test {
 protected:
  void SetUp() override { fs::create_directories(fs::path(path_).parent_path()); }

  TempDir dir_;
  EmptyHome home_{dir_};
  Environment state_{"XDG_STATE_HOME", dir_ / "state"};
  std::string path_ = dir_ / "state/ckptscope/history";
};

TEST_F(History, IsItsOwnersAlone) {
  write_file(path_, "info\n");
  fs::permissions(path_, fs::perms::others_read, fs::perm_options::add);
  append_history({"pwd", "ls"});
  EXPECT_EQ(read_file(path_), "info\npwd\nls\n");
  EXPECT_EQ(fs::status(path_).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(History, KeepsTheLastLines) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "info\n";
  write_file(path_, text);
  append_history({"pwd"});
  EXPECT_EQ(read_history_lines().size(), 10'000u);
  EXPECT_EQ(fs::file_size(path_), 9'999 * 5u + 4);
  EXPECT_EQ(read_history_lines().back(), "pwd");
}

TEST_F(History, IsReadAndTrimmedBehindAHugeLine) {
  write_file(path_, std::string(20'000'000, 'x') + "\ninfo\n");
  EXPECT_EQ(read_history_lines(), std::vector<std::string>{"info"});
  append_history({"pwd"});
  EXPECT_EQ(read_file(path_), "info\npwd\n");
}

/// Of a quota that is used up nothing is lost but the new lines.
TEST_F(History, StaysWhereItCannotBeWritten) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "info\n";
  write_file(path_, text);
  write_file(dir_ / "state/ckptscope/recent", "/tmp\n");
  const auto before = std::signal(SIGXFSZ, SIG_IGN);
  rlimit none{};
  ::getrlimit(RLIMIT_FSIZE, &none);
  const rlimit full{3, none.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &full);
  append_history({"pwd"});
  remember_recent(dir_.path());
  ::setrlimit(RLIMIT_FSIZE, &none);
  std::signal(SIGXFSZ, before);
  EXPECT_EQ(read_file(path_), text);
  EXPECT_EQ(read_recent(), std::vector<std::string>{"/tmp"});
}

TEST_F(History, OfPromptsThatEndAtOnceIsWhole) {
  {
    std::string text;
    for (int i = 0; i < 19'990; ++i) text += "info\n";  // one of them trims it
    write_file(path_, text);
    const auto prompt = [](int number) {
      for (int i = 0; i < 40; ++i) append_history({fmt::format("ls {} {}", number, i)});
    };
    const std::jthread one(prompt, 1);
    const std::jthread other(prompt, 2);
  }
  const auto lines = read_history_lines();
  EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                          [](const std::string& line) { return line.starts_with("ls "); }),
            80);
}

}  // namespace
}  // namespace ckptscope::testing
