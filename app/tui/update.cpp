#include <fmt/format.h>

#include <algorithm>

#include "app/tui/actions.hpp"
#include "app/tui/page.hpp"
#include "core/bytes.hpp"
#include "core/display.hpp"

namespace ckptscope {
namespace {

// ---- keys ---------------------------------------------------------------------------------------

/// The second key of "s".
void pending_key(Ui& ui, std::string_view key) {
  State& state = ui.state;
  state.pending.clear();
  state.message.clear();
  constexpr std::pair<std::string_view, std::string_view> kColumns[] = {
      {"k", ""}, {"b", "bytes"}, {"d", "dtype"}, {"s", "shard"}};
  for (const auto& [letter, column] : kColumns) {
    if (letter != key) continue;
    state.keys.flat = !column.empty();
    list_keys(ui, state.keys.filter, {std::string(column), false});
  }
}

void press(Ui& ui, std::string_view key) {
  State& state = ui.state;
  if (state.prompt) return prompt_key(ui, key);
  if (!state.pending.empty()) return pending_key(ui, key);
  state.message.clear();
  if (key == "<Esc>") {  // leaves what is open, never the program
    state.page.reset();
    state.keys.in_details = false;
    return;
  }
  const KeyRow* row = find_key(key, place_of(state));
  if (row == nullptr)
    return say(state, fmt::format("no key {} here; ? lists them", key), Role::Faint);
  row->act(ui, key);
}

// ---- results ------------------------------------------------------------------------------------

/// What a job has found, by type.
struct Arrived {
  Ui& ui;
  const JobEvent& event;
  State& state = ui.state;

  void operator()(const Opened& opened) const {
    const bool first_look = !state.all || state.whole;
    const auto tensor = current_tensor(state);
    const std::string key = tensor ? current_key(state) : "";
    forget_looks(state);
    state.all = opened.list;
    state.whole = opened.whole;
    state.summary = opened.summary;
    state.keys.list = opened.list;
    state.keys.filter.clear();
    state.keys.order = nullptr;
    state.keys.sort = {};
    state.keys.flat = state.keys.flat && !first_look;
    state.search = {};
    state.mapping = {};
    state.stats = {};
    reset_keys(state);
    if (!first_look && !key.empty()) {  // what somebody was looking at stays selected
      if (const auto id = opened.list->checkpoint()->find(key)) go_to_tensor(state, *id);
    }
    if (!opened.whole) return;
    const std::shared_ptr<const NameTree> names(opened.list, &opened.list->names());
    state.session.adopt(opened.list->checkpoint(), names);
    log(state, fmt::format("opened {}: {}", display(state.path), opened.summary));
    preview_mapping(ui);
  }

  void operator()(const Listed& listed) const {
    const auto tensor = current_tensor(state);
    state.keys.list = listed.list;
    state.keys.order = listed.order;
    state.search.places.clear();
    reset_keys(state);
    if (tensor) go_to_tensor(state, *tensor);
    if (!state.keys.filter.empty()) {
      say(state, fmt::format("{} of {}", counted(listed.list->size(), "key"),
                             format_count(state.all->size())));
    }
  }

  void operator()(const Found& found) const {
    if (found.pattern != state.search.pattern) return;
    state.search.running = false;
    state.search.places = found.places;
    go_to_match(ui, true, true);
  }

  void operator()(const Mapped& mapped) const {
    const ListState cursor = state.mapping.cursor;
    state.mapping = {mapped.model, "", cursor, state.mapping.target_side};
    const MapModel& model = *mapped.model;
    const std::size_t page = mapping_page(body_of(state));
    state.mapping.cursor.go(cursor.cursor, model.lines.size(), page);
    state.mapping.cursor.go(next_row_line(model, state.mapping.cursor.cursor, 1),
                            model.lines.size(), page);
  }

  void operator()(const Looked& looked) const {
    state.stats.model = looked.model;
    const std::size_t experts = looked.model->stats.experts.size();
    state.stats.expert = experts == 0 ? 0 : std::min(state.stats.expert, experts - 1);
    state.stats.table.clear();
  }

  void operator()(const Told& told) const {
    if (event.kind == JobKind::Stat) {
      state.stats.model = nullptr;
      state.stats.table = told.lines;
      return;
    }
    if (!event.last) return;  // only statistics fill as they come
    const Role role = told.exit == 0 ? Role::Good : Role::Notice;
    const auto page = std::make_shared<const std::vector<PageLine>>(told.lines);
    log(state, fmt::format("{}: exit {}", told.verb, told.exit), role, page);
    if (told.verb == "convert" && state.convert.running) return converted(told);
    if (told.verb == "verify" && state.screen == Screen::Convert) {
      for (const PageLine& line : told.lines)
        state.convert.lines.push_back({"", line.text, line.role});
      return;
    }
    if (told.lines.size() == 1) return say(state, told.lines.front().text, role);
    state.page = PageState{told.verb, page, {}, 0};
  }

