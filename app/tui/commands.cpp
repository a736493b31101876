// Keys and lines that run commands.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "app/session/file_outlet.hpp"
#include "app/tui/actions.hpp"
#include "app/tui/page.hpp"
#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/file.hpp"

namespace ckptscope {
namespace {

/// Flags of `convert` that are no fields: they are for scripts.
constexpr std::array<std::string_view, 3> kNoFields{"set", "allow", "dry-run"};

std::string joined(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + quoted_word(word);
  return line;
}

void run_words(Ui& ui, std::vector<std::string> words) {
  run_line(ui, joined(words));
}

bool is_number(const std::string& word) {
  return !word.empty() && word.find_first_not_of("0123456789") == word.npos;
}

/// Words of the screen alone. True when it was one.
bool run_screen_word(Ui& ui, const std::vector<std::string>& words) {
  State& state = ui.state;
  const std::string& first = words.front();
  if (first == "q" || first == "wq" || first == "quit") {
    act_quit(ui, "Q");
  } else if (first == "q!") {
    ui.effects.push_back(StopJobs{});
    ui.effects.push_back(Quit{});
  } else if (is_number(first) && words.size() == 1) {
    const CurrentList list = current_list(state);
    const auto row = static_cast<std::size_t>(std::stoull(first.substr(0, 9)));
    list.cursor->go(row == 0 ? 0 : row - 1, list.size, list.page);
    state.keys.member = 0;
  } else if (first == "record") {
    if (words.size() > 2) fail(Code::Usage, ":record FILE, or :record alone to stop");
    ui.effects.push_back(RecordTo{words.size() == 2 ? words[1] : ""});
    if (words.size() == 2) {
      ui.effects.push_back(RecordLine{"open " + quoted_word(state.path)});
      for (const auto& [name, value] : state.session.settings()) {
        ui.effects.push_back(RecordLine{fmt::format("set {} {}", name, quoted_word(value))});
      }
    }
    say(state, words.size() == 2 ? "recording to " + display(words[1]) : "recording stopped");
  } else {
    return false;
  }
  return true;
}

/// What a verb that changes the session says: a line, or a page.
void show_change(State& state, const Document& document) {
  std::vector<PageLine> lines = page_of(document);
  if (lines.size() > 1) return open_page(state, document.verb, std::move(lines));
  if (!lines.empty()) say(state, lines.front().text);
}

JobBody source_job(std::string path) {
  return [=](const JobContext&) -> JobResult {
    constexpr std::uint64_t kMost = 1'000'000;
    return Script{read_text(path, kMost)};
  };
}

/// Starts the job that a step is; the next step waits for its last event.
void start_step(Ui& ui, JobKind kind, const std::string& line, JobBody body) {
  ui.state.step_runs = true;
  ui.state.step_id = start(ui, kind, line, std::move(body));
}

void change_session(Ui& ui, const Prepared& prepared, const Step& step, const std::string& line) {
  State& state = ui.state;
  const std::string_view verb = prepared.command->name;
  const Args& args = prepared.args;
  if (verb == "quit") return act_quit(ui, "Q");
  if (verb == "open") {
    return start_step(ui, JobKind::Open, line, open_job(args.operands.at(0), args.text("config")));
  }
  if (verb == "source") {
    return start_step(ui, JobKind::Command, line, source_job(args.operands.at(0)));
  }
  const Document document = prepared.command->change(state.session, args);
  if (step.file.empty()) {
    show_change(state, document);
  } else {
    write_document(step.file, step.append, document, args, state.session.checkpoint().get());
    say(state, "written to " + display(step.file));
  }
  if (verb == "close") {
    forget_checkpoint(state);
    state.path.clear();
    state.summary = kNothingOpen;
  }
  if (verb == "set" || verb == "unset") preview_mapping(ui);
}

/// With what `set` has added.
std::string flags_text(const Args& args) {
  std::string text;
  for (const auto& [name, values] : args.flags) {
    const bool global = std::any_of(global_flags().begin(), global_flags().end(),
                                    [&, key = name](const Flag& flag) { return flag.name == key; });
    if (global) continue;
    if (values.empty()) text += " --" + name;
    for (const std::string& value : values) text += " --" + name + " " + quoted_word(value);
  }
  return text;
}

void start_conversion(State& state, const Args& args) {
  state.screen = Screen::Convert;
  state.convert = {};  // the cursor too: away from Start, where Stop stands now
  state.convert.running = true;
  state.convert.target = args.text("output");
  state.convert.command = "ckptscope convert " + quoted_word(state.path) + flags_text(args);
}

/// A verb that returns a document: on the screen that shows it, or as a page.
void start_command(Ui& ui, const Prepared& prepared, const Step& step, const std::string& line) {
  State& state = ui.state;
  const std::string_view verb = prepared.command->name;
  const Args& args = prepared.args;
  const bool to_screen = step.file.empty() && !args.has("json") && !args.has("jsonl");
  const CheckpointPtr open = state.session.checkpoint();
  state.page.reset();
  if (verb == "map" && to_screen && args.operands.empty() && !args.has("expect") &&
      !args.has("full") && !args.has("all")) {
    state.screen = Screen::Mapping;
    start_step(ui, JobKind::Map, line, map_job(open, args));
  } else if (verb == "stat" && to_screen) {
    state.screen = Screen::Stats;
    const bool linear = state.stats.linear;
    const std::size_t expert = state.stats.expert;
    state.stats = {};
    state.stats.title = line;
    state.stats.linear = linear;
    state.stats.expert = expert;
    state.stat_runs = true;
    start_step(ui, JobKind::Stat, line, stat_job(open, args));
  } else {
    if (verb == "convert" && !args.has("dry-run")) start_conversion(state, args);
    start_step(ui, JobKind::Command, line, command_job(*prepared.command, open, args, step));
  }
}

void run_step(Ui& ui, const Step& step) {
  State& state = ui.state;
  if (!step.pipe.empty()) {
    fail(Code::Usage,
         "| {}: a pipe starts a process; the prompt (ckptscope -i) does that, the "
         "screen does not",
         display(step.pipe));
  }
  if (run_screen_word(ui, step.words)) return;
  const Prepared prepared = state.session.prepare(step, /*typed=*/true);
  std::string line = joined(step.words);
  if (!step.file.empty()) line += (step.append ? " >> " : " > ") + quoted_word(step.file);
  ui.effects.push_back(RecordLine{line});
  log(state, ":" + line, Role::Title);
  if (prepared.command->change != nullptr) return change_session(ui, prepared, step, line);
  start_command(ui, prepared, step, line);
}

}  // namespace

void run_next_step(Ui& ui) {
  State& state = ui.state;
  state.step_runs = state.stat_runs = state.stat_superseded = false;
  if (state.steps.empty()) state.scripts = 0;
  while (!state.steps.empty() && !state.step_runs) {
    const Step step = std::move(state.steps.front());
    state.steps.pop_front();
    try {
      run_step(ui, step);
    } catch (const Error& error) {
      state.steps.clear();
      state.step_runs = false;
      const std::string text = fmt::format("{} [{}]", error.what(), name_of(error.code()));
      log(state, text, Role::Defect);
      say(state, text, Role::Defect);
    }
  }
}

namespace {

bool is_stat(const Step& step) {
  return step.words.front() == "stat" && step.file.empty();
}

/// A newer look takes the place of the one that runs, and of those that wait.
void replace_look(Ui& ui, Step step) {
  State& state = ui.state;
  std::erase_if(state.steps, is_stat);
  state.steps.push_back(std::move(step));
  if (state.stat_superseded) return;
  state.stat_superseded = true;
  ui.effects.push_back(StopStat{});
}

}  // namespace

void run_line(Ui& ui, std::string_view line) {
  State& state = ui.state;
  try {
    std::vector<Step> steps = parse_steps(line);
    // Words of the screen alone, as :q and :12, do not wait for anything.
    if (steps.size() == 1 && run_screen_word(ui, steps.front().words)) return;
    if (steps.size() == 1 && state.stat_runs && is_stat(steps.front())) {
      return replace_look(ui, std::move(steps.front()));
    }
    for (Step& step : steps) state.steps.push_back(std::move(step));
  } catch (const Error& error) {
    return say(state, error.what(), Role::Defect);
  }
  if (!state.step_runs) return run_next_step(ui);
  say(state, fmt::format("runs when what runs now is over ({} waiting)", state.steps.size()),
      Role::Notice);
}

// ---- keys that are commands ---------------------------------------------------------------------

void act_card(Ui& ui, std::string_view) {
  run_words(ui, {"info"});
}

/// Of the selected key: the screen of statistics keeps that of the keys.
void act_stats(Ui& ui, std::string_view) {
  State& state = ui.state;
  const Screen shown = state.screen;
  if (shown == Screen::Stats) state.screen = Screen::Keys;
  const std::string key = current_key(state);
  state.screen = shown;
  if (key.empty()) return say(state, "nothing is selected", Role::Notice);
  run_words(ui, {"stat", key});
}

void act_mapping(Ui& ui, std::string_view) {
  State& state = ui.state;
  const auto tensor = current_tensor(state);
  state.screen = Screen::Mapping;
  if (!state.mapping.model) return;
  const MapModel& model = *state.mapping.model;
  if (!tensor || *tensor >= model.plan->fates.size()) return;
  go_to_mapping_of(state, *tensor);
}

void act_enter(Ui& ui, std::string_view) {
  State& state = ui.state;
  if (state.page) return state.page.reset();
  const CurrentList list = current_list(state);
  const std::size_t at = list.cursor->cursor;
  switch (state.screen) {
    case Screen::Keys: {
      const std::uint32_t row = current_row(state);
      if (const auto tensor = current_tensor(state)) {
        return run_words(ui, {"show", current_key(state)});
      }
      if (row == NameTree::kNoNode) return;
      state.keys.tree.set_open(state.keys.list->folded(), row, !state.keys.tree.is_open(row));
      return;
    }
    case Screen::Mapping: {
      const std::string key = current_key(state);
      const auto id =
          state.session.checkpoint() ? state.session.checkpoint()->find(key) : std::nullopt;
      if (key.empty()) return;
      if (!id) return run_words(ui, {"map", key});
      state.screen = Screen::Keys;
      if (!go_to_tensor(state, *id))
        say(state, "the filter hides it: " + display(key), Role::Notice);
      return;
    }
    case Screen::Stats:
      if (state.stats.model && state.stats.expert < state.stats.model->stats.experts.size()) {
        say(state, expert_text(*state.stats.model, state.stats.expert));
      } else if (at > 0 && at <= state.stats.keys.size()) {  // the first line has the headings
        run_words(ui, {"stat", state.stats.keys[at - 1]});
      }
      return;
    case Screen::Convert:
      return press_field(ui, at);
    case Screen::Log:
      if (at < state.log.size() && state.log[at].page) {
        state.page = PageState{state.log[at].text, state.log[at].page, {}, 0};
      }
      return;
  }
}

void act_stop(Ui& ui, std::string_view) {
  if (ui.state.activity.title.empty() && !ui.state.step_runs)
    return say(ui.state, "nothing runs; q quits");
  const std::size_t waiting = ui.state.steps.size();
  ui.state.steps.clear();
  ui.effects.push_back(StopJobs{});
  say(ui.state,
      waiting == 0 ? "stopping …" : fmt::format("stopping …; {} that waited are dropped", waiting),
      Role::Notice);
}

void act_reopen(Ui& ui, std::string_view) {
  if (!ui.state.path.empty()) run_words(ui, {"open", ui.state.path});
}

void act_command(Ui& ui, std::string_view) {
  open_prompt(ui.state, PromptKind::Command, ":");
}

void act_search(Ui& ui, std::string_view) {
  State& state = ui.state;
  const bool on_keys = !state.page && state.screen == Screen::Keys;
  const std::uint32_t node = current_node(state);
  const bool in_tree = on_keys && !state.keys.flat && node != NameTree::kNoNode;
  state.search.origin =
      in_tree ? state.keys.list->names().nodes()[node].first : current_list(state).cursor->cursor;
  open_prompt(state, PromptKind::Search, "/");
}

void act_filter(Ui& ui, std::string_view) {
  open_prompt(ui.state, PromptKind::Filter, "& ", ui.state.keys.filter);
}

void act_diff(Ui& ui, std::string_view) {
  open_prompt(ui.state, PromptKind::Diff, "diff with: ");
}

void act_adapter(Ui& ui, std::string_view) {
  State& state = ui.state;
  const auto set = state.session.settings().find("adapter");
  const std::string now = set == state.session.settings().end() ? "" : set->second;
  open_prompt(state, PromptKind::Adapter, "adapter (j k choose, Enter takes it): ");
  state.prompt->before = now;
  state.prompt->candidates = values_of(*find_flag("adapter"));
  state.prompt->candidates.insert(state.prompt->candidates.begin(), "as recognised");
  const auto found =
      std::find(state.prompt->candidates.begin(), state.prompt->candidates.end(), now);
  if (found != state.prompt->candidates.end()) {
    state.prompt->chosen = static_cast<std::size_t>(found - state.prompt->candidates.begin());
  }
  state.screen = Screen::Mapping;
}

// ---- the screen of conversions ------------------------------------------------------------------

namespace {

/// What holds when a field is not set.
std::string otherwise_of(const State& state, std::string_view flag) {
  const MapModel* model = state.mapping.model.get();
  if (flag == "to") return model != nullptr ? std::string(name_of(model->plan->options.to)) : "";
  if (flag == "adapter") return model != nullptr ? model->plan->options.adapter : "";
  if (flag == "layout") return model != nullptr ? model->plan->options.mapping.layout : "";
  if (flag == "dtype" && model != nullptr) {
    return std::string(name_of(model->plan->options.output_dtype()));
  }
  constexpr std::pair<std::string_view, std::string_view> kDefaults[] = {
      {"output", "needed"},       {"max-shard-size", "5GB"}, {"memory", "512MiB"},
      {"threads", "all of them"}, {"verify", "readback"},    {"if-exists", "fail"},
      {"quantize", "as it is"},   {"lenient", "off"}};
  for (const auto& [name, text] : kDefaults) {
    if (name == flag) return std::string(text);
  }
  return "";
}

/// The value behind this one; nothing behind the last.
std::string next_choice(const std::vector<std::string>& choices, const std::string& now) {
  const auto found = std::find(choices.begin(), choices.end(), now);
  if (found == choices.end()) return choices.front();
  return found + 1 == choices.end() ? "" : *(found + 1);
}

void press_button(Ui& ui, const std::string& button) {
  State& state = ui.state;
  if (button == "Start") return run_line(ui, convert_line(state));
  if (button == "Stop") return act_stop(ui, "<C-c>");
  if (button == "Verify") return run_words(ui, {"verify", state.convert.output});
  const std::string output = state.convert.output;
  state.screen = Screen::Keys;
  run_words(ui, {"open", output});
}

}  // namespace

void set_field(Ui& ui, const std::string& name, const std::string& value) {
  const bool is_set = ui.state.session.settings().contains(name);
  if (!ui.state.convert.running) ui.state.convert.command.clear();  // what ran is not what is set
  if (!value.empty()) return run_words(ui, {"set", name, value});
  if (is_set) run_words(ui, {"unset", name});
}

std::vector<ConvertField> convert_fields(const State& state) {
  std::vector<ConvertField> fields;
  for (const Flag& flag : find_command("convert")->flags) {
    if (std::find(kNoFields.begin(), kNoFields.end(), flag.name) != kNoFields.end()) continue;
    const auto set = state.session.settings().find(flag.name);
    const std::string value = set == state.session.settings().end() ? "" : set->second;
    fields.push_back({std::string(flag.name), value, otherwise_of(state, flag.name)});
  }
  return fields;
}

std::vector<std::string> convert_buttons(const State& state) {
  if (state.convert.running) return {"Stop"};
  if (!state.convert.output.empty()) return {"Start", "Verify", "Open output"};
  return {"Start"};
}

namespace {

std::string convert_flags(const State& state) {
  std::string flags;
  for (const ConvertField& field : convert_fields(state)) {
    if (field.value.empty()) continue;
    const bool is_switch = find_flag(field.name)->value.empty();
    if (is_switch && field.value != "on") continue;
    flags += " --" + field.name + (is_switch ? "" : " " + quoted_word(field.value));
  }
  return flags;
}

}  // namespace

std::string convert_line(const State& state) {
  return "convert" + convert_flags(state);
}

std::string convert_command(const State& state) {
  if (!state.convert.command.empty()) return state.convert.command;
  return "ckptscope convert " + quoted_word(state.path) + convert_flags(state);
}

void press_field(Ui& ui, std::size_t number) {
  const std::vector<ConvertField> fields = convert_fields(ui.state);
  if (number >= fields.size()) {
    const std::vector<std::string> buttons = convert_buttons(ui.state);
    if (number - fields.size() < buttons.size()) press_button(ui, buttons[number - fields.size()]);
    return;
  }
  const ConvertField& field = fields[number];
  const Flag* flag = find_flag(field.name);
  if (flag->value.empty()) return set_field(ui, field.name, field.value == "on" ? "" : "on");
  const std::vector<std::string> choices = values_of(*flag);
  if (!choices.empty()) return set_field(ui, field.name, next_choice(choices, field.value));
  open_prompt(ui.state, PromptKind::Field, field.name + ": ",
              field.value.empty() ? "" : quoted_word(field.value));
  ui.state.prompt->field = field.name;
}

}  // namespace ckptscope
