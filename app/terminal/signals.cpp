// Handlers note the signal and nothing else; a second one ends the process.
#include "app/terminal/signals.hpp"

#include <csignal>
#include <cstdlib>

namespace ckptscope {
namespace {

volatile std::sig_atomic_t stop = 0;
bool interactive = false;

extern "C" void on_stop(int signal) {
  stop = signal;  // SA_RESETHAND: the next one has its default effect
}

}  // namespace

void install_signal_handlers() {
  struct sigaction action {};
  sigemptyset(&action.sa_mask);
  action.sa_handler = on_stop;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  struct sigaction hangup {};
  sigaction(SIGHUP, nullptr, &hangup);
  if (hangup.sa_handler != SIG_IGN) sigaction(SIGHUP, &action, nullptr);  // nohup goes on
  action.sa_handler = SIG_IGN;
  action.sa_flags = 0;
  sigaction(SIGPIPE, &action, nullptr);
  sigaction(SIGXFSZ, &action, nullptr);
}

void keep_after_interrupt() {
  interactive = true;
  struct sigaction action {};
  sigemptyset(&action.sa_mask);
  action.sa_handler = on_stop;
  sigaction(SIGINT, &action, nullptr);  // without SA_RESTART: it ends a read at the prompt
}

bool keeps_after_interrupt() {
  return interactive;
}

void clear_stop_signal() {
  stop = 0;
}

int stop_signal() {
  return stop;
}

void die_by_stop_signal() {
  const int signal = stop;
  std::signal(signal, SIG_DFL);
  std::raise(signal);
  std::_Exit(128 + signal);
}

}  // namespace ckptscope
