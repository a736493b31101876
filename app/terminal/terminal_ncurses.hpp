// The real terminal. The only place that knows of ncurses.
#pragma once

#include <memory>

#include "app/terminal/terminal.hpp"

namespace ckptscope {

/// Takes the terminal over until it is destroyed; it is given back also when the process dies by a
/// signal, an abort or a fault. `color`: false for NO_COLOR and --color=never. Throws Usage for a
/// terminal that cannot move its cursor or that is unknown (TERM).
std::unique_ptr<Terminal> open_terminal(bool color, bool mouse);

}  // namespace ckptscope
