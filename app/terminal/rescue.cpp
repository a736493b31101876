// What a handler needs is made beforehand: it may only write and set modes.
#include "app/terminal/rescue.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "core/base/alternate_stack.hpp"

namespace ckptscope {
namespace {

struct Rescue {
  std::array<char, 256> text{};
  std::size_t size = 0;
  termios modes{};
  volatile std::sig_atomic_t armed = 0;
};
Rescue rescue;

extern "C" void on_fault(int signal) {
  rescue_terminal();
  ::raise(signal);  // SA_RESETHAND: by its default effect
}

void install_fault_handlers() {
  static const AlternateStack stack;  // of the main thread
  struct sigaction action {};
  sigemptyset(&action.sa_mask);
  action.sa_handler = on_fault;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_ONSTACK | SA_NODEFER);
  for (const int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGQUIT}) {
    ::sigaction(signal, &action, nullptr);
  }
}

}  // namespace

termios terminal_modes() {
  termios modes{};
  ::tcgetattr(STDIN_FILENO, &modes);
  return modes;
}

void arm_rescue(const termios& modes, std::string_view farewell) {
  rescue.modes = modes;
  rescue.size = std::min(farewell.size(), rescue.text.size());
  std::copy_n(farewell.begin(), rescue.size, rescue.text.begin());
  install_fault_handlers();
  rescue.armed = 1;
}

void disarm_rescue() {
  rescue.armed = 0;
}

bool rescue_is_armed() {
  return rescue.armed != 0;
}

void rescue_terminal() {
  if (rescue.armed == 0) return;
  rescue.armed = 0;
  [[maybe_unused]] const auto written = ::write(STDOUT_FILENO, rescue.text.data(), rescue.size);
  ::tcsetattr(STDIN_FILENO, TCSANOW, &rescue.modes);
}

}  // namespace ckptscope
