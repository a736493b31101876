// Signals as a request to stop: the first SIGINT or SIGTERM lets work clean up, the second one ends
// the process at once.
#pragma once

namespace ckptscope {

/// Installs the handlers; SIGPIPE and SIGXFSZ are ignored, so that they become errors of the call.
void install_signal_handlers();
/// The signal that asks to stop, or 0.
int stop_signal();
/// From now on an interrupt (^C) stops a job, not the program: every one is noticed, until
/// clear_stop_signal() forgets it.
void keep_after_interrupt();
bool keeps_after_interrupt();
void clear_stop_signal();
/// Dies by that signal, so that a shell or a script sees how the process ended.
[[noreturn]] void die_by_stop_signal();

}  // namespace ckptscope
