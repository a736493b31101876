// By regular expression: keys on the worker, the lines of other lists at once.
#include "app/tui/search.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "app/tui/actions.hpp"
#include "app/tui/current_list.hpp"
#include "app/tui/cursor.hpp"
#include "app/tui/prompt.hpp"
#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/regex.hpp"

namespace ckptscope {

namespace {

std::string text_of_mapping(const MapModel& model, std::size_t line) {
  const MapLine& one = model.lines[line];
  if (!one.row) return "";
  const MapRow& row = model.rows[*one.row];
  return (row.parts.empty() ? "" : row.parts[one.part].keys) + "\n" + row.target;
}

/// A line of current_list(), where that is not one of keys.
std::string searched_text(const State& state, std::size_t line) {
  if (state.page) return (*state.page->lines)[line].text();
  switch (state.screen) {
    case Screen::Mapping:
      return text_of_mapping(*state.mapping.model, line);
    case Screen::Stats:
      return state.stats.table[line].text();
    case Screen::Log:
      return state.log.entries[state.log.shown[line]].text;
    case Screen::Overview:
      return state.overview.lines[line].text();
    case Screen::Keys:
    case Screen::Convert:  // fields and buttons
      break;
  }
  return "";
}

/// On lists that are short enough to search at once.
void go_to_line_match(State& state, bool forward, std::size_t from, bool inclusive) {
  const CurrentList list = current_list(state);
  if (list.size == 0 || state.search.pattern.empty()) return;
  const Regex regex(state.search.pattern, {.smart_case = true});
  for (std::size_t i = inclusive ? 0 : 1; i <= list.size; ++i) {
    const std::size_t at = (forward ? from + i : from + list.size - i % list.size) % list.size;
    if (!regex.matches(searched_text(state, at))) continue;
    list.cursor->go(at, list.size, list.page);
    const bool text = state.page || state.screen == Screen::Overview;
    if (text) list.cursor->top = std::min(at, list.size - 1);
    return;
  }
  say(state, "no match: " + typed_text(state.search.pattern), Role::Notice);
}

/// The place of what the cursor is on, in the order that is searched.
std::size_t place_under_cursor(const State& state) {
  if (state.keys.flat) return state.keys.cursor.cursor;
  const std::uint32_t node = current_node(state);
  return node == NameTree::kNoNode ? 0 : state.keys.list->names().nodes()[node].first;
}

}  // namespace

bool searches_keys(const State& state) {
  return !state.page && state.screen == Screen::Keys;
}

void search_now(Ui& ui, bool moves) {
  State& state = ui.state;
  if (state.search.pattern.empty()) return;
  try {
    if (!searches_keys(state)) {
      if (moves) go_to_line_match(state, true, state.search.origin, true);
      return;
    }
    if (!has_keys(state)) return;
    const Regex tried(state.search.pattern, {.smart_case = true});  // says what is wrong at once
    state.search.running = true;
    state.search.moves = moves;
    start(ui, JobKind::Search, "/" + typed_text(state.search.pattern),
          search_job(state.keys.list, state.keys.flat ? state.keys.order : nullptr,
                     state.search.pattern));
  } catch (const Error& error) {
    say(state, error.what(), Role::Notice);  // half a pattern, perhaps
  }
}

void go_to_match(Ui& ui, bool forward, bool from_origin) {
  State& state = ui.state;
  SearchState& search = state.search;
  if (!searches_keys(state)) {
    const std::size_t from = from_origin ? search.origin : current_list(state).cursor->cursor;
    return go_to_line_match(state, forward, from, from_origin);
  }
  const auto& places = search.places;
  if (places.empty()) {
    if (!search.pattern.empty() && !search.running && state.message.empty()) {
      say(state, "no match: " + typed_text(search.pattern), Role::Notice);
    }
    return;
  }
  const std::size_t count = places.size();
  const std::size_t here = from_origin ? search.origin : place_under_cursor(state);
  const auto begin = places.begin();
  std::size_t next = 0;
  if (!from_origin && search.at) {  // a scale stands on its weight's row: places tell them apart
    next = forward ? *search.at + 1 : *search.at + count - 1;
  } else if (from_origin || !forward) {
    next = static_cast<std::size_t>(std::lower_bound(begin, places.end(), here) - begin);
    if (!forward) next += count - 1;
  } else {
    next = static_cast<std::size_t>(std::upper_bound(begin, places.end(), here) - begin);
  }
  next %= count;
  go_to_place(state, places[next]);
  search.at = next;
  say(state, fmt::format("match {} of {}", next + 1, format_count(count)));
}

void act_search(Ui& ui, std::string_view) {
  State& state = ui.state;
  const bool on_keys = searches_keys(state);
  const std::uint32_t node = current_node(state);
  const bool in_tree = on_keys && !state.keys.flat && node != NameTree::kNoNode;
  state.search.origin =
      in_tree ? state.keys.list->names().nodes()[node].first : current_list(state).cursor->cursor;
  open_prompt(state, PromptKind::Search, "/");
}

void act_match(Ui& ui, std::string_view key) {
  go_to_match(ui, key == "n", false);
}

}  // namespace ckptscope
