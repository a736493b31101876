// Which verbs the screen does itself, which change the session, and which become jobs.
#include "app/tui/steps.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "app/session/file_outlet.hpp"
#include "app/tui/actions.hpp"
#include "app/tui/current_list.hpp"
#include "app/tui/prompt.hpp"
#include "app/tui/view_command.hpp"
#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/file.hpp"

namespace ckptscope {

std::vector<std::string> command_words(std::string verb, const std::vector<std::string>& operands) {
  std::vector<std::string> words{std::move(verb)};
  const bool like_flag = std::any_of(operands.begin(), operands.end(),
                                     [](const std::string& one) { return one.starts_with('-'); });
  if (like_flag) words.emplace_back("--");
  words.insert(words.end(), operands.begin(), operands.end());
  return words;
}

namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + quoted_word(word);
  return line;
}

/// Words of the screen alone. True when it was one.
bool run_screen_word(Ui& ui, const std::vector<std::string>& words) {
  State& state = ui.state;
  const std::string& first = words.front();
  if (first == "q" || first == "wq" || first == "quit") {
    act_quit(ui, "Q");
  } else if (first == "q!") {
    ui.effects.emplace_back(StopJobs{});
    ui.effects.emplace_back(Quit{});
  } else if (first == "clear") {
    ui.effects.emplace_back(RedrawAll{});
  } else if (words.size() == 1 && parse_number(first)) {
    const CurrentList list = current_list(state);
    const std::uint64_t row = std::max<std::uint64_t>(1, *parse_number(first));
    list.cursor->go(row - 1, list.size, list.page);
    state.keys.member = 0;
  } else if (first == "record") {
    if (words.size() > 2) fail(Code::Usage, ":record FILE, or :record alone to stop");
    ui.effects.emplace_back(RecordTo{words.size() == 2 ? words[1] : ""});
    if (words.size() == 2) {
      ui.effects.emplace_back(RecordLine{joined(command_words("open", {state.path}))});
      for (const auto& [name, value] : state.session.settings()) {
        ui.effects.emplace_back(RecordLine{joined(command_words("set", {name, value}))});
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
  std::vector<Line> lines = page_of(document, text_columns(state));
  if (lines.size() > 1) return open_page(state, document.verb, std::move(lines));
  if (!lines.empty()) say(state, lines.front().text());
}

JobBody source_job(const std::string& path) {
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
    show_nothing_open(state);
  }
  if (verb == "set" || verb == "unset") preview_mapping(ui);
}

void start_conversion(State& state, const Args& args, const std::string& command) {
  go_to_screen(state, Screen::Convert);
  state.convert = {};  // the cursor too: away from Start, where Stop stands now
  state.convert.running = true;
  state.convert.target = args.text("output");
  state.convert.command = command;
}

constexpr std::size_t kMostTables = 8;  // that q goes back to

/// A verb that returns a document: on the screen that shows it, or as a page.
void start_command(Ui& ui, const Prepared& prepared, const Step& step, const std::string& line) {
  State& state = ui.state;
  const std::string_view verb = prepared.command->name;
  const Args& args = prepared.args;
  const bool to_screen = step.file.empty() && !args.has("json") && !args.has("jsonl");
  const CheckpointPtr open = state.session.checkpoint();
  state.page.reset();
  const std::string command = shell_command(state, *prepared.command, args);
  if (verb == "map" && to_screen && args.operands.empty() && !args.has("expect") &&
      !args.has("full") && !args.has("all")) {
    go_to_screen(state, Screen::Mapping);
    state.mapping.command = command;
    start_step(ui, JobKind::Map, line, map_job(open, args));
  } else if (to_screen && (verb == "stat" || (verb == "show" && args.has("image")))) {
    const Bins bins = state.stats.bins;
    const std::size_t expert = state.stats.expert;
    const bool kept = !state.stats.told.lines.empty() || state.stats.heat;
    if (kept) {  // a table or a map, for the way back
      if (state.stats_before.size() == kMostTables) state.stats_before.pop_front();
      state.stats_before.push_back(std::move(state.stats));
    }
    go_to_screen(state, Screen::Stats);
    state.stats = {};
    state.stats.title = line;
    Args shown = args;
    shown.flags.erase("figure");  // the screen's own, which `v` turns
    state.stats.command = shell_command(state, *prepared.command, shown);
    state.stats.words = step.words;
    if (verb == "show") state.stats.image = args.operands.front();
    if (verb == "stat") state.stats.figure = figure_of(args);
    if (args.has("against")) state.stats.against = args.text("against");
    state.stats.bins = args.has("linear") ? Bins::Steps : bins;
    state.stats.expert = expert;
    state.stat_runs = true;
    start_step(ui, JobKind::Stat, line,
               verb == "stat" ? stat_job(open, args) : image_job(open, args));
  } else {
    if (verb == "convert" && !args.has("dry-run")) start_conversion(state, args, command);
    state.step_command = command;
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
  ui.effects.emplace_back(RecordLine{line});
  log(state, {":" + line, Role::Title});
  if (prepared.command->change != nullptr) return change_session(ui, prepared, step, line);
  start_command(ui, prepared, step, line);
}

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
  ui.effects.emplace_back(StopStat{});
}

constexpr std::string_view kWaits = "runs when what runs now is over";

/// How many steps wait; nothing once none does.
void tell_of_waiting(State& state) {
  if (!state.steps.empty()) {
    say(state, fmt::format("{} ({} waiting)", kWaits, state.steps.size()), Role::Notice);
  } else if (state.message.starts_with(kWaits)) {
    say(state, "");
  }
}

/// Behind the steps that wait; a look at values takes the place of another one.
void run_steps(Ui& ui, std::vector<Step> steps) {
  State& state = ui.state;
  if (steps.size() == 1 && state.stat_runs && is_stat(steps.front())) {
    return replace_look(ui, std::move(steps.front()));
  }
  for (Step& step : steps) state.steps.push_back(std::move(step));
  if (!state.step_runs) return run_next_step(ui);
  tell_of_waiting(state);
}

}  // namespace

void run_next_step(Ui& ui) {
  State& state = ui.state;
  state.step_runs = state.stat_runs = state.stat_superseded = false;
  if (state.steps.empty()) state.scripts = 0;
  while (!state.steps.empty() && !state.step_runs) {
    const Step step = std::move(state.steps.front());
    state.steps.pop_front();
    if (state.message.starts_with(kWaits)) tell_of_waiting(state);
    try {
      run_step(ui, step);
    } catch (const Error& error) {
      state.steps.clear();
      state.step_runs = false;
      const std::string text = fmt::format("{} [{}]", error.what(), name_of(error.code()));
      log(state, {text, Role::Defect});
      say(state, text, Role::Defect);
    }
  }
}

void run_line(Ui& ui, std::string_view line) {
  std::vector<Step> steps;
  try {
    steps = parse_steps(line);
    // Words of the screen alone, as :q and :12, do not wait for anything.
    if (steps.size() == 1 && run_screen_word(ui, steps.front().words)) return;
  } catch (const Error& error) {
    return say(ui.state, error.what(), Role::Defect);
  }
  run_steps(ui, std::move(steps));
}

void run_words(Ui& ui, std::vector<std::string> words) {
  assert(!words.empty());
  std::vector<Step> steps(1);
  steps.front().words = std::move(words);
  run_steps(ui, std::move(steps));
}

void run_verb(Ui& ui, std::string verb, const std::vector<std::string>& operands) {
  run_words(ui, command_words(std::move(verb), operands));
}

// ---- keys that are commands ---------------------------------------------------------------------

void act_stop(Ui& ui, std::string_view) {
  if (ui.state.activity.title.empty() && !ui.state.step_runs)
    return say(ui.state, "nothing runs; q quits");
  const std::size_t waiting = ui.state.steps.size();
  ui.state.steps.clear();
  ui.effects.emplace_back(StopJobs{});
  say(ui.state,
      waiting == 0 ? "stopping …" : fmt::format("stopping …; {} that waited are dropped", waiting),
      Role::Notice);
}

void act_reopen(Ui& ui, std::string_view) {
  if (!ui.state.path.empty()) run_verb(ui, "open", {ui.state.path});
}

void act_quit(Ui& ui, std::string_view) {
  if (ui.state.convert.running) {
    return open_prompt(ui.state, PromptKind::Quit,
                       "a conversion runs; stop it, clean up and quit? [y/N] ");
  }
  ui.effects.emplace_back(Quit{});
}

}  // namespace ckptscope
