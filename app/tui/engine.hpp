// The full-screen interface: a loop between a terminal, the state and the workers.
#pragma once

#include <string>

#include "app/language/command.hpp"
#include "app/terminal/terminal.hpp"

namespace ckptscope {

/// Runs until somebody quits or the terminal is gone; `path` may be empty. `args`: flags of the
/// command line, which hold for every command. Throws Interrupted after SIGTERM and SIGHUP.
void run_tui(const std::string& path, const Args& args, Terminal& terminal);

/// The same with a script of keys instead of a terminal: "j", "<Enter>", "<C-d>"; <wait> is until
/// the workers are idle, <dump> prints the screen. Line feeds between keys are ignored. Returns the
/// screens as text; rates and times are `-`. Throws Usage for a key that does not exist.
std::string run_key_script(const std::string& path, const Args& args, const std::string& script,
                           Size size);

/// "100x30" as columns and rows. Throws Usage.
Size parse_size(const std::string& text);

}  // namespace ckptscope
