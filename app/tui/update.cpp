// Events become changes of the state: keys through the table of keys, results by their type.
#include <fmt/format.h>

#include <algorithm>

#include "app/reports/picker.hpp"
#include "app/session/run_command.hpp"
#include "app/tui/actions.hpp"
#include "app/tui/convert_form.hpp"
#include "app/tui/current_list.hpp"
#include "app/tui/cursor.hpp"
#include "app/tui/keymap.hpp"
#include "app/tui/line_filter.hpp"
#include "app/tui/mouse.hpp"
#include "app/tui/prompt.hpp"
#include "app/tui/search.hpp"
#include "app/tui/steps.hpp"
#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/names/companions.hpp"

namespace ckptscope {
namespace {

constexpr int kMostScripts = 16;

// ---- keys ---------------------------------------------------------------------------------------

/// The second key of "s".
void pending_key(Ui& ui, std::string_view key) {
  State& state = ui.state;
  state.pending.clear();
  state.message.clear();
  constexpr std::pair<std::string_view, std::string_view> kColumns[] = {
      {"k", ""}, {"b", "bytes"}, {"d", "dtype"}, {"s", "shard"}};
  for (const auto& [letter, column] : kColumns) {
    if (letter == key) return sort_keys(ui, {std::string(column), false});
  }
  say(state, fmt::format("s {}: there is no such column", display(key)), Role::Faint);
}

void press(Ui& ui, std::string_view key) {
  State& state = ui.state;
  const bool pasted = key.starts_with("<Paste>");
  if (state.prompt) return is_mouse(key) ? void() : prompt_key(ui, key);
  if (is_mouse(key)) {
    state.message.clear();
    return mouse_key(ui, key);
  }
  if (pasted) return say(state, "pasted text goes into a prompt: press : first", Role::Notice);
  if (!state.pending.empty()) return pending_key(ui, key);
  state.message.clear();
  if (key == "<Esc>") {  // leaves what is open, never the program
    state.page.reset();
    state.keys.in_details = false;
    state.search.pattern.clear();  // nothing is marked any more
    return;
  }
  const KeyRow* row = find_key(key, current_place(state));
  if (row == nullptr)
    return say(state, fmt::format("no key {} here; ? lists them", display(key)), Role::Faint);
  row->act(ui, key);
}

// ---- results ------------------------------------------------------------------------------------

/// What a job has found, by type.
struct Arrived {
  Ui& ui;
  const JobEvent& event;
  State& state = ui.state;

  void operator()(const Opened& opened) const {
    const bool goes_on = state.all && !state.whole && state.path == opened.path;
    const auto tensor = current_tensor(state);
    const std::string key = goes_on && tensor ? key_of_row(state) : "";
    forget_checkpoint(state);
    state.path = opened.path;
    state.all = opened.list;
    state.whole = opened.whole;
    state.summary = opened.summary;
    state.overview.document = opened.overview;
    lay_out_overview(state);
    state.keys.list = opened.list;
    reset_keys(state);
    if (!key.empty()) {  // what somebody was looking at stays selected
      if (const auto id = opened.list->checkpoint()->find(key)) go_to_tensor(state, *id);
    }
    if (!opened.whole) {
      latest_of(state, JobKind::Open) = event.id;  // its last event is to come
      return state.session.close();
    }
    const std::shared_ptr<const NameTree> names(opened.list, &opened.list->names());
    state.session.adopt(opened.list->checkpoint(), names);
    ui.effects.emplace_back(Remember{state.path});
    std::erase(state.session.recent(), state.path);
    state.session.recent().insert(state.session.recent().begin(), state.path);
    log(state, {fmt::format("opened {}: {}", display(state.path), opened.summary)});
    preview_mapping(ui);
  }

  void operator()(const Picked& picked) const {
    forget_checkpoint(state);
    state.session.close();
    state.path = picked.path;
    state.summary = "several checkpoints: Enter opens one";
    Document document = *picked.document;
    add_recent(document, state.session.recent());
    show_choices(state, std::move(document));
    go_to_screen(state, Screen::Overview);
  }

  void operator()(const Listed& listed) const {
    const auto tensor = current_tensor(state);
    latest_of(state, JobKind::Search) = 0;  // it searched another list
    state.keys.list = listed.list;
    state.keys.order = listed.order;
    state.keys.flat = listed.flat;
    state.keys.filter = listed.filter;
    state.search.places.clear();
    state.search.at.reset();
    reset_keys(state);
    if (tensor) go_to_tensor(state, *tensor);
    search_now(ui, false);
    if (!state.keys.filter.empty()) {
      std::string text = fmt::format("{} of {}", counted(listed.list->size(), "key"),
                                     format_count(state.all->size()));
      for (const Problem& note : listed.notes) text += "; " + note.message;
      say(state, std::move(text));
    }
  }

