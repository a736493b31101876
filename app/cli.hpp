// The command line: words to a command of the table, its Document to stdout, errors to stderr.
#pragma once

#include "core/ranks/ranks.hpp"

namespace ckptscope {

/// The whole program. Returns the exit code: 0 done, 1 ran and found something, 2 usage or not
/// openable, 3 the environment; dies by SIGINT or SIGTERM when one stopped it. Of several ranks,
/// which all run it, the first prints.
int run_cli(int argc, char** argv, Ranks& ranks = this_process());

}  // namespace ckptscope
