// Finding in the list that is shown.
#pragma once

#include "app/tui/ui.hpp"

namespace ckptscope {

/// What is searched is the list of keys, by the worker; other lists are searched at once.
bool searches_keys(const State& state);
/// `moves`: what is found moves the cursor.
void search_now(Ui& ui, bool moves);
/// To the next (or, backwards, the previous) match, from the cursor or from where the search began.
void go_to_match(Ui& ui, bool forward, bool from_origin);

}  // namespace ckptscope