  void converted(const Told& told) const {
    for (const PageLine& line : told.lines) {
      state.convert.lines.push_back({"", line.text, told.exit == 0 ? Role::Good : Role::Plain});
    }
    state.convert.output = converting_to(state);
    finish_conversion();
  }

  static std::string converting_to(const State& state) {
    for (const ConvertField& field : convert_fields(state)) {
      if (field.name == "output") return field.value;
    }
    return "";
  }

  void finish_conversion() const {
    state.convert.running = false;
    for (PhaseLine& phase : state.convert.phases) {
      phase.over = true;
      if (state.convert.output.empty()) continue;
      phase.done = phase.total;
    }
    const std::size_t buttons = state.convert.output.empty() ? 0 : 1;  // Verify is next
    state.convert.cursor.cursor = convert_fields(state).size() + buttons;
  }

  void operator()(const Script& script) const {
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
    if (state.replaced && failed.code == Code::Interrupted) return;  // for what is next
    const std::string text = fmt::format("{} [{}]", failed.message, name_of(failed.code));
    const Role role = failed.code == Code::Interrupted ? Role::Notice : Role::Defect;
    if (event.kind == JobKind::Map) {
      state.mapping = {nullptr, text, {}, false};
      if (!state.step_runs || state.screen != Screen::Mapping) return;
    }
    if (event.kind == JobKind::List) {
      state.keys.filter.clear();
      list_keys(ui, "", state.keys.sort);
    }
    if (event.kind == JobKind::Open && !state.whole) state.summary = "nothing is open; :open PATH";
    state.search.running = state.search.running && event.kind != JobKind::Search;
    if (event.kind == JobKind::Command && state.convert.running) {
      state.convert.lines.push_back({"", text, role});
      finish_conversion();
    }
    state.steps.clear();
    log(state, text, role);
    say(state, text, role);
  }

  void operator()(const Line& line) const {
    if (event.kind == JobKind::Command && state.convert.running) {
      state.convert.lines.push_back({"", line.text});
    }
    log(state, line.text, Role::Faint);
  }

  void operator()(const Question& question) const {
    open_prompt(state, PromptKind::Question, question.text + " [Y/n] ");
  }
};

bool is_step(JobKind kind) {
  return kind != JobKind::Search && kind != JobKind::List;
}

void arrive(Ui& ui, const JobEvent& event) {
  State& state = ui.state;
  const bool stale = event.id != state.latest[static_cast<std::size_t>(event.kind)];
  if (stale) return;
  if (event.last && event.kind == JobKind::Command && state.convert.running) {
    state.convert.phases = event.phases;
  }
  try {
    std::visit(Arrived{ui, event}, event.result);
  } catch (const Error& error) {
    say(state, error.what(), Role::Defect);
  }
  if (event.last && is_step(event.kind) && state.step_runs) run_next_step(ui);
}

void resize(State& state, Size size) {
  state.size = size;
  const CurrentList list = current_list(state);
  list.cursor->go(list.cursor->cursor, list.size, list.page);
}

void tick(State& state, const Activity& activity) {
  state.activity = activity;
  if (state.convert.running && activity.kind == JobKind::Command && !activity.title.empty()) {
    state.convert.phases = activity.phases;
  }
}

}  // namespace

std::vector<Effect> begin(State& state, const std::string& path) {
  std::vector<Effect> effects;
  Ui ui{state, effects};
  state.path = path;
  state.summary = path.empty() ? "nothing is open; :open PATH" : "reading headers …";
  if (!path.empty()) {
    const std::string config = state.session.global_args().text("config");
    start(ui, JobKind::Open, "open " + quoted_word(path), open_job(path, config));
  }
  return effects;
}

std::vector<Effect> update(State& state, const Event& event) {
  std::vector<Effect> effects;
  Ui ui{state, effects};
  if (const auto* key = std::get_if<KeyPressed>(&event)) {
    try {
      press(ui, key->key);
    } catch (const Error& error) {
      say(state, error.what(), Role::Defect);
    }
  } else if (const auto* size = std::get_if<Resized>(&event)) {
    resize(state, size->size);
  } else if (const auto* job = std::get_if<JobEvent>(&event)) {
    arrive(ui, *job);
  } else if (const auto* now = std::get_if<Ticked>(&event)) {
    tick(state, now->activity);
  }
  return effects;
}

}  // namespace ckptscope
