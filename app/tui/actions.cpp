#include "app/tui/actions.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "app/tui/page.hpp"
#include "core/bytes.hpp"
#include "core/companions.hpp"
#include "core/display.hpp"
#include "core/natural_order.hpp"
#include "core/plan_view.hpp"
#include "core/regex.hpp"

namespace ckptscope {
namespace {

constexpr std::size_t kMostLog = 10'000;

bool has_keys(const State& state) {
  return state.keys.list != nullptr && state.keys.list->size() > 0;
}

/// Number `by` further among the alike nodes of the cursor's row.
bool step_member(State& state, std::ptrdiff_t by) {
  const std::uint32_t row = current_row(state);
  if (row == NameTree::kNone) return false;
  const std::uint64_t alike = state.keys.list->folded().rows()[row].alike;
  const auto wanted = static_cast<std::ptrdiff_t>(state.keys.member) + by;
  if (wanted < 0 || wanted >= static_cast<std::ptrdiff_t>(alike)) return false;
  state.keys.member = static_cast<std::uint64_t>(wanted);
  return true;
}

std::string last_segments(std::string_view key, int count) {
  std::size_t at = key.size();
  while (count-- > 0 && at != key.npos && at > 0) at = key.rfind('.', at - 1);
  return std::string(at == key.npos || at == 0 ? key : key.substr(at + 1));
}

}  // namespace

// ---- shared -------------------------------------------------------------------------------------

Rect body_of(const State& state) {
  return {2, 0, state.size.rows - 4, state.size.columns};
}

char place_of(const State& state) {
  return state.page ? 'p' : static_cast<char>('1' + static_cast<int>(state.screen));
}

namespace {

/// Of a State or a const one.
template <typename Cursor, typename AnyState>
ListOf<Cursor> list_of(AnyState& state) {
  const Rect body = body_of(state);
  if (state.page) return {&state.page->cursor, state.page->lines->size(), page_rows(body)};
  switch (state.screen) {
    case Screen::Keys: {
      const std::size_t size = !state.keys.list  ? 0
                               : state.keys.flat ? order_of(state).size()
                                                 : state.keys.tree.visible().size();
      return {&state.keys.cursor, size, keys_page(body)};
    }
    case Screen::Mapping:
      return {&state.mapping.cursor, state.mapping.model ? state.mapping.model->lines.size() : 0,
              mapping_page(body)};
    case Screen::Stats:
      return {&state.stats.cursor, state.stats.table.size(), page_rows(body)};
    case Screen::Convert:
      return {&state.convert.cursor, convert_fields(state).size() + convert_buttons(state).size(),
              1 << 20};
    case Screen::Log:
      break;
  }
  return {&state.log_cursor, state.log.size(), page_rows(body)};
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

void log(State& state, std::string text, Role role,
         std::shared_ptr<const std::vector<PageLine>> page) {
  const bool at_end = state.log_cursor.cursor + 1 >= state.log.size();
  if (state.log.size() == kMostLog) state.log.erase(state.log.begin(), state.log.begin() + 1000);
  state.log.push_back({std::move(text), role, std::move(page)});
  if (at_end) {
    state.log_cursor.go(state.log.size() - 1, state.log.size(), page_rows(body_of(state)));
  }
}

void open_page(State& state, std::string title, std::vector<PageLine> lines) {
  state.page = PageState{
      std::move(title), std::make_shared<const std::vector<PageLine>>(std::move(lines)), {}, 0};
}

std::uint64_t start(Ui& ui, JobKind kind, std::string title, JobBody body) {
  const std::uint64_t id = ui.state.next_id++;
  ui.state.latest[static_cast<std::size_t>(kind)] = id;
  ui.effects.push_back(StartJob{{kind, id, std::move(title), std::move(body)}});
  return id;
}

void forget_checkpoint(State& state) {
  for (const JobKind kind : {JobKind::Open, JobKind::List, JobKind::Search, JobKind::Map}) {
    state.latest[static_cast<std::size_t>(kind)] = 0;
  }
  const bool flat = state.keys.flat;
  state.all.reset();
  state.whole = false;
  state.keys = {};
  state.keys.flat = flat;
  state.search = {};
  state.mapping = {};
  state.stats = {};
  state.problem = 0;
  if (!state.convert.running) state.convert = {};
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

std::span<const std::uint32_t> order_of(const State& state) {
  if (!state.keys.list) return {};
  if (state.keys.flat && state.keys.order) return *state.keys.order;
  return state.keys.list->names().natural_order();
}

std::uint32_t current_row(const State& state) {
  if (!has_keys(state) || state.keys.flat) return NameTree::kNone;
  const auto visible = state.keys.tree.visible();
  const std::size_t at = state.keys.cursor.cursor;
  return at < visible.size() ? visible[at] : NameTree::kNone;
}

std::uint32_t current_node(const State& state) {
  const std::uint32_t row = current_row(state);
  return row == NameTree::kNone ? row : state.keys.list->folded().node_of(row, state.keys.member);
}

std::optional<std::uint32_t> current_tensor(const State& state) {
  if (!has_keys(state)) return std::nullopt;
  if (state.keys.flat) {
    const auto order = order_of(state);
    const std::size_t at = state.keys.cursor.cursor;
    return at < order.size() ? std::optional(order[at]) : std::nullopt;
  }
  const std::uint32_t node = current_node(state);
  if (node == NameTree::kNone) return std::nullopt;
  const std::uint32_t tensor = state.keys.list->names().nodes()[node].tensor;
  return tensor == NameTree::kNone ? std::nullopt : std::optional(tensor);
}

std::string current_key(const State& state) {
  if (state.screen == Screen::Stats && state.stats.model) return state.stats.model->key;
  if (state.screen == Screen::Mapping && state.mapping.model) {
    const MapModel& model = *state.mapping.model;
    if (state.mapping.cursor.cursor >= model.lines.size()) return "";
    const MapLine& line = model.lines[state.mapping.cursor.cursor];
    if (!line.row) return "";
    const MapRow& row = model.rows[*line.row];
    if (state.mapping.target_side && row.output) return model.plan->outputs[*row.output].key;
    return row.parts.empty() ? ""
                             : std::string(model.plan->source(row.parts[line.part].first).name);
  }
  if (!has_keys(state)) return "";
  const auto tensor = current_tensor(state);
  if (tensor) return std::string(state.keys.list->checkpoint()->tensors()[*tensor].name);
  std::string path;
  const auto nodes = state.keys.list->names().nodes();
  for (std::uint32_t node = current_node(state); node != 0 && node != NameTree::kNone;
       node = nodes[node].parent) {
    path = std::string(nodes[node].name) + (path.empty() ? "" : "." + path);
  }
  return path;
}

void reset_keys(State& state) {
  KeysState& keys = state.keys;
  keys.tree = TreeState(keys.list->folded(), keys_page(body_of(state)));
  keys.cursor = {};
  keys.member = 0;
  keys.details_top = 0;
}

bool go_to_tensor(State& state, std::uint32_t tensor) {
  if (!has_keys(state)) return false;
  const auto order = order_of(state);
  const auto found = std::find(order.begin(), order.end(), tensor);
  if (found == order.end()) return false;
  const auto place = static_cast<std::uint32_t>(found - order.begin());
  KeysState& keys = state.keys;
  std::size_t position = place;
  keys.member = 0;
  if (!keys.flat) {
    const FoldedTree::Place at = keys.list->folded().locate(place);
    keys.tree.reveal(keys.list->folded(), at.row);
    position = keys.tree.position_of(at.row);
    keys.member = at.member;
  }
  const State& seen = state;
  const std::size_t size = keys.flat ? order.size() : seen.keys.tree.visible().size();
  keys.cursor.go(position, size, keys_page(body_of(state)));
  return true;
}

void go_to_mapping_of(State& state, std::uint32_t tensor) {
  const MapModel& model = *state.mapping.model;
  const Fate& fate = model.plan->fates[tensor];
  const std::uint32_t row =
      fate.kind == Fate::Kind::Used ? model.row_of_output[fate.where] : model.row_of_left[tensor];
  for (std::size_t line = 0; line < model.lines.size(); ++line) {
    if (model.lines[line].row != row) continue;
    state.mapping.cursor.go(line, model.lines.size(), mapping_page(body_of(state)));
    state.mapping.target_side = false;
    return;
  }
}

// ---- what is known of the selected key ----------------------------------------------------------

namespace {

void add_alike(std::vector<DetailLine>& lines, const State& state, const FoldedRow& row) {
  if (row.alike > 1) {
    lines.push_back({"",
                     fmt::format("{} of {} alike   ] [ steps", state.keys.member + 1, row.alike),
                     Role::Faint});
  }
  if (row.odd) lines.push_back({"", "~ unlike the others of its number", Role::Notice});
}

void add_target(std::vector<DetailLine>& lines, const State& state, std::uint32_t tensor) {
  if (!state.mapping.model || tensor >= state.mapping.model->plan->fates.size()) return;
  const Plan& plan = *state.mapping.model->plan;
  const Fate& fate = plan.fates[tensor];
  const std::string side(name_of(plan.options.to));
  if (fate.kind == Fate::Kind::Dropped) {
    lines.push_back({side, "dropped", Role::Notice});
    lines.push_back({"", plan.drop_rules[fate.where].reason, Role::Notice, true});
  } else if (fate.kind == Fate::Kind::Unplaced) {
    lines.push_back({side, "not accounted for", Role::Defect});
  } else {
    const Output& output = plan.outputs[fate.where];
    lines.push_back({side, display(last_segments(output.key, 2))});
    lines.push_back({"", fmt::format("{} {}", name_of(output.dtype()), to_string(output.shape())),
                     Role::Plain, true});
    lines.push_back({"", op_text(output), Role::Plain, true});
  }
}

void add_tensor(std::vector<DetailLine>& lines, const State& state, std::uint32_t tensor) {
  const Checkpoint& checkpoint = *state.keys.list->checkpoint();
  const TensorInfo& info = checkpoint.tensors()[tensor];
  lines.push_back({"dtype", std::string(name_of(info.dtype))});
  lines.push_back({"shape", to_string(info.shape)});
  lines.push_back({"count", format_count(info.elements())});
  lines.push_back({"size", format_bytes(info.bytes())});
  const std::string& shard = checkpoint.shards()[info.shard].name;
  const std::size_t shards = checkpoint.shards().size();
  lines.push_back({"shard", shards == 1 ? display(shard)
                                        : fmt::format("{} of {}: {}", info.shard + 1, shards,
                                                      display(shard))});
  bool first = true;
  for (const std::string& key : companions_of(info.name)) {
    const auto id = checkpoint.find(key);
    if (!id) continue;
    const TensorInfo& scale = checkpoint.tensors()[*id];
    lines.push_back({first ? "scale" : "", display(last_segments(key, 1)), Role::Plain, !first});
    lines.push_back({"", fmt::format("{} {}", name_of(scale.dtype), to_string(scale.shape)),
                     Role::Plain, true});
    first = false;
  }
  add_target(lines, state, tensor);
  if (checkpoint.shards()[info.shard].damaged) {
    lines.push_back({"! error", "its shard is damaged", Role::Defect});
  }
  for (const std::uint32_t number : state.keys.list->problems_of(tensor)) {
    const Problem& problem = checkpoint.problems()[number];
    const bool error = problem.severity == Severity::Error;
    lines.push_back({error ? "! error" : "note", std::string(name_of(problem.code)),
                     error ? Role::Defect : Role::Notice});
    lines.push_back({"", problem.message, Role::Plain, true});
  }
}

}  // namespace

std::vector<DetailLine> details_of(const State& state) {
  if (!has_keys(state)) return {};
  std::vector<DetailLine> lines;
  const std::string key = current_key(state);
  lines.push_back({"", display(last_segments(key, 3)), Role::Title});
  const std::uint32_t row = current_row(state);
  if (row != NameTree::kNone) add_alike(lines, state, state.keys.list->folded().rows()[row]);
  if (const auto tensor = current_tensor(state)) {
    add_tensor(lines, state, *tensor);
  } else if (row != NameTree::kNone) {
    const FoldedRow& one = state.keys.list->folded().rows()[row];
    const NameTree::Node& node = state.keys.list->names().nodes()[current_node(state)];
    lines.push_back({"keys", format_count(node.tensors)});
    lines.push_back({"size", format_bytes(node.bytes)});
    if (one.alike > 1) {
      lines.push_back(
          {"in all", fmt::format("{}, {}", counted(one.tensors, "key"), format_bytes(one.bytes))});
    }
  }
  return lines;
}

// ---- lists of keys ------------------------------------------------------------------------------

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
    start(ui, JobKind::Map, "map", map_job(state.session.checkpoint(), prepared.args));
  } catch (const Error& error) {
    state.mapping = {nullptr, error.what(), {}, false};
  }
}

// ---- searching ----------------------------------------------------------------------------------

namespace {

/// The lines that are searched where the list is not one of keys.
std::string searched_text(const State& state, std::size_t line) {
  if (state.page) return (*state.page->lines)[line].text;
  if (state.screen == Screen::Mapping) {
    const MapLine& one = state.mapping.model->lines[line];
    if (!one.row) return "";
    const MapRow& row = state.mapping.model->rows[*one.row];
    return (row.parts.empty() ? "" : row.parts[one.part].keys) + "\n" + row.target;
  }
  return state.log[line].text;
}

bool searches_keys(const State& state) {
  return !state.page && state.screen == Screen::Keys;
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
    if (state.page) list.cursor->top = std::min(at, list.size - 1);
    return;
  }
  say(state, "no match: " + typed_text(state.search.pattern), Role::Notice);
}

/// The place of what the cursor is on, in the order that is searched.
std::size_t place_under_cursor(const State& state) {
  if (state.keys.flat) return state.keys.cursor.cursor;
  const std::uint32_t node = current_node(state);
  return node == NameTree::kNone ? 0 : state.keys.list->names().nodes()[node].first;
}

}  // namespace

void search_now(Ui& ui, bool moves) {
  State& state = ui.state;
  if (state.search.pattern.empty()) return;
  try {
    if (!searches_keys(state)) {
      if (moves) go_to_line_match(state, true, state.search.origin, true);
      return;
    }
    if (!has_keys(state)) return;
    Regex(state.search.pattern, {.smart_case = true});  // says what is wrong with it at once
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
  go_to_tensor(state, order_of(state)[places[next]]);
  search.at = next;
  say(state, fmt::format("match {} of {}", next + 1, format_count(count)));
}

// ---- motions ------------------------------------------------------------------------------------

void act_move(Ui& ui, std::string_view key) {
  State& state = ui.state;
  state.search.at.reset();
  const CurrentList list = current_list(state);
  const auto page = static_cast<std::ptrdiff_t>(list.page);
  const auto end = static_cast<std::ptrdiff_t>(list.size);
  const std::pair<std::string_view, std::ptrdiff_t> steps[] = {
      {"j", 1},         {"<Down>", 1},        {"k", -1},
      {"<Up>", -1},     {"<C-d>", page / 2},  {"<C-u>", -page / 2},
      {"<C-f>", page},  {"<PageDown>", page}, {"<Space>", page},
      {"<C-b>", -page}, {"<PageUp>", -page},  {"g", -end},
      {"<Home>", -end}, {"G", end},           {"<End>", end}};
  std::ptrdiff_t by = 0;
  for (const auto& [name, step] : steps) by = name == key ? step : by;
  if (!state.page && state.screen == Screen::Keys && state.keys.in_details) {
    const auto lines = static_cast<std::ptrdiff_t>(details_of(state).size());
    const auto top = static_cast<std::ptrdiff_t>(state.keys.details_top) + by;
    state.keys.details_top = static_cast<std::size_t>(
        std::clamp<std::ptrdiff_t>(top, 0, std::max<std::ptrdiff_t>(0, lines - 1)));
    return;
  }
  if (state.page || (state.screen == Screen::Stats && state.stats.model)) {  // text scrolls
    const auto last = std::max<std::ptrdiff_t>(0, end - page);
    const auto top = static_cast<std::ptrdiff_t>(list.cursor->top) + by;
    list.cursor->top = static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(top, 0, last));
    list.cursor->cursor = list.cursor->top;
    return;
  }
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
  if (std::size_t* shift = shift_of(state)) {
    *shift -= std::min<std::size_t>(*shift, 8);
  } else if (state.screen == Screen::Mapping) {
    state.mapping.target_side = false;
  } else if (state.screen == Screen::Stats) {
    if (state.stats.expert > 0) --state.stats.expert;
  } else if (state.screen == Screen::Keys) {
    const std::uint32_t row = current_row(state);
    if (row == NameTree::kNone) return;
    const FoldedTree& folds = state.keys.list->folded();
    const std::uint32_t parent = folds.rows()[row].parent;
    const CurrentList list = current_list(state);
    if (state.keys.tree.is_open(row)) {
      state.keys.tree.set_open(folds, row, false);
      list.cursor->go(list.cursor->cursor, state.keys.tree.visible().size(), list.page);
    } else if (parent != NameTree::kNone) {
      state.keys.member = 0;
      list.cursor->go(state.keys.tree.position_of(parent), list.size, list.page);
    }
  }
}

void act_right(Ui& ui, std::string_view) {
  State& state = ui.state;
  if (std::size_t* shift = shift_of(state)) {
    *shift += 8;
  } else if (state.screen == Screen::Mapping) {
    state.mapping.target_side = true;
  } else if (state.screen == Screen::Stats && state.stats.model) {
    if (state.stats.expert + 1 < state.stats.model->stats.experts.size()) ++state.stats.expert;
  } else if (state.screen == Screen::Keys) {
    const std::uint32_t row = current_row(state);
    if (row == NameTree::kNone) return;
    const FoldedTree& folds = state.keys.list->folded();
    if (!TreeState::has_children(folds, row)) return;
    if (!state.keys.tree.is_open(row)) return state.keys.tree.set_open(folds, row, true);
    act_move(ui, "j");
  }
}

void act_pane(Ui& ui, std::string_view) {
  State& state = ui.state;
  if (state.screen == Screen::Keys) {
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

void act_screen(Ui& ui, std::string_view key) {
  ui.state.page.reset();
  ui.state.screen = static_cast<Screen>(key.front() - '1');
}

/// To the same key of the next (or previous) layer or expert; on the screen of statistics it is
/// looked at.
void act_sibling(Ui& ui, std::string_view key) {
  State& state = ui.state;
  const std::ptrdiff_t by = key == "]" ? 1 : -1;
  state.search.at.reset();
  if (state.keys.flat) {
    const auto tensor = current_tensor(state);
    state.keys.flat = false;
    if (tensor) go_to_tensor(state, *tensor);
  }
  if (!step_member(state, by)) return say(state, "there is no other", Role::Notice);
  if (state.screen == Screen::Stats) act_stats(ui, "x");
}

namespace {

/// What a problem is about: its key, or the first tensor of its shard, or the first that is not
/// accounted for.
std::optional<std::uint32_t> tensor_of(const State& state, const Problem& problem) {
  const Checkpoint& checkpoint = *state.session.checkpoint();
  if (const auto id = checkpoint.find(problem.key)) return id;
  const auto tensors = checkpoint.tensors();
  for (std::uint32_t id = 0; !problem.shard.empty() && id < tensors.size(); ++id) {
    if (checkpoint.shards()[tensors[id].shard].name == problem.shard) return id;
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

}  // namespace

void act_problem(Ui& ui, std::string_view key) {
  State& state = ui.state;
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
  if (row == NameTree::kNone) return;
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
  list.cursor->go(state.keys.tree.position_of(row), list.size, list.page);
}

void act_flat(Ui& ui, std::string_view) {
  State& state = ui.state;
  if (!state.keys.list) return;
  const auto tensor = current_tensor(state);
  const std::uint32_t node = current_node(state);
  state.keys.flat = !state.keys.flat;
  state.search.places.clear();
  state.search.at.reset();
  state.keys.cursor = {};
  if (tensor) {
    go_to_tensor(state, *tensor);
  } else if (node != NameTree::kNone && state.keys.flat) {
    const auto& names = state.keys.list->names();
    go_to_tensor(state, names.natural_order()[names.nodes()[node].first]);
  }
  search_now(ui, false);
}

void act_sort(Ui& ui, std::string_view) {
  ui.state.pending = "s";
  say(ui.state, "sort by: k key, b bytes, d dtype, s shard");
}

void act_invert(Ui& ui, std::string_view) {
  list_keys(ui, ui.state.keys.filter, {ui.state.keys.sort.column, !ui.state.keys.sort.inverted},
            true);
}

void act_match(Ui& ui, std::string_view key) {
  go_to_match(ui, key == "n", false);
}

void act_bins(Ui& ui, std::string_view) {
  ui.state.stats.linear = !ui.state.stats.linear;
}

void act_redraw(Ui& ui, std::string_view) {
  ui.effects.push_back(RedrawAll{});
}

void act_suspend(Ui& ui, std::string_view) {
  ui.effects.push_back(Suspend{});
}

void act_help(Ui& ui, std::string_view) {
  static constexpr const char* kNames[] = {"Keys", "Mapping", "Stats", "Convert", "Log"};
  const char place = place_of(ui.state);
  const std::string where = place == 'p' ? "a page" : kNames[place - '1'];
  open_page(ui.state, "keys of " + where, keys_help(place));
}

/// Ends the innermost thing: a page, a filter, another screen; at the root it quits.
void act_back(Ui& ui, std::string_view) {
  State& state = ui.state;
  if (state.page) {
    state.page.reset();
  } else if (state.screen != Screen::Keys) {
    state.screen = Screen::Keys;
  } else if (!state.keys.filter.empty()) {
    list_keys(ui, "", state.keys.sort, state.keys.flat);
  } else {
    act_quit(ui, "Q");
  }
}

void act_quit(Ui& ui, std::string_view) {
  if (ui.state.convert.running) {
    return open_prompt(ui.state, PromptKind::Quit,
                       "a conversion runs; stop it, clean up and quit? [y/N] ");
  }
  ui.effects.push_back(Quit{});
}

void act_copy(Ui& ui, std::string_view) {
  State& state = ui.state;
  const std::string text =
      state.screen == Screen::Convert ? convert_command(state) : display(current_key(state));
  if (text.empty()) return;
  ui.effects.push_back(CopyText{text});
  say(state, "copied: " + text);
}

}  // namespace ckptscope
