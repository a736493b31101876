// What keys do: the functions that stand in the rows of the table of keys. Each is in the file of
// its subject: motions, mouse, search, prompt, steps.
#pragma once

#include <string_view>

#include "app/tui/ui.hpp"

namespace ckptscope {

/// Inside the tree by keys or bytes; by what a directory has not, as one line a tensor.
void sort_keys(Ui& ui, const SortOrder& sort);

void act_move(Ui& ui, std::string_view key);
void act_left(Ui& ui, std::string_view key);
void act_right(Ui& ui, std::string_view key);
void act_enter(Ui& ui, std::string_view key);
void act_pane(Ui& ui, std::string_view key);
void act_screen(Ui& ui, std::string_view key);
void act_sibling(Ui& ui, std::string_view key);
void act_problem(Ui& ui, std::string_view key);
void act_flat(Ui& ui, std::string_view key);
void act_fold(Ui& ui, std::string_view key);
void act_sort(Ui& ui, std::string_view key);
void act_invert(Ui& ui, std::string_view key);
void act_search(Ui& ui, std::string_view key);
void act_match(Ui& ui, std::string_view key);
void act_filter(Ui& ui, std::string_view key);
void act_mapping(Ui& ui, std::string_view key);
void act_stats(Ui& ui, std::string_view key);
void act_adapter(Ui& ui, std::string_view key);
void act_diff(Ui& ui, std::string_view key);
void act_copy(Ui& ui, std::string_view key);
void act_details(Ui& ui, std::string_view key);
void act_divider(Ui& ui, std::string_view key);
void act_figure(Ui& ui, std::string_view key);
void act_bins(Ui& ui, std::string_view key);
void act_command(Ui& ui, std::string_view key);
void act_stop(Ui& ui, std::string_view key);
void act_redraw(Ui& ui, std::string_view key);
void act_reopen(Ui& ui, std::string_view key);
void act_help(Ui& ui, std::string_view key);
void act_back(Ui& ui, std::string_view key);
void act_quit(Ui& ui, std::string_view key);
void act_suspend(Ui& ui, std::string_view key);

}  // namespace ckptscope
