// Rows of a table of statistics and lines of the log, thinned out by a regular expression.
#pragma once

#include <string>

#include "app/tui/ui.hpp"

namespace ckptscope {

/// The screen shows lines that can be thinned out.
bool has_line_filter(const State& state);
/// Of the screen, as typed; empty: all lines.
const std::string& line_filter_of(const State& state);
/// "filter  expert   5 of 300 lines; q takes it off", for line 2; empty without a filter.
std::string line_filter_text(const State& state);
/// Shows the lines alone that match; headings of tables stay. Throws Usage for half a pattern.
void filter_lines(State& state, const std::string& pattern);

/// What `stat` told, as far as the filter lets it through.
void show_told(State& state);
/// The log, likewise.
void show_log(State& state);
/// Its last entry is new.
void show_new_entry(State& state);

}  // namespace ckptscope
