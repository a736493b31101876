// One function a screen, and the texts of the lines around them.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "app/tui/convert_form.hpp"
#include "app/tui/current_list.hpp"
#include "app/tui/cursor.hpp"
#include "app/tui/keymap.hpp"
#include "app/tui/line_filter.hpp"
#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/regex.hpp"

namespace ckptscope {
namespace {

std::string summary_of(const State& state) {
  if (state.screen == Screen::Mapping && state.mapping.model) return state.mapping.model->heading;
  if (state.screen == Screen::Stats && state.stats.stopped && state.stats.group) {
    return "stopped: what is shown is what had been read until then";
  }
  if (state.screen == Screen::Stats && state.stats.model) {
    const int room = state.size.columns - 5 - static_cast<int>(state.stats.model->what.size());
    return fitted(display(state.stats.model->key), room) + "   " + state.stats.model->what;
  }
  if (state.screen == Screen::Convert && state.mapping.model) {
    const Plan& plan = *state.mapping.model->plan;
    const Account& account = state.mapping.model->sums;
    return fmt::format("{}   {}, {}, {}   ->   {}, {}, {}", plan.options.adapter,
                       name_of(plan.options.from), counted(account.sources, "tensor"),
                       format_bytes(account.bytes_in), name_of(plan.options.to),
                       counted(account.targets, "tensor"), format_bytes(account.bytes_out));
  }
  if (std::string filter = line_filter_text(state); !filter.empty()) return filter;
  const bool filtered = state.screen == Screen::Keys && !state.keys.filter.empty();
  if (filtered && state.keys.list && state.all) {
    return fmt::format("filter  {}   {} of {}; q takes it off", typed_text(state.keys.filter),
                       counted(state.keys.list->size(), "key"), format_count(state.all->size()));
  }
  return state.summary;
}

/// Of text that has no cursor: what of it is on the screen.
std::string lines_text(const State& state) {
  const auto list = current_list(state);
  if (list.size == 0) return "";
  const std::size_t last = std::min(list.size, list.cursor->top + list.page);
  return fmt::format("lines {} to {} of {}", list.cursor->top + 1, last, format_count(list.size));
}

std::string position_text(const State& state) {
  const auto list = current_list(state);
  if (list.size == 0) return "";
  if (state.page) return lines_text(state);
  return fmt::format("row {} of {}", format_count(list.cursor->cursor + 1),
                     format_count(list.size));
}

/// What runs, as far as it is.
std::string activity_text(const State& state) {
  const Activity& now = state.activity;
  if (now.title.empty()) return "";
  std::string text = now.title;
  if (!now.phases.empty()) {
    const PhaseLine& phase = now.phases.back();
    text = phase.name + "  " + phase_text(phase, 16, state.hides_figures);
  }
  return text + "   ^C stops";
}

std::string current_op(const State& state) {
  if (!state.mapping.model) return "";
  const MapModel& model = *state.mapping.model;
  const std::size_t at = state.mapping.cursor.cursor;
  if (at >= model.lines.size() || !model.lines[at].row) return "";
  return model.rows[*model.lines[at].row].op;
}

/// The account of the plan begins with its errors.
bool has_error(const State& state) {
  const MapModel* model = state.mapping.model.get();
  return model != nullptr && !model->account.empty() && model->account.front().role == Role::Defect;
}

std::string status_of(const State& state) {
  if (!state.message.empty()) return state.message;
  std::string activity = activity_text(state);
  const bool own = state.screen == Screen::Convert && state.convert.running;
  if (!activity.empty() && !own) return activity;
  std::string text = position_text(state);
  if (state.page) return text;
  switch (state.screen) {
    case Screen::Overview:
      return state.overview.choices.empty() ? lines_text(state) : text;
    case Screen::Keys:
      if (!state.whole && state.all) text += "  first shard alone";
      return text + "  " + display(current_key(state));
    case Screen::Mapping:
      return text + "  " + current_op(state) + "  " + display(current_key(state));
    case Screen::Stats:
      if (state.stats.heat && !state.stats.model) return heat_text(*state.stats.heat);
      return state.stats.model ? expert_text(*state.stats.model, state.stats.expert) : text;
    case Screen::Convert:
      if (!state.convert.running && has_error(state)) {
        return "! " + state.mapping.model->account.front().text;
      }
      return state.convert.running
                 ? "nothing appears at the output before the commit; ^C stops and cleans up"
                 : "Enter edits a field or goes to its next value; the last row starts";
    case Screen::Log:
      break;
  }
  return text;
}

PromptLine prompt_line(const Prompt& prompt, const std::string& message) {
  PromptLine line;
  line.before = prompt.label;
  line.text = typed_text(prompt.text);
  line.cursor = static_cast<int>(display_width(typed_text(prompt.text.substr(0, prompt.cursor))));
  line.behind = message;
  line.candidates = prompt.candidates;
  line.notes = prompt.notes;
  line.chosen = prompt.chosen;
  return line;
}

Frame frame_of(const State& state) {
  Frame frame;
  frame.title = state.path.empty() ? "ckptscope" : display(state.path);
  if (!state.session.prefix().empty()) frame.title += ": " + display(state.session.prefix());
  for (const Place& place : kPlaces) {
    if (place.screen) frame.screens.push_back(fmt::format("{} {}", place.letter, place.name));
  }
  frame.current = static_cast<std::size_t>(state.screen);
  frame.summary = summary_of(state);
  frame.status = status_of(state);
  frame.status_role = state.message.empty() ? Role::Plain : state.message_role;
  frame.hints = hints_of(current_place(state));
  const bool rows = state.screen != Screen::Stats || has_line_filter(state);
  if (!rows) std::erase_if(frame.hints, [](const Hint& hint) { return hint.key == "&"; });
  if (state.prompt) frame.prompt = prompt_line(*state.prompt, state.message);
  return frame;
}

/// What is searched for, for marking; nothing while it is no whole expression.
std::optional<Regex> highlight_of(const State& state) {
  if (state.search.pattern.empty()) return std::nullopt;
  try {
    return Regex(state.search.pattern, {.smart_case = true});
  } catch (const Error&) {
    return std::nullopt;
  }
}

const Regex* pointer_to(const std::optional<Regex>& regex) {
  return regex ? &*regex : nullptr;
}

/// A screen that has nothing to show says why, and what to do.
void draw_nothing(Canvas& canvas, const Rect& body, const std::vector<std::string>& texts) {
  draw_rule(canvas, {body.row, 0, 1, body.columns});
  draw_rule(canvas, {body.row + body.rows - 1, 0, 1, body.columns});
  int row = body.row + 2;
  for (const std::string& text : texts) {
    for (const std::string& line : wrapped(text, body.columns - 4)) {
      if (row < body.row + body.rows - 1) canvas.put(row++, 2, line, Role::Faint);
    }
  }
}

void draw_overview_screen(const State& state, Canvas& canvas, const Rect& body) {
  const OverviewState& overview = state.overview;
  if (!overview.document) return draw_nothing(canvas, body, {state.summary});
  const bool picker = !overview.choices.empty();
  draw_page({picker ? "checkpoints" : "overview", overview.lines, overview.cursor, picker}, canvas,
            body);
}

/// For the heading: "bytes, inverted"; empty in natural order. What sorts no tree is not said of
/// it.
std::string sorted_by(const KeysState& keys) {
  std::string text = keys.flat || keys.sort.column == "bytes" ? keys.sort.column : "";
  if (keys.sort.inverted) text += text.empty() ? "key, inverted" : ", inverted";
  return text;
}

void draw_keys_screen(const State& state, Canvas& canvas, const Rect& body) {
  if (!state.keys.list) return draw_nothing(canvas, body, {state.summary});
  const auto details = details_of(state);
  const auto highlight = highlight_of(state);
  const KeysView view{*state.keys.list,       state.keys.tree,       state.keys.flat,
                      order_of(state),        state.keys.cursor,     details,
                      state.keys.details_top, state.keys.in_details, sorted_by(state.keys),
                      pointer_to(highlight),  detail_columns(state), detail_heading(state)};
  draw_keys(view, canvas, body);
}

void draw_stats_screen(const State& state, Canvas& canvas, const Rect& body) {
  if (state.stats.model) {
    return draw_stats({*state.stats.model, state.stats.bins, state.stats.expert}, canvas, body);
  }
  if (state.stats.heat) return draw_heat(*state.stats.heat, state.colored, canvas, body);
  if (!state.stats.table.empty()) {
    const auto highlight = highlight_of(state);
    return draw_page({state.stats.title, state.stats.table, state.stats.cursor, true, 0,
                      pointer_to(highlight), state.stats.shift},
                     canvas, body);
  }
  const bool waits = !state.stats.title.empty();
  draw_nothing(
      canvas, body,
      {waits ? state.stats.title
             : "x on a key shows what its values are; on a group, a table of its tensors"});
}

void draw_mapping_screen(const State& state, Canvas& canvas, const Rect& body) {
  if (state.mapping.model) {
    return draw_mapping({*state.mapping.model, state.mapping.cursor, state.mapping.target_side},
                        canvas, body);
  }
  draw_nothing(canvas, body,
               {state.mapping.failure.empty() ? state.summary : state.mapping.failure,
                "a chooses an adapter"});
}

/// The ops, then the account.
std::vector<DetailLine> plan_lines(const State& state) {
  if (!state.mapping.model) return {{"", state.mapping.failure, Role::Defect}};
  std::vector<DetailLine> lines = state.mapping.model->ops;
  for (const DetailLine& line : state.mapping.model->account) {
    const int columns = state.size.columns - kConvertFieldColumns - 11;
    std::string label = line.label;
    for (std::string& part : wrapped(line.text, columns)) {
      lines.push_back({std::exchange(label, ""), std::move(part), line.role, true});
    }
  }
  return lines;
}

void draw_convert_screen(const State& state, Canvas& canvas, const Rect& body) {
  const auto fields = convert_fields(state);
  const auto buttons = convert_buttons(state);
  const auto plan = plan_lines(state);
  draw_convert({fields, buttons, state.convert.cursor, plan, state.convert.phases,
                state.convert.lines, convert_command(state), state.hides_figures},
               canvas, body);
}

void draw_log_screen(const State& state, Canvas& canvas, const Rect& body) {
  std::vector<Line> lines;
  const LogState& log = state.log;
  const std::size_t first = log.cursor.top;
  const std::size_t last = std::min(log.shown.size(), first + page_rows(body));
  for (std::size_t i = first; i < last; ++i) {
    const LogEntry& entry = log.entries[log.shown[i]];
    lines.push_back({(entry.page ? "+ " : "  ") + entry.text, entry.role});
  }
  const ListState shown{log.cursor.cursor - first, 0};
  draw_page({"log", lines, shown, true, first}, canvas, body);
}

void draw_screen(const State& state, Canvas& canvas, const Rect& body) {
  if (state.page) {
    const PageState& page = *state.page;
    const auto highlight = highlight_of(state);
    return draw_page(
        {page.title, *page.lines, page.cursor, false, 0, pointer_to(highlight), page.shift}, canvas,
        body);
  }
  switch (state.screen) {
    case Screen::Overview:
      return draw_overview_screen(state, canvas, body);
    case Screen::Keys:
      return draw_keys_screen(state, canvas, body);
    case Screen::Mapping:
      return draw_mapping_screen(state, canvas, body);
    case Screen::Stats:
      return draw_stats_screen(state, canvas, body);
    case Screen::Convert:
      return draw_convert_screen(state, canvas, body);
    case Screen::Log:
      return draw_log_screen(state, canvas, body);
  }
}

}  // namespace

Canvas draw(const State& state) {
  Canvas canvas(state.size.rows, state.size.columns, state.ascii);
  if (state.size.rows < kLeastRows || state.size.columns < kLeastColumns) {
    canvas.put(0, 0, "terminal too small");
    return canvas;
  }
  const Frame frame = frame_of(state);
  const Rect body = draw_frame(frame, canvas);
  draw_screen(state, canvas, body);
  draw_prompt(frame, canvas);
  return canvas;
}

}  // namespace ckptscope
