// The list of each screen, and small changes of the state that several subjects make.
#include "app/tui/current_list.hpp"

#include <algorithm>
#include <optional>

#include "app/reports/picker.hpp"
#include "app/reports/problem_lines.hpp"
#include "app/tui/convert_form.hpp"
#include "app/tui/cursor.hpp"
#include "app/tui/line_filter.hpp"
#include "app/tui/view_command.hpp"
#include "core/base/display.hpp"

namespace ckptscope {
namespace {

constexpr std::size_t kMostLog = 10'000;

/// The first row that is about something, or 0.
std::size_t first_row(const std::vector<std::string>& keys) {
  const auto first =
      std::find_if(keys.begin(), keys.end(), [](const std::string& key) { return !key.empty(); });
  return first == keys.end() ? 0 : static_cast<std::size_t>(first - keys.begin());
}

/// The row about `key` that is nearest to row `near`.
std::optional<std::size_t> row_of(const std::vector<std::string>& keys, const std::string& key,
                                  std::size_t near) {
  const auto distance = [near](std::size_t row) { return row < near ? near - row : row - near; };
  std::optional<std::size_t> nearest;
  for (std::size_t row = 0; row < keys.size(); ++row) {
    if (keys[row] != key) continue;
    if (!nearest || distance(row) < distance(*nearest)) nearest = row;
  }
  return nearest;
}

}  // namespace

void go_to_screen(State& state, Screen screen) {
  if (screen == state.screen) return;
  const auto before = std::find(state.trail.begin(), state.trail.end(), screen);
  if (before == state.trail.end()) {
    state.trail.push_back(state.screen);
  } else {
    state.trail.erase(before, state.trail.end());  // the way there is the way back
  }
  state.screen = screen;
}

void show_group(State& state) {
  StatsState& stats = state.stats;
  if (!stats.group) return;
  Document document = stats.group->document(stats.figure, Audience::Everyone, false);
  add_problems(document, stats.notes);
  const auto map =
      std::find_if(document.blocks.begin(), document.blocks.end(),
                   [](const Block& block) { return std::holds_alternative<HeatMap>(block); });
  if (map != document.blocks.end()) {
    HeatState before = stats.heat.value_or(HeatState{});
    before.map = std::make_shared<const HeatMap>(std::get<HeatMap>(*map));
    move_heat(before, 0, 0, body_of(state));
    stats.heat = std::move(before);
  }
  tell(state, keyed_lines(document, text_columns(state)));
}

void tell(State& state, KeyedLines told) {
  StatsState& stats = state.stats;
  const std::size_t before = stats.cursor.cursor;
  const std::string key = before < stats.keys.size() ? stats.keys[before] : "";
  const bool was_first = before <= first_row(stats.keys);
  stats.told = std::move(told);
  show_told(state);
  const std::size_t first = first_row(stats.keys);
  const std::size_t row = was_first ? first : row_of(stats.keys, key, before).value_or(first);
  stats.cursor.go(row, stats.table.size(), page_rows(body_of(state)));
  if (was_first) stats.cursor.top = 0;  // with the headings above it
}

std::size_t text_columns(const State& state) {
  return static_cast<std::size_t>(std::max(0, state.size.columns - 3));
}

Rect body_of(const State& state) {
  return frame_body(state.size.rows, state.size.columns);
}

const Place& current_place(const State& state) {
  return state.page ? kPage : place_of(state.screen);
}

namespace {

/// Of a State or a const one.
template <typename Cursor, typename AnyState>
ListOf<Cursor> list_of(AnyState& state) {
  const Rect body = body_of(state);
  if (state.page) return {&state.page->cursor, state.page->lines->size(), page_rows(body)};
  switch (state.screen) {
    case Screen::Overview:
      return {&state.overview.cursor, state.overview.lines.size(), page_rows(body)};
    case Screen::Keys: {
      const std::size_t size = !state.keys.list  ? 0
                               : state.keys.flat ? order_of(state).size()
                                                 : state.keys.tree.visible().size();
      return {&state.keys.cursor, size, keys_page(body, detail_columns(state))};
    }
    case Screen::Mapping:
      return {&state.mapping.cursor, state.mapping.model ? state.mapping.model->lines.size() : 0,
              mapping_page(body)};
    case Screen::Stats:
      return {&state.stats.cursor, state.stats.table.size(), page_rows(body)};
    case Screen::Convert:
      return {&state.convert.cursor, convert_field_count() + convert_buttons(state).size(),
              1 << 20};
    case Screen::Log:
      break;
  }
  return {&state.log.cursor, state.log.shown.size(), page_rows(body)};
}

}  // namespace

CurrentList current_list(State& state) {
  return list_of<ListState>(state);
}

ListOf<const ListState> current_list(const State& state) {
  return list_of<const ListState>(state);
}

void say(State& state, std::string text, Role role) {
  state.message = std::move(text);
  state.message_role = role;
}

void log(State& state, LogEntry entry) {
  auto& entries = state.log.entries;
  if (entries.size() == kMostLog) {
    entries.erase(entries.begin(), entries.begin() + 1000);
    show_log(state);
  }
  entries.push_back(std::move(entry));
  show_new_entry(state);
}

void open_page(State& state, std::string title, std::vector<Line> lines) {
  state.page = PageState{
      std::move(title), std::make_shared<const std::vector<Line>>(std::move(lines)), {}, 0};
}

std::uint64_t& latest_of(State& state, JobKind kind) {
  return state.latest[static_cast<std::size_t>(kind)];
}

std::uint64_t start(Ui& ui, JobKind kind, std::string title, JobBody body) {
  const std::uint64_t id = ui.state.next_id++;
  latest_of(ui.state, kind) = id;
  ui.effects.emplace_back(
      StartJob{{kind, id, std::move(title), text_columns(ui.state), std::move(body)}});
  return id;
}

void forget_checkpoint(State& state) {
  for (const JobKind kind :
       {JobKind::Open, JobKind::List, JobKind::Search, JobKind::Map, JobKind::Glimpse}) {
    latest_of(state, kind) = 0;
  }
  const bool flat = state.keys.flat;
  const auto detail_columns = state.keys.detail_columns;
  const DetailPane pane = state.keys.pane;
  state.all.reset();
  state.whole = false;
  state.overview = {};
  state.keys = {};
  state.keys.flat = flat;
  state.keys.detail_columns = detail_columns;
  state.keys.pane = pane;
  state.search = {};
  state.mapping = {};
  state.stats = {};
  state.stats_before.clear();
  state.problem = 0;
  if (!state.convert.running) state.convert = {};
}

void lay_out_overview(State& state) {
  if (!state.overview.document) return;
  KeyedLines keyed = keyed_lines(*state.overview.document, text_columns(state));
  const bool picker = !state.whole && !state.all;
  state.overview.choices = picker ? std::move(keyed.keys) : std::vector<std::string>();
  state.overview.lines =
      picker ? std::move(keyed.lines) : page_of(*state.overview.document, text_columns(state));
}

void show_choices(State& state, Document document) {
  OverviewState& overview = state.overview;
  overview.document = std::make_shared<const Document>(std::move(document));
  lay_out_overview(state);
  const auto first = std::find_if(overview.choices.begin(), overview.choices.end(),
                                  [](const std::string& path) { return !path.empty(); });
  const bool any = first != overview.choices.end();
  overview.cursor.go(any ? static_cast<std::size_t>(first - overview.choices.begin()) : 0,
                     overview.lines.size(), page_rows(body_of(state)));
  overview.cursor.top = 0;
}

void show_nothing_open(State& state) {
  state.summary = kNothingOpen;
  if (state.session.recent().empty()) return;
  Document document{"info"};
  add_recent(document, state.session.recent());
  show_choices(state, std::move(document));
}

std::string typed_text(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\\'), text.size());
    out += display(text.substr(0, end));
    if (end < text.size()) out += '\\';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

void list_keys(Ui& ui, const std::string& filter, const SortOrder& sort, bool flat) {
  if (!ui.state.all) return;
  ui.state.keys.sort = sort;
  start(ui, JobKind::List, "ls " + typed_text(filter), list_job(ui.state.all, filter, sort, flat));
}

void preview_mapping(Ui& ui) {
  State& state = ui.state;
  if (!state.session.checkpoint()) return;
  try {
    const Prepared prepared = state.session.prepare({{"map"}, "", false, ""}, true);
    state.mapping.command = shell_command(state, *prepared.command, prepared.args);
    start(ui, JobKind::Map, "map", map_job(state.session.checkpoint(), prepared.args));
  } catch (const Error& error) {
    state.mapping = {nullptr, error.what(), {}, false};
  }
}

}  // namespace ckptscope