  void operator()(const Found& found) const {
    const Order order = state.keys.flat ? state.keys.order : nullptr;
    const bool mine = found.pattern == state.search.pattern && found.list == state.keys.list &&
                      found.order == order;
    if (!mine) return;
    state.search.running = false;
    state.search.places = found.places;
    if (state.search.moves && searches_keys(state)) go_to_match(ui, true, true);
  }

  void operator()(const PlanReady& mapped) const {
    const ListState cursor = state.mapping.cursor;
    state.mapping = {mapped.model, "", cursor, state.mapping.target_side, state.mapping.command};
    const MapModel& model = *mapped.model;
    const std::size_t page = mapping_page(body_of(state));
    state.mapping.cursor.go(cursor.cursor, model.lines.size(), page);
    state.mapping.cursor.go(next_row_line(model, state.mapping.cursor.cursor, 1),
                            model.lines.size(), page);
  }

  void operator()(const Glimpsed& glimpse) const { state.keys.glimpse = glimpse; }

  void operator()(const StatsReady& looked) const {
    state.stats.model = looked.model;
    const std::size_t experts = looked.model->stats.experts.size();
    state.stats.expert = experts == 0 ? 0 : std::min(state.stats.expert, experts - 1);
    state.stats.told = {};
    show_told(state);
    if (!state.session.checkpoint()) return;
    // The keys' cursor follows, so that ] and m are about what is shown.
    auto id = state.session.checkpoint()->find(looked.model->key);
    if (!id) id = state.session.checkpoint()->find(blocks_of(looked.model->key));
    if (id && current_tensor(state) != id) go_to_tensor(state, *id);
  }

  void operator()(const GroupReady& ready) const {
    state.stats.model = nullptr;
    state.stats.group = ready.group;
    state.stats.notes = ready.notes;
    show_group(state);
  }

  void operator()(const Pictured& picture) const {
    state.stats.heat = HeatState{picture.map};
    state.stats.heat->row = picture.map->rows.size() / 2;
    state.stats.heat->column = picture.map->columns.size() / 2;
    move_heat(*state.stats.heat, 0, 0, body_of(state));
  }

  void operator()(const CommandDone& told) const {
    if (event.kind == JobKind::Stat) {
      state.stats.model = nullptr;
      return tell(state, {told.lines, told.keys, {}});
    }
    if (!event.last) return;  // only statistics fill as they come
    const Role role = told.exit == 0 ? Role::Good : Role::Notice;
    const auto page = std::make_shared<const std::vector<Line>>(told.lines);
    log(state, {fmt::format("{}: exit {}", told.verb, told.exit), role, page, state.step_command});
    if (told.verb == "convert" && state.convert.running) return converted(told);
    if (told.verb == "verify" && state.screen == Screen::Convert) {
      for (const Line& line : told.lines) state.convert.lines.push_back({"", line.text(), role});
      return;
    }
    if (told.lines.size() == 1) return say(state, told.lines.front().text(), role);
    state.page = PageState{told.verb, page, {}, 0, state.step_command};
  }

  void converted(const CommandDone& told) const {
    for (const Line& line : told.lines) {
      state.convert.lines.push_back({"", line.text(), told.exit == 0 ? Role::Good : Role::Plain});
    }
    state.convert.output = state.convert.target;
    for (PhaseLine& phase : state.convert.phases) {
      phase.over = true;
      phase.done = phase.total;
    }
    finish_conversion();
  }

  void finish_conversion() const {
    state.convert.running = false;
    const bool was_left = state.mapping.model && state.mapping.model->shards_done > 0;
    if (state.convert.output.empty() || was_left) preview_mapping(ui);  // what is left is other now
    const std::size_t buttons = state.convert.output.empty() ? 0 : 1;   // Verify is next
    state.convert.cursor.cursor = convert_field_count() + buttons;
  }

  void operator()(const Script& script) const {
    if (++state.scripts > kMostScripts) {
      state.steps.clear();
      fail(Code::Usage, "source: more than {} scripts in one line", kMostScripts);
    }
    std::deque<Step> steps;
    std::string_view rest = script.text;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      for (Step& step : parse_steps(rest.substr(0, end))) steps.push_back(std::move(step));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    state.steps.insert(state.steps.begin(), steps.begin(), steps.end());
  }

