// The command line that shows a person in a shell what the screen shows now.
#pragma once

#include <string>

#include "app/tui/ui.hpp"

namespace ckptscope {

/// A verb on what is open, with its operands and flags, those that `set` has added too.
std::string shell_command(const State& state, const Command& command, const Args& args);
/// Of the screen or page; empty where no command shows the same.
std::string view_command(const State& state);

}  // namespace ckptscope
