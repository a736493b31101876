// From rows, folded numbers and places of lists to tensors and back; and the pane of details.
#include "app/tui/cursor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <sstream>

#include "app/tui/current_list.hpp"
#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/names/companions.hpp"
#include "core/plan/folded_plan.hpp"
#include "views/look/line.hpp"

namespace ckptscope {

bool has_keys(const State& state) {
  return state.keys.list != nullptr && state.keys.list->size() > 0;
}

std::span<const std::uint32_t> order_of(const State& state) {
  if (!state.keys.list) return {};
  if (state.keys.flat && state.keys.order) return *state.keys.order;
  return state.keys.list->names().natural_order();
}

std::uint32_t current_row(const State& state) {
  if (!has_keys(state) || state.keys.flat) return NameTree::kNoNode;
  const auto visible = state.keys.tree.visible();
  const std::size_t at = state.keys.cursor.cursor;
  return at < visible.size() ? visible[at] : NameTree::kNoNode;
}

std::uint64_t alike_of_row(const State& state) {
  const std::uint32_t row = current_row(state);
  return row == NameTree::kNoNode ? 0 : state.keys.list->folded().rows()[row].alike;
}

std::uint32_t current_node(const State& state) {
  const std::uint32_t row = current_row(state);
  return row == NameTree::kNoNode ? row : state.keys.list->folded().node_of(row, state.keys.member);
}

std::optional<std::uint32_t> current_tensor(const State& state) {
  if (!has_keys(state)) return std::nullopt;
  if (state.keys.flat) {
    const auto order = order_of(state);
    const std::size_t at = state.keys.cursor.cursor;
    return at < order.size() ? std::optional(order[at]) : std::nullopt;
  }
  const std::uint32_t node = current_node(state);
  if (node == NameTree::kNoNode) return std::nullopt;
  const std::uint32_t tensor = state.keys.list->names().nodes()[node].tensor;
  return tensor == NameTree::kNoNode ? std::nullopt : std::optional(tensor);
}

std::string key_of_row(const State& state) {
  if (!has_keys(state)) return "";
  const auto tensor = current_tensor(state);
  if (tensor) return std::string(state.keys.list->checkpoint()->tensors()[*tensor].name);
  std::string path;
  const auto nodes = state.keys.list->names().nodes();
  for (std::uint32_t node = current_node(state); node != 0 && node != NameTree::kNoNode;
       node = nodes[node].parent) {
    if (!path.empty()) path.insert(0, 1, '.');
    path.insert(0, nodes[node].name);
  }
  return path;
}

std::string query_of_row(const State& state) {
  if (alike_of_row(state) < 2) return key_of_row(state);
  std::string query = state.keys.list->folded().rows()[current_row(state)].path;
  for (std::size_t open = query.find('['); open != query.npos; open = query.find('[', open)) {
    query.replace(open, query.find(']', open) - open + 1, "*");
  }
  return query;
}

std::string key_of_mapping(const State& state) {
  assert(state.mapping.model != nullptr);
  const MapModel& model = *state.mapping.model;
  if (state.mapping.cursor.cursor >= model.lines.size()) return "";
  const MapLine& line = model.lines[state.mapping.cursor.cursor];
  if (!line.row) return "";
  const MapRow& row = model.rows[*line.row];
  if (state.mapping.target_side && row.output) return model.plan->outputs[*row.output].key;
  return row.parts.empty() ? "" : std::string(model.plan->input(row.parts[line.part].first).name);
}

namespace {

/// Of what the screen of statistics shows: its tensor, the cell of a map, the row of a table.
std::string key_of_stats(const StatsState& stats) {
  if (stats.model) return stats.model->key;
  if (!stats.image.empty()) return stats.image;
  if (stats.heat) return stats.group->key_at(stats.heat->row, stats.heat->column);
  const std::size_t line = stats.cursor.cursor;
  return line < stats.keys.size() ? stats.keys[line] : "";
}

}  // namespace

std::string current_key(const State& state) {
  switch (state.screen) {
    case Screen::Stats:
      return key_of_stats(state.stats);
    case Screen::Mapping:
      return state.mapping.model ? key_of_mapping(state) : "";
    case Screen::Keys:
      return key_of_row(state);
    case Screen::Overview:
    case Screen::Convert:
    case Screen::Log:
      break;
  }
  return "";
}

namespace {

SiblingOrder sibling_order(const SortOrder& sort) {
  return {sort.column == "bytes", sort.inverted};
}

}  // namespace

void reset_keys(State& state) {
  assert(state.keys.list != nullptr);
  KeysState& keys = state.keys;
  keys.tree = TreeState(keys.list->folded(), keys_page(body_of(state), detail_columns(state)));
  keys.tree.set_order(keys.list->folded(), sibling_order(keys.sort));
  keys.cursor = {};
  keys.member = 0;
  keys.details_top = 0;
}

void order_tree(State& state, const SortOrder& sort) {
  KeysState& keys = state.keys;
  keys.sort = sort;
  if (!keys.list) return;
  const std::uint32_t row = current_row(state);
  keys.tree.set_order(keys.list->folded(), sibling_order(sort));
  if (row == NameTree::kNoNode) return;
  keys.cursor.go(keys.tree.position_of(keys.list->folded(), row), keys.tree.visible().size(),
                 keys_page(body_of(state), detail_columns(state)));
}

void go_to_place(State& state, std::uint32_t place) {
  KeysState& keys = state.keys;
  std::size_t position = place;
  keys.member = 0;
  if (!keys.flat) {
    const FoldedTree::Place at = keys.list->folded().locate(place);
    keys.tree.reveal(keys.list->folded(), at.row);
    position = keys.tree.position_of(keys.list->folded(), at.row);
    keys.member = at.member;
  }
  const std::size_t size = keys.flat ? order_of(state).size() : keys.tree.visible().size();
  keys.cursor.go(position, size, keys_page(body_of(state), detail_columns(state)));
}

bool go_to_tensor(State& state, std::uint32_t tensor) {
  if (!has_keys(state)) return false;
  const auto order = order_of(state);
  const auto found = std::find(order.begin(), order.end(), tensor);
  if (found == order.end()) return false;
  go_to_place(state, static_cast<std::uint32_t>(found - order.begin()));
  return true;
}

void go_to_mapping_of(State& state, std::uint32_t tensor) {
  assert(state.mapping.model != nullptr);
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

namespace {

std::string last_segments(std::string_view key, int count) {
  std::size_t at = key.size();
  while (count-- > 0 && at != key.npos && at > 0) at = key.rfind('.', at - 1);
  return at == key.npos || at == 0 ? std::string(key) : "…" + std::string(key.substr(at + 1));
}

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
  const std::string shard = checkpoint.shard_names(info);
  const std::size_t shards = checkpoint.shards().size();
  lines.push_back({"shard", shards == 1 ? display(shard)
                                        : fmt::format("{} of {}: {}", checkpoint.shard_of(info) + 1,
                                                      shards, display(shard))});
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
  if (checkpoint.is_damaged(info)) {
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

/// A text as lines of the narrowest pane.
std::vector<DetailLine> below(const std::string& text, Role role) {
  constexpr int kColumns = 30;
  std::vector<DetailLine> lines;
  for (const std::string& part : wrapped(text, kColumns)) lines.push_back({"", part, role});
  return lines;
}

/// Which of the alike ones it is, then its figures.
std::vector<DetailLine> figures_of_row(const State& state) {
  std::vector<DetailLine> lines{{"", display(last_segments(key_of_row(state), 3)), Role::Title}};
  const std::uint32_t row = current_row(state);
  if (row != NameTree::kNoNode) add_alike(lines, state, state.keys.list->folded().rows()[row]);
  const auto& figures = state.keys.glimpse.lines;
  lines.insert(lines.end(), figures.begin(), figures.end());
  return lines;
}

/// config.json, a member a line.
std::vector<DetailLine> config_lines(const State& state) {
  const std::string text = state.keys.list->checkpoint()->config().pretty();
  if (text.empty()) {
    for (const Problem& problem : state.keys.list->checkpoint()->problems()) {
      if (problem.shard == "config.json") return below(problem.message, Role::Notice);
    }
    return {{"", "no config.json"}};
  }
  std::vector<DetailLine> lines;
  std::istringstream members(text);
  for (std::string line; std::getline(members, line);) lines.push_back({"", display(line)});
  return lines;
}

std::vector<DetailLine> known_of_row(const State& state) {
  std::vector<DetailLine> lines;
  const std::string key = key_of_row(state);
  lines.push_back({"", display(last_segments(key, 3)), Role::Title});
  const std::uint32_t row = current_row(state);
  if (row != NameTree::kNoNode) add_alike(lines, state, state.keys.list->folded().rows()[row]);
  if (const auto tensor = current_tensor(state)) {
    add_tensor(lines, state, *tensor);
  } else if (row != NameTree::kNoNode) {
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

}  // namespace

std::vector<DetailLine> details_of(const State& state) {
  if (!has_keys(state)) return {};
  switch (state.keys.pane) {
    case DetailPane::Figures:
      return figures_of_row(state);
    case DetailPane::Config:
      return config_lines(state);
    case DetailPane::Details:
      break;
  }
  return known_of_row(state);
}

std::string detail_heading(const State& state) {
  constexpr std::pair<DetailPane, std::string_view> kHeadings[] = {
      {DetailPane::Details, "selected"},
      {DetailPane::Figures, "figures"},
      {DetailPane::Config, "config.json"}};
  for (const auto& [pane, heading] : kHeadings) {
    if (pane == state.keys.pane) return std::string(heading);
  }
  return "";
}

int detail_columns(const State& state) {
  return state.keys.detail_columns.value_or(usual_detail_columns(state.size.columns));
}

}  // namespace ckptscope