  void operator()(const Failed& failed) const {
    if (state.stat_superseded && failed.code == Code::Interrupted) return;  // for what is next
    const std::string text = fmt::format("{} [{}]", failed.message, name_of(failed.code));
    const Role role = failed.code == Code::Interrupted ? Role::Notice : Role::Defect;
    if (event.kind == JobKind::Glimpse) {
      if (failed.code == Code::Interrupted) return;
      state.keys.glimpse.lines.clear();
      for (const std::string& part : wrapped(failed.message, 30)) {
        state.keys.glimpse.lines.push_back({"", part, Role::Notice});
      }
      return;
    }
    if (event.kind == JobKind::Map) {
      state.mapping = {nullptr, text, {}, false};
      if (!state.step_runs || state.screen != Screen::Mapping) return;
    }
    if (event.kind == JobKind::Open && !state.session.checkpoint()) {
      state.summary = kNothingOpen;
      state.not_opened = failed;
    }
    state.search.running = state.search.running && event.kind != JobKind::Search;
    const bool filtering = state.prompt && state.prompt->kind == PromptKind::Filter;
    if (event.kind == JobKind::List && filtering) return say(state, failed.message, Role::Notice);
    if (event.kind == JobKind::Stat) {
      state.stats.title += role == Role::Notice ? "   stopped" : "   failed";
      state.stats.stopped = true;
    }
    if (event.kind == JobKind::Command && state.convert.running) {
      state.convert.lines.push_back({"", text, role});
      finish_conversion();
    }
    if (event.id == state.step_id) state.steps.clear();
    log(state, {text, role});
    say(state, text, role);
  }

  void operator()(const Said& said) const {
    if (event.kind == JobKind::Command && state.convert.running) {
      state.convert.lines.push_back({"", said.text});
    }
    log(state, {said.text, Role::Faint});
  }

  void operator()(const Question& question) const {
    state.question = question.text + " [Y/n] ";  // when no other prompt is open
  }
};

void arrive(Ui& ui, const JobEvent& event) {
  State& state = ui.state;
  const bool stale = event.id != latest_of(state, event.kind);
  const bool ends_step = event.last && state.step_runs && event.id == state.step_id;
  if (!stale) {
    if (event.last && event.kind == JobKind::Command && state.convert.running) {
      state.convert.phases = event.phases;
    }
    try {
      std::visit(Arrived{ui, event}, event.result);
    } catch (const Error& error) {
      state.steps.clear();
      say(state, error.what(), Role::Defect);
    }
  }
  if (ends_step) run_next_step(ui);
}

void resize(State& state, Size size) {
  state.size = size;
  lay_out_overview(state);
  show_group(state);
  const CurrentList list = current_list(state);
  list.cursor->go(list.cursor->cursor, list.size, list.page);
}

void tick(State& state, const Activity& activity) {
  state.activity = activity;
  if (state.convert.running && activity.kind == JobKind::Command && !activity.title.empty()) {
    state.convert.phases = activity.phases;
  }
}

/// The figures beside the keys are of the row that the cursor is on.
void glimpse_at_row(Ui& ui) {
  State& state = ui.state;
  const bool seen = state.screen == Screen::Keys && state.keys.pane == DetailPane::Figures;
  if (!seen || !state.session.checkpoint() || detail_columns(state) == 0) return;
  const std::string key = key_of_row(state);
  if (state.keys.glimpse.key == key) return;
  const bool tensor = current_tensor(state).has_value();
  state.keys.glimpse = {key, {{"", tensor ? "reading …" : "x looks at all of these", Role::Faint}}};
  if (tensor) start(ui, JobKind::Glimpse, "", glimpse_job(state.session.checkpoint(), key));
}

void handle(Ui& ui, const Event& event) {
  if (const auto* key = std::get_if<KeyPressed>(&event)) {
    press(ui, key->key);
  } else if (const auto* size = std::get_if<Resized>(&event)) {
    resize(ui.state, size->size);
  } else if (const auto* job = std::get_if<JobEvent>(&event)) {
    arrive(ui, *job);
  } else if (const auto* now = std::get_if<Ticked>(&event)) {
    tick(ui.state, now->activity);
  }
}

}  // namespace

std::vector<Effect> begin(State& state, const std::string& path) {
  std::vector<Effect> effects;
  Ui ui{state, effects};
  state.path = path;
  state.summary = "reading headers …";
  if (path.empty()) {
    show_nothing_open(state);
  } else {
    const std::string config = state.session.global_args().text("config");
    start(ui, JobKind::Open, "open " + quoted_word(path), open_job(path, config));
  }
  return effects;
}

std::vector<Effect> update(State& state, const Event& event) {
  std::vector<Effect> effects;
  Ui ui{state, effects};
  try {
    with_translated_exceptions([&] {
      handle(ui, event);
      glimpse_at_row(ui);
    });
  } catch (const Error& error) {
    say(state, error.what(), Role::Defect);
  }
  if (!state.prompt && !state.question.empty()) {
    open_prompt(state, PromptKind::Question, std::exchange(state.question, ""));
  }
  return effects;
}

}  // namespace ckptscope
