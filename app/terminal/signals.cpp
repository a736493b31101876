// Handlers note the signal and nothing else; the same one again gives the terminal back and ends
// the process. None restarts a call: a signal ends a read at the prompt.
#include "app/terminal/signals.hpp"

#include <csignal>
#include <cstdlib>

#include "app/terminal/rescue.hpp"

namespace ckptscope {
namespace {

volatile std::sig_atomic_t stop = 0;
volatile std::sig_atomic_t interactive = 0;

extern "C" void on_stop(int signal) {
  const bool again = stop == signal && !(interactive != 0 && signal == SIGINT);
  if (stop == 0 || stop == SIGINT) stop = signal;  // ^C does not make others forgotten
  if (!again) return;
  rescue_terminal();
  std::signal(signal, SIG_DFL);
  std::raise(signal);  // when this handler has returned
}

}  // namespace

void install_signal_handlers() {
  struct sigaction action {};
  sigemptyset(&action.sa_mask);
  action.sa_handler = on_stop;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  struct sigaction hangup {};
  sigaction(SIGHUP, nullptr, &hangup);
  if (hangup.sa_handler != SIG_IGN) sigaction(SIGHUP, &action, nullptr);  // nohup goes on
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action, nullptr);
  sigaction(SIGXFSZ, &action, nullptr);
}

void keep_after_interrupt() {
  interactive = 1;
}

bool keeps_after_interrupt() {
  return interactive != 0;
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
