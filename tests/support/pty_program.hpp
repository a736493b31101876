// The program in a pseudo terminal of its own: keys are typed, what it writes is waited for.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <string>
#include <vector>

#include "tests/support/temp_dir.hpp"

namespace ckptscope::testing {

/// The program with a terminal of its own.
class PtyProgram {
 public:
  /// `ignores_hangup`: as under nohup.
  PtyProgram(const TempDir& dir, const std::vector<std::string>& words, bool ignores_hangup = false,
             const char* binary = CKPTSCOPE_BINARY) {
    winsize size{};
    size.ws_row = 40;
    size.ws_col = 100;
    child_ = ::forkpty(&terminal_, nullptr, nullptr, &size);
    if (child_ != 0) return;
    if (ignores_hangup) ::signal(SIGHUP, SIG_IGN);
    ::setenv("HOME", dir.path().c_str(), 1);
    ::setenv("XDG_STATE_HOME", (dir / "state").c_str(), 1);
    ::setenv("XDG_CONFIG_HOME", (dir / "config").c_str(), 1);
    ::setenv("TERM", "xterm", 1);
    ::unsetenv("INPUTRC");
    if (::chdir(dir.path().c_str()) != 0) std::_Exit(126);
    std::vector<char*> argv{const_cast<char*>(binary)};
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    ::execv(argv[0], argv.data());
    std::_Exit(127);
  }
  ~PtyProgram() {
    ::kill(child_, SIGKILL);
    ::close(terminal_);
    ::waitpid(child_, nullptr, 0);
  }

  void type(const std::string& keys) {
    ASSERT_EQ(::write(terminal_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }

  /// Reads until `text` has come since the last wait; false after some seconds.
  bool wait_for(const std::string& text) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < end) {
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
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) {
        ADD_FAILURE() << "ended before: " << text << "\nafter: " << last_ << "|" << seen_
                      << "\nread " << got << ", " << std::strerror(errno) << ", exit "
                      << exit_code();
        return false;
      }
      seen_.append(buffer, static_cast<std::size_t>(got));
    }
    ADD_FAILURE() << "not seen: " << text << "\nbut: " << seen_;
    return false;
  }
  const std::string& last() const { return last_; }
  void resize(unsigned short rows, unsigned short columns) const {
    winsize size{};
    size.ws_row = rows;
    size.ws_col = columns;
    ::ioctl(terminal_, TIOCSWINSZ, &size);
  }
  /// The other end goes away.
  void hang_up() {
    ::close(terminal_);
    terminal_ = -1;
  }
  /// Lines with echo, as a shell leaves a terminal and wants it back.
  bool is_cooked() const {
    termios modes{};
    ::tcgetattr(terminal_, &modes);
    return (modes.c_lflag & ICANON) != 0 && (modes.c_lflag & ECHO) != 0 &&
           (modes.c_oflag & OPOST) != 0;
  }
  void send(int signal) const { ::kill(child_, signal); }

  int exit_code() {
    int status = 0;
    for (int i = 0; i < 200; ++i) {
      char buffer[4096];
      pollfd ready{terminal_, POLLIN, 0};
      if (terminal_ >= 0 && ::poll(&ready, 1, 0) > 0)
        (void)!::read(terminal_, buffer, sizeof buffer);
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

}  // namespace ckptscope::testing
