// Keys that move about, go into what is under the cursor, or change how it is shown.
#include "app/tui/actions.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "app/language/words.hpp"
#include "app/tui/convert_form.hpp"
#include "app/tui/current_list.hpp"
#include "app/tui/cursor.hpp"
#include "app/tui/keymap.hpp"
#include "app/tui/line_filter.hpp"
#include "app/tui/search.hpp"
#include "app/tui/steps.hpp"
#include "app/tui/view_command.hpp"
#include "core/base/display.hpp"
#include "core/figures/trends.hpp"
#include "core/names/companions.hpp"

namespace ckptscope {
namespace {

/// Number `by` further among the alike nodes of the cursor's row.
bool step_member(State& state, std::ptrdiff_t by) {
  const auto alike = static_cast<std::ptrdiff_t>(alike_of_row(state));
  const auto wanted = static_cast<std::ptrdiff_t>(state.keys.member) + by;
  if (wanted < 0 || wanted >= alike) return false;
  state.keys.member = static_cast<std::uint64_t>(wanted);
  return true;
}

/// How many rows a key moves by.
std::ptrdiff_t rows_of(std::string_view key, const CurrentList& list) {
  const auto page = static_cast<std::ptrdiff_t>(list.page);
  const auto end = static_cast<std::ptrdiff_t>(list.size);
  const std::pair<std::string_view, std::ptrdiff_t> rows[] = {
      {"j", 1},         {"<Down>", 1},        {"k", -1},
      {"<Up>", -1},     {"<C-d>", page / 2},  {"<C-u>", -page / 2},
      {"<C-f>", page},  {"<PageDown>", page}, {"<Space>", page},
      {"<C-b>", -page}, {"<PageUp>", -page},  {"g", -end},
      {"<Home>", -end}, {"G", end},           {"<End>", end}};
  const auto found = std::find_if(std::begin(rows), std::end(rows),
                                  [&](const auto& row) { return row.first == key; });
  return found == std::end(rows) ? 0 : found->second;
}

std::size_t moved(std::size_t from, std::ptrdiff_t by, std::ptrdiff_t last) {
  const std::ptrdiff_t to = static_cast<std::ptrdiff_t>(from) + by;
  return static_cast<std::size_t>(
      std::clamp<std::ptrdiff_t>(to, 0, std::max<std::ptrdiff_t>(0, last)));
}

void scroll_details(State& state, std::ptrdiff_t by) {
  const auto lines = static_cast<std::ptrdiff_t>(details_of(state).size());
  state.keys.details_top = moved(state.keys.details_top, by, lines - 1);
}

/// Text has no cursor: its first line moves.
void scroll_text(const CurrentList& list, std::ptrdiff_t by) {
  const auto last = static_cast<std::ptrdiff_t>(list.size) - static_cast<std::ptrdiff_t>(list.page);
  list.cursor->top = list.cursor->cursor = moved(list.cursor->top, by, last);
}

/// The heat map that the keys move on.
HeatState* heat_of(State& state) {
  const bool shown = !state.page && state.screen == Screen::Stats && !state.stats.model;
  return shown && state.stats.heat ? &*state.stats.heat : nullptr;
}

}  // namespace

namespace {

/// Another part of the matrix that is shown.
void look_at_part(Ui& ui, const Cutting& part) {
  const std::string box = fmt::format("[{}{}:{},{}:{}]", part.matrix, part.row_begin, part.row_end,
                                      part.column_begin, part.column_end);
  run_words(ui, {"show", "--image", "--values", box, "--", ui.state.stats.image});
}

/// Half of a range further on, within the whole. False at its end.
bool shift(std::uint64_t& begin, std::uint64_t& end, std::ptrdiff_t by, std::uint64_t whole) {
  const std::uint64_t half = std::max<std::uint64_t>(1, (end - begin) / 2);
  const std::uint64_t step = by < 0 ? std::min(half, begin) : std::min(half, whole - end);
  begin = by < 0 ? begin - step : begin + step;
  end = by < 0 ? end - step : end + step;
  return step > 0;
}

/// Past the edge of an image that is a part the next part comes. True when it does.
bool pan(Ui& ui, std::ptrdiff_t rows, std::ptrdiff_t columns) {
  const HeatState& heat = *ui.state.stats.heat;
  if (!heat.map->cut) return false;
  Cutting part = *heat.map->cut;
  const auto leaves = [](std::size_t at, std::ptrdiff_t by, std::size_t size) {
    return by < 0 ? at == 0 : by > 0 && at + 1 == size;
  };
  const bool moves = (leaves(heat.row, rows, heat.map->rows.size()) &&
                      shift(part.row_begin, part.row_end, rows, part.rows)) ||
                     (leaves(heat.column, columns, heat.map->columns.size()) &&
                      shift(part.column_begin, part.column_end, columns, part.columns));
  if (moves) look_at_part(ui, part);
  return moves;
}

}  // namespace

void act_move(Ui& ui, std::string_view key) {
  State& state = ui.state;
  if (HeatState* heat = heat_of(state)) {
    if (pan(ui, rows_of(key, {nullptr, heat->map->rows.size(), 1}), 0)) return;
    const auto rows = static_cast<std::ptrdiff_t>(heat->map->rows.size());
    const CurrentList map{nullptr, heat->map->rows.size(), page_rows(body_of(state))};
    return move_heat(*heat, std::clamp(rows_of(key, map), -rows, rows), 0, body_of(state));
  }
  state.search.at.reset();
  const CurrentList list = current_list(state);
  const std::ptrdiff_t by = rows_of(key, list);
  const bool on_keys = !state.page && state.screen == Screen::Keys;
  if (on_keys && state.keys.in_details) return scroll_details(state, by);
  const bool overview = state.screen == Screen::Overview && state.overview.choices.empty();
  const bool text = state.page || overview || (state.screen == Screen::Stats && state.stats.model);
  if (text) return scroll_text(list, by);
  list.cursor->move(by, list.size, list.page);
  if (state.screen == Screen::Keys) {
    state.keys.member = 0;
    state.keys.details_top = 0;
  }
  if (state.screen == Screen::Mapping && state.mapping.model) {
    const std::size_t at =
        next_row_line(*state.mapping.model, list.cursor->cursor, by < 0 ? -1 : 1);
    list.cursor->go(at, list.size, list.page);
    if (at == 1) list.cursor->top = 0;  // shows the heading above the first row
  }
}

namespace {

/// How far text is scrolled to the side; null where there is none.
std::size_t* shift_of(State& state) {
  if (state.page) return &state.page->shift;
  return state.screen == Screen::Stats && !state.stats.model ? &state.stats.shift : nullptr;
}

}  // namespace

void act_left(Ui& ui, std::string_view) {
  State& state = ui.state;
  if (HeatState* heat = heat_of(state)) {
    return pan(ui, 0, -1) ? void() : move_heat(*heat, 0, -1, body_of(state));
  }
  if (std::size_t* shift = shift_of(state)) {
    *shift -= std::min<std::size_t>(*shift, 8);
  } else if (state.screen == Screen::Mapping) {
    state.mapping.target_side = false;
  } else if (state.screen == Screen::Stats) {
    if (state.stats.expert > 0) --state.stats.expert;
  } else if (state.screen == Screen::Keys) {
    const std::uint32_t row = current_row(state);
    if (row == NameTree::kNoNode) return;
    const FoldedTree& folds = state.keys.list->folded();
    const std::uint32_t parent = folds.rows()[row].parent;
    const CurrentList list = current_list(state);
    if (state.keys.tree.is_open(row)) {
      state.keys.tree.set_open(folds, row, false);
      list.cursor->go(list.cursor->cursor, state.keys.tree.visible().size(), list.page);
    } else if (parent != NameTree::kNoNode) {
      state.keys.member = 0;
      list.cursor->go(state.keys.tree.position_of(folds, parent), list.size, list.page);
    }
  }
}

void act_right(Ui& ui, std::string_view) {
  State& state = ui.state;
  if (HeatState* heat = heat_of(state)) {
    return pan(ui, 0, 1) ? void() : move_heat(*heat, 0, 1, body_of(state));
  }
  if (std::size_t* shift = shift_of(state)) {
    *shift += 8;
  } else if (state.screen == Screen::Mapping) {
    state.mapping.target_side = true;
  } else if (state.screen == Screen::Stats && state.stats.model) {
    if (state.stats.expert + 1 < state.stats.model->stats.experts.size()) ++state.stats.expert;
  } else if (state.screen == Screen::Keys) {
    const std::uint32_t row = current_row(state);
    if (row == NameTree::kNoNode) return;
    const FoldedTree& folds = state.keys.list->folded();
    if (!TreeState::has_children(folds, row)) return;
    if (!state.keys.tree.is_open(row)) return state.keys.tree.set_open(folds, row, true);
    act_move(ui, "j");
  }
}

// ---- into what the cursor is on -----------------------------------------------------------------

namespace {

void enter_overview(Ui& ui, std::size_t line) {
  const auto& choices = ui.state.overview.choices;
  if (choices.empty()) return go_to_screen(ui.state, Screen::Keys);
  if (line < choices.size() && !choices[line].empty()) run_verb(ui, "open", {choices[line]});
}

void enter_key(Ui& ui) {
  State& state = ui.state;
  if (current_tensor(state)) return run_verb(ui, "show", {key_of_row(state)});
  const std::uint32_t row = current_row(state);
  if (row == NameTree::kNoNode) return;
  state.keys.tree.set_open(state.keys.list->folded(), row, !state.keys.tree.is_open(row));
}

void enter_mapping(Ui& ui) {
  State& state = ui.state;
  const std::string key = current_key(state);
  if (key.empty()) return;
  const auto& checkpoint = state.session.checkpoint();
  const auto id = checkpoint ? checkpoint->find(key) : std::nullopt;
  if (!id) return run_verb(ui, "map", {key});
  go_to_screen(state, Screen::Keys);
  if (!go_to_tensor(state, *id)) say(state, "the filter hides it: " + display(key), Role::Notice);
}

/// A quarter of the range, around a place.
void zoom(std::uint64_t& begin, std::uint64_t& end, std::size_t at, std::size_t cells) {
  constexpr std::uint64_t kFactor = 4;
  const std::uint64_t extent = std::max<std::uint64_t>(1, (end - begin) / kFactor);
  const std::uint64_t middle = begin + (end - begin) * (2 * at + 1) / (2 * cells);
  const std::uint64_t most = end - extent;
  begin = std::clamp(middle - std::min(middle, extent / 2), begin, most);
  end = begin + extent;
}

void zoom_in(Ui& ui) {
  constexpr std::uint64_t kLeast = 8;
  const HeatState& heat = *ui.state.stats.heat;
  Cutting part = *heat.map->cut;
  if (part.row_end - part.row_begin <= kLeast && part.column_end - part.column_begin <= kLeast) {
    return say(ui.state, "no nearer; :show KEY --values BOX lists the numbers");
  }
  zoom(part.row_begin, part.row_end, heat.row, heat.map->rows.size());
  zoom(part.column_begin, part.column_end, heat.column, heat.map->columns.size());
  look_at_part(ui, part);
}

void enter_stats(Ui& ui, std::size_t line) {
  StatsState& stats = ui.state.stats;
  if (!stats.model && stats.heat && stats.heat->map->cut) return zoom_in(ui);
  if (stats.model && stats.expert < stats.model->stats.experts.size()) {
    say(ui.state, expert_text(*stats.model, stats.expert));
  } else if (stats.heat) {
    run_verb(ui, "stat", {stats.group->key_at(stats.heat->row, stats.heat->column)});
  } else if (line < stats.keys.size() && !stats.keys[line].empty()) {
    std::vector<std::string> words = command_words("stat", {stats.keys[line]});
    if (!stats.against.empty()) {
      const char* const figure = stats.figure == kSqnr ? "sqnr" : "rel_l2";
      words.insert(words.begin() + 1, {"--against", stats.against, "--figure", figure});
    }
    run_words(ui, std::move(words));
  }
}

void enter_log(State& state, std::size_t line) {
  if (line >= state.log.shown.size()) return;
  const LogEntry& entry = state.log.entries[state.log.shown[line]];
  if (entry.page) state.page = PageState{entry.text, entry.page, {}, 0, entry.command};
}

}  // namespace

void act_enter(Ui& ui, std::string_view) {
  State& state = ui.state;
  if (state.page) return state.page.reset();
  const std::size_t line = current_list(state).cursor->cursor;
  switch (state.screen) {
    case Screen::Overview:
      return enter_overview(ui, line);
    case Screen::Keys:
      return enter_key(ui);
    case Screen::Mapping:
      return enter_mapping(ui);
    case Screen::Stats:
      return enter_stats(ui, line);
    case Screen::Convert:
      return press_field(ui, line);
    case Screen::Log:
      return enter_log(state, line);
  }
}

/// Of all that the row stands for; on the overview of everything.
void act_stats(Ui& ui, std::string_view) {
  State& state = ui.state;
  if (state.screen == Screen::Overview) return run_verb(ui, "stat");
  const bool keys = state.screen == Screen::Keys;
  const std::string query = keys ? query_of_row(state) : current_key(state);
  if (query.empty()) return say(state, "nothing is selected", Role::Notice);
  run_verb(ui, "stat", {query});
}

namespace {

/// Of the one tensor that the row of the keys means.
void look_at_tensor(Ui& ui) {
  State& state = ui.state;
  const std::string key = key_of_row(state);
  if (key.empty()) return say(state, "nothing is selected", Role::Notice);
  run_verb(ui, "stat", {key});
  if (const std::uint64_t alike = alike_of_row(state); alike > 1) {
    say(state,
        fmt::format("number {} of {} alike; ] looks at the next", state.keys.member + 1, alike));
  }
}

}  // namespace

void act_mapping(Ui& ui, std::string_view) {
  State& state = ui.state;
  const auto tensor = current_tensor(state);
  go_to_screen(state, Screen::Mapping);
  if (!state.mapping.model) return;
  const MapModel& model = *state.mapping.model;
  if (!tensor || *tensor >= model.plan->fates.size()) return;
  go_to_mapping_of(state, *tensor);
}

// ---- panes, screens, what is shown --------------------------------------------------------------

void act_pane(Ui& ui, std::string_view) {
  State& state = ui.state;
  if (state.screen == Screen::Keys) {
    if (detail_columns(state) == 0) return say(state, "the pane is hidden; z shows it");
    state.keys.in_details = !state.keys.in_details;
    say(state, state.keys.in_details ? "j k scroll the right pane; Tab goes back" : "");
  } else if (state.screen == Screen::Mapping) {
    state.mapping.target_side = !state.mapping.target_side;
  } else if (state.screen == Screen::Convert) {
    const CurrentList list = current_list(state);
    list.cursor->go((list.cursor->cursor + 1) % std::max<std::size_t>(1, list.size), list.size,
                    list.page);
  } else {
    act_move(ui, "<C-f>");
  }
}

/// To the statistics of the row's tensor, unless it is what they are about.
void act_screen(Ui& ui, std::string_view key) {
  State& state = ui.state;
  state.page.reset();
  const Screen to = screen_of(key).value_or(state.screen);
  const auto tensor =
      state.screen == Screen::Keys && to == Screen::Stats ? current_tensor(state) : std::nullopt;
  const bool known =
      state.stats.model && tensor && state.stats.model->key == logical_name(key_of_row(state));
  if (tensor && !known) return look_at_tensor(ui);
  go_to_screen(state, to);
}

namespace {

/// The same tensor of the next or previous layer that has it, over holes; empty without one.
std::string key_in_other_layer(const State& state, const std::string& key, std::ptrdiff_t by) {
  constexpr std::ptrdiff_t kFarthest = 100;  // layers
  const auto place = place_in_model(key);
  if (!place || !state.session.checkpoint()) return "";
  for (std::ptrdiff_t i = 1; i <= kFarthest; ++i) {
    const std::ptrdiff_t layer = static_cast<std::ptrdiff_t>(place->layer) + i * by;
    if (layer < 0) return "";
    std::string other = place->name;
    other.replace(other.find('*'), 1, std::to_string(layer));
    if (place->expert) other.replace(other.find('*'), 1, std::to_string(*place->expert));
    const Checkpoint& checkpoint = *state.session.checkpoint();
    if (checkpoint.find(other) || checkpoint.find(blocks_of(other))) return other;
  }
  return "";
}

}  // namespace

/// On the keys to the next (or previous) of what is alike; on the screen of statistics to the same
/// tensor of the next layer.
void act_sibling(Ui& ui, std::string_view key) {
  State& state = ui.state;
  const std::ptrdiff_t by = key == "]" ? 1 : -1;
  state.search.at.reset();
  if (state.screen == Screen::Stats) {
    const std::string other = key_in_other_layer(state, current_key(state), by);
    if (other.empty()) return say(state, "no other layer has it", Role::Notice);
    return run_verb(ui, "stat", {other});
  }
  if (state.keys.flat) {
    const auto tensor = current_tensor(state);
    state.keys.flat = false;
    if (tensor) go_to_tensor(state, *tensor);
  }
  if (!step_member(state, by)) return say(state, "there is no other", Role::Notice);
}

namespace {

/// What a problem is about: its key, or the first tensor of its shard, or the first that is not
/// accounted for.
std::optional<std::uint32_t> tensor_of(const State& state, const Problem& problem) {
  const Checkpoint& checkpoint = *state.session.checkpoint();
  if (const auto id = checkpoint.find(problem.key)) return id;
  const auto tensors = checkpoint.tensors();
  for (std::uint32_t id = 0; !problem.shard.empty() && id < tensors.size(); ++id) {
    if (checkpoint.shards()[checkpoint.shard_of(tensors[id])].name == problem.shard) return id;
  }
  if (!problem.shard.empty() || !state.mapping.model || problem.severity != Severity::Error) {
    return std::nullopt;
  }
  const auto& fates = state.mapping.model->plan->fates;
  for (std::uint32_t id = 0; id < fates.size(); ++id) {
    if (fates[id].kind == Fate::Kind::Unplaced) return id;
  }
  return std::nullopt;
}

/// Of the checkpoint and of the plan, errors first.
std::vector<const Problem*> problems_of(const State& state) {
  std::vector<const Problem*> all;
  for (const Problem& one : state.session.checkpoint()->problems()) all.push_back(&one);
  if (state.mapping.model) {
    for (const Problem& one : state.mapping.model->plan->problems) all.push_back(&one);
  }
  std::stable_partition(all.begin(), all.end(),
                        [](const Problem* one) { return one->severity == Severity::Error; });
  return all;
}

/// On the list of a group: to the next or previous line that stands out.
bool go_to_odd_line(State& state, bool forward) {
  StatsState& stats = state.stats;
  const std::size_t first = stats.odd.value_or(stats.keys.size());
  const CurrentList list = current_list(state);
  const std::size_t at = list.cursor->cursor;
  const std::size_t to = forward ? std::max(at + 1, first) : std::max(at, first + 1) - 1;
  if (to >= stats.keys.size() || stats.keys[to].empty()) return false;
  list.cursor->go(to, list.size, list.page);
  return true;
}

}  // namespace

void act_problem(Ui& ui, std::string_view key) {
  State& state = ui.state;
  if (!state.page && state.screen == Screen::Stats && !heat_of(state)) {
    if (state.stats.model || !go_to_odd_line(state, key == "e")) say(state, "no other stands out");
    return;
  }
  if (HeatState* heat = heat_of(state)) {
    if (!go_to_odd(*heat, key == "e", body_of(state))) say(state, "none stands out", Role::Good);
    return;
  }
  if (!state.session.checkpoint()) return;
  const std::vector<const Problem*> problems = problems_of(state);
  const std::size_t count = problems.size();
  if (count == 0) return say(state, "no problem is known", Role::Good);
  state.problem = key == "e" ? state.problem % count + 1 : (state.problem + count - 2) % count + 1;
  const Problem& problem = *problems[state.problem - 1];
  say(state, fmt::format("{} of {}: {}", state.problem, count, to_line(problem)),
      problem.severity == Severity::Error ? Role::Defect : Role::Notice);
  const auto id = tensor_of(state, problem);
  if (id && state.screen == Screen::Keys) go_to_tensor(state, *id);
  if (id && state.screen == Screen::Mapping && state.mapping.model) go_to_mapping_of(state, *id);
}

void act_fold(Ui& ui, std::string_view key) {
  State& state = ui.state;
  const std::uint32_t row = current_row(state);
  if (row == NameTree::kNoNode) return;
  const FoldedTree& folds = state.keys.list->folded();
  if (key == "*") {
    const bool any_closed = [&] {
      for (std::uint32_t one = 0; one < folds.rows().size(); ++one) {
        if (TreeState::has_children(folds, one) && !state.keys.tree.is_open(one)) return true;
      }
      return false;
    }();
    state.keys.tree.set_all(folds, any_closed);
  } else {
    state.keys.tree.set_open(folds, row, key == "+");
  }
  const CurrentList list = current_list(state);
  list.cursor->go(state.keys.tree.position_of(folds, row), list.size, list.page);
}

void act_flat(Ui& ui, std::string_view) {
  State& state = ui.state;
  if (!state.keys.list) return;
  if (!state.keys.flat && !state.keys.sort.natural()) {
    return list_keys(ui, state.keys.filter, state.keys.sort, true);
  }
  if (state.keys.flat) order_tree(state, state.keys.sort);
  const auto tensor = current_tensor(state);
  const std::uint32_t node = current_node(state);
  state.keys.flat = !state.keys.flat;
  state.search.places.clear();
  state.search.at.reset();
  state.keys.cursor = {};
  if (tensor) {
    go_to_tensor(state, *tensor);
  } else if (node != NameTree::kNoNode && state.keys.flat) {
    const auto& names = state.keys.list->names();
    go_to_tensor(state, names.natural_order()[names.nodes()[node].first]);
  }
  search_now(ui, false);
}

void act_sort(Ui& ui, std::string_view) {
  ui.state.pending = "s";
  say(ui.state, "sort by: k key, b bytes, d dtype, s shard");
}

void sort_keys(Ui& ui, const SortOrder& sort) {
  State& state = ui.state;
  const bool of_directories = sort.column.empty() || sort.column == "bytes";
  if (!state.keys.flat && of_directories) return order_tree(state, sort);
  list_keys(ui, state.keys.filter, sort, true);
}

void act_invert(Ui& ui, std::string_view) {
  const SortOrder& sort = ui.state.keys.sort;
  sort_keys(ui, {sort.column, !sort.inverted});
}

namespace {

/// Distances are computed anew, to be drawn as relative L2, as SQNR, or listed alone.
void turn_distance(Ui& ui) {
  std::vector<std::string> words = ui.state.stats.words;
  std::string figure = "rel_l2";
  const auto flag = std::find(words.begin(), words.end(), "--figure");
  if (flag != words.end() && flag + 1 != words.end()) {
    figure = *(flag + 1) == "rel_l2" ? "sqnr" : "";
    words.erase(flag, flag + 2);
  }
  if (!figure.empty()) words.insert(words.begin() + 1, {"--figure", figure});
  ui.state.stats = {};  // it takes the place of this one
  run_words(ui, std::move(words));
}

}  // namespace

/// The next figure of what is drawn over layers and experts.
void act_figure(Ui& ui, std::string_view) {
  StatsState& stats = ui.state.stats;
  if (!stats.against.empty()) return turn_distance(ui);
  if (!stats.group) return say(ui.state, "figures are of several tensors; b turns the bins of one");
  do {
    stats.figure = (stats.figure + 1) % kFigures;
  } while (kFigureKinds[stats.figure].of_pairs);
  show_group(ui.state);
  say(ui.state, std::string(kFigureKinds[stats.figure].help));
}

/// What the pane beside the keys is about.
void act_details(Ui& ui, std::string_view) {
  KeysState& keys = ui.state.keys;
  keys.details_top = 0;
  keys.pane = keys.pane == DetailPane::Details   ? DetailPane::Figures
              : keys.pane == DetailPane::Figures ? DetailPane::Config
                                                 : DetailPane::Details;
  if (detail_columns(ui.state) == 0) keys.detail_columns.reset();  // it was hidden
}

void act_bins(Ui& ui, std::string_view) {
  StatsState& stats = ui.state.stats;
  if (stats.model) stats.bins = next_bins(stats.bins, *stats.model);
}

void act_redraw(Ui& ui, std::string_view) {
  ui.effects.emplace_back(RedrawAll{});
}

void act_suspend(Ui& ui, std::string_view) {
  ui.effects.emplace_back(Suspend{});
}

void act_help(Ui& ui, std::string_view) {
  const Place& place = current_place(ui.state);
  open_page(ui.state, fmt::format("keys of {}", place.name), keys_help(place));
}

/// One step back: a page, a tensor of a table, a filter, the screen before this one; at the root it
/// quits.
void act_back(Ui& ui, std::string_view) {
  State& state = ui.state;
  if (state.page) {
    state.page.reset();
  } else if (has_line_filter(state) && !line_filter_of(state).empty()) {
    filter_lines(state, "");
  } else if (state.screen == Screen::Stats && !state.stats_before.empty()) {
    state.stats = std::move(state.stats_before.back());
    state.stats_before.pop_back();
  } else if (state.screen == Screen::Keys && !state.keys.filter.empty()) {
    list_keys(ui, "", state.keys.sort, state.keys.flat);
  } else if (!state.trail.empty()) {
    state.screen = state.trail.back();
    state.trail.pop_back();
  } else if (state.screen != Screen::Overview) {
    state.screen = Screen::Overview;
  } else {
    act_quit(ui, "Q");
  }
}

/// `y`: the key that the cursor is on; `Y`, and where there is none: the command for a shell.
void act_copy(Ui& ui, std::string_view key) {
  State& state = ui.state;
  const std::string name = key == "y" && !state.page ? current_key(state) : "";
  const bool runs = name.find_first_of("$`!") != name.npos;  // in double quotes of a shell
  const std::string text = name.empty() ? view_command(state)
                           : runs       ? shell_word(name)
                                        : quoted_word(name);
  if (text.empty()) return say(state, "no command shows the same", Role::Notice);
  ui.effects.emplace_back(CopyText{text});
  say(state, "copied: " + text);
}

}  // namespace ckptscope
