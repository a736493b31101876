// What is shown is listed anew when the filter or the lines change.
#include "app/tui/line_filter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "app/tui/current_list.hpp"
#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/regex.hpp"

namespace ckptscope {
namespace {

std::optional<Regex> regex_of(const std::string& filter) {
  if (filter.empty()) return std::nullopt;
  return Regex(filter, {.smart_case = true});
}

/// Lines that are about something, each row counted once.
std::size_t rows_in(const std::vector<std::string>& keys) {
  std::size_t rows = 0;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    rows += !keys[i].empty() && (i == 0 || keys[i] != keys[i - 1]) ? 1 : 0;
  }
  return rows;
}

/// What the cursor is on, whatever is shown of the rest.
std::size_t line_of_cursor(const State& state) {
  const std::size_t at = current_list(state).cursor->cursor;
  if (state.screen == Screen::Log) return at < state.log.shown.size() ? state.log.shown[at] : 0;
  return at < state.stats.told_line.size() ? state.stats.told_line[at] : 0;
}

/// Puts the cursor on the first line that is shown from there on.
void go_to_line(State& state, std::size_t line) {
  const auto& shown = state.screen == Screen::Log ? state.log.shown : state.stats.told_line;
  const auto at = std::lower_bound(shown.begin(), shown.end(), line);
  const CurrentList list = current_list(state);
  list.cursor->go(static_cast<std::size_t>(at - shown.begin()), list.size, list.page);
}

}  // namespace

bool has_line_filter(const State& state) {
  const StatsState& stats = state.stats;
  if (state.page) return false;
  const bool table = !stats.model && !stats.heat && !stats.told.lines.empty();
  return state.screen == Screen::Log || (state.screen == Screen::Stats && table);
}

const std::string& line_filter_of(const State& state) {
  return state.screen == Screen::Log ? state.log.filter : state.stats.filter;
}

std::string line_filter_text(const State& state) {
  if (!has_line_filter(state) || line_filter_of(state).empty()) return "";
  const bool log = state.screen == Screen::Log;
  const std::size_t shown = log ? state.log.shown.size() : rows_in(state.stats.keys);
  const std::size_t all = log ? state.log.entries.size() : rows_in(state.stats.told.keys);
  return fmt::format("filter  {}   {} of {}; q takes it off", typed_text(line_filter_of(state)),
                     format_count(shown), counted(all, "row"));
}

void filter_lines(State& state, const std::string& pattern) {
  regex_of(pattern);  // throws before anything changes
  const std::size_t line = line_of_cursor(state);
  const bool log = state.screen == Screen::Log;
  (log ? state.log.filter : state.stats.filter) = pattern;
  log ? show_log(state) : show_told(state);
  go_to_line(state, line);
  const std::size_t rows = log ? state.log.shown.size() : rows_in(state.stats.keys);
  if (!pattern.empty() && rows == 0) say(state, "no row matches", Role::Notice);
}

void show_told(State& state) {
  StatsState& stats = state.stats;
  const auto regex = regex_of(stats.filter);
  const KeyedLines& told = stats.told;
  const auto odd = told.tables.find("odd");
  stats.table.clear();
  stats.keys.clear();
  stats.told_line.clear();
  stats.odd.reset();
  for (std::size_t i = 0; i < told.lines.size(); ++i) {
    if (odd != told.tables.end() && odd->second == i) stats.odd = stats.table.size();
    const bool heading = told.keys[i].empty();
    if (!heading && regex && !regex->matches(told.lines[i].text())) continue;
    stats.table.push_back(told.lines[i]);
    stats.keys.push_back(told.keys[i]);
    stats.told_line.push_back(i);
  }
}

void show_log(State& state) {
  LogState& log = state.log;
  const auto regex = regex_of(log.filter);
  log.shown.clear();
  for (std::size_t i = 0; i < log.entries.size(); ++i) {
    if (!regex || regex->matches(log.entries[i].text)) log.shown.push_back(i);
  }
}

void show_new_entry(State& state) {
  LogState& log = state.log;
  const auto regex = regex_of(log.filter);
  if (regex && !regex->matches(log.entries.back().text)) return;
  const bool at_end = log.cursor.cursor + 1 >= log.shown.size();
  log.shown.push_back(log.entries.size() - 1);
  if (!at_end) return;
  log.cursor.go(log.shown.size() - 1, log.shown.size(), page_rows(body_of(state)));
}

}  // namespace ckptscope
