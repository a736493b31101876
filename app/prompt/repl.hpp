// The prompt: lines of a person, read with GNU readline where it is built in.
#pragma once

#include "app/session/session.hpp"

namespace ckptscope {

/// Reads and runs lines until quit or the end of input; ^C cancels a line or a running job, never
/// the program. Keeps a history. Returns the exit code of the last line.
int run_repl(Session& session);

}  // namespace ckptscope
