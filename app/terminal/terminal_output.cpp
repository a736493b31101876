// Buffered stdio whose failures become errors, but for a reader that has gone.
#include "app/terminal/terminal_output.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "app/terminal/signals.hpp"
#include "core/base/error.hpp"

namespace ckptscope {
namespace {

constexpr int kBrokenPipe = 141;  // 128 + SIGPIPE, as a shell shows it

bool passed_on = false;

bool is_terminal(int fd) {
  return !passed_on && ::isatty(fd) != 0;
}

void end_if_nobody_reads() {
  if (errno == EPIPE) std::_Exit(kBrokenPipe);
}

}  // namespace

void write_stdout(std::string_view text) {
  if (stop_signal() != 0) {
    if (keeps_after_interrupt()) fail(Code::Interrupted, "stopped");
    die_by_stop_signal();  // the work is done, nothing is left to clean up
  }
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) end_if_nobody_reads();
}

void flush_stdout() {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return;
  end_if_nobody_reads();
  fail_errno("stdout");
}

void write_stderr(std::string_view text) {
  while (!text.empty()) {
    const ssize_t put = ::write(STDERR_FILENO, text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(put));
  }
}

void streams_are_passed_on() {
  passed_on = true;
}

bool stdout_is_terminal() {
  return is_terminal(STDOUT_FILENO);
}

std::size_t stdout_columns() {
  winsize window{};
  const bool known = stdout_is_terminal() && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0;
  return known ? window.ws_col : 0;
}

bool stderr_is_terminal() {
  return is_terminal(STDERR_FILENO);
}

bool stdin_is_terminal() {
  return is_terminal(STDIN_FILENO);
}

}  // namespace ckptscope
