// Finding in the list that is shown.
#pragma once

#include "app/tui/ui.hpp"

namespace ckptscope {

/// `moves`: what is found moves the cursor.
void search_now(Ui& ui, bool moves);
/// To the next (or, backwards, the previous) match, from the cursor or from where the search began.
void go_to_match(Ui& ui, bool forward, bool from_origin);

}  // namespace ckptscope
