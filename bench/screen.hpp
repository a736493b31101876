// The full screen on half a million tensors.
#pragma once

#include <string>

namespace ckptscope::bench {

/// How soon there is something to see, how much memory it takes, and how long keys take: update and
/// draw in this process, and from key to screen in a terminal.
void bench_screen(const std::string& checkpoint);

}  // namespace ckptscope::bench
