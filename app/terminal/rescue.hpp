// The terminal given back when a signal ends the program with no time for more: a fault, or a
// second request to stop.
#pragma once

#include <termios.h>

#include <string_view>

namespace ckptscope {

/// The modes of the terminal, before anything changes them.
termios terminal_modes();
/// From now on such a signal writes `farewell` (at most 256 bytes) and sets `modes` before the
/// program dies of it. One at a time.
void arm_rescue(const termios& modes, std::string_view farewell);
void disarm_rescue();
bool rescue_is_armed();

/// What was promised, at once. Async-signal-safe; nothing where it is not armed.
void rescue_terminal();

}  // namespace ckptscope
