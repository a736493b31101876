// Completion scripts of three shells, made from the tables. app/completions holds them; a test
// compares, and writes them anew when CKPTSCOPE_REGENERATE=1.
#pragma once

#include <string>

namespace ckptscope {

/// Verbs, flags, values of flags, adapters; behind the PATH of a verb that takes keys what
/// `--complete` offers; elsewhere file names.
std::string bash_completion();
std::string zsh_completion();
std::string fish_completion();

}  // namespace ckptscope
