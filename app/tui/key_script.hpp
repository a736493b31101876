// The full screen, driven by keys in a text instead of by a person: for tests and for --keys.
#pragma once

#include <string>

#include "app/language/command.hpp"
#include "app/terminal/terminal.hpp"

namespace ckptscope {

/// Keys are "j", "<Enter>", "<C-d>"; <wait> is until the workers are idle, <dump> prints the
/// screen. Line feeds between keys are ignored. Returns the screens as text; rates and times are
/// `-`. `path` may be empty. Throws Usage for a key that does not exist.
std::string run_key_script(const std::string& path, const Args& args, const std::string& script,
                           Size size);

/// "100x30" as columns and rows. Throws Usage.
Size parse_size(const std::string& text);

}  // namespace ckptscope
