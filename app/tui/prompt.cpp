// Editing, completion, and what Enter makes of each kind of line.
#include "app/tui/prompt.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "app/session/completion.hpp"
#include "app/tui/actions.hpp"
#include "app/tui/convert_form.hpp"
#include "app/tui/current_list.hpp"
#include "app/tui/cursor.hpp"
#include "app/tui/line_filter.hpp"
#include "app/tui/search.hpp"
#include "app/tui/steps.hpp"
#include "core/base/display.hpp"

namespace ckptscope {
namespace {

constexpr std::string_view kAsRecognised = "as recognised";  // the first candidate

bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

std::size_t before(const std::string& text, std::size_t at) {
  while (at > 0 && is_continuation(text[--at])) continue;
  return at;
}

std::size_t behind(const std::string& text, std::size_t at) {
  if (at < text.size()) ++at;
  while (at < text.size() && is_continuation(text[at])) ++at;
  return at;
}

std::size_t word_start(const std::string& text, std::size_t at) {
  while (at > 0 && text[at - 1] == ' ') --at;
  while (at > 0 && text[at - 1] != ' ') --at;
  return at;
}

void erase(Prompt& prompt, std::size_t from, std::size_t to) {
  prompt.text.erase(from, to - from);
  prompt.cursor = from;
}

/// Editing and moving in the line. False for keys that are something else.
bool edit(Prompt& prompt, std::string_view key) {
  std::string& text = prompt.text;
  if (key == "<Left>") {
    prompt.cursor = before(text, prompt.cursor);
  } else if (key == "<Right>") {
    prompt.cursor = behind(text, prompt.cursor);
  } else if (key == "<Home>" || key == "<C-a>") {
    prompt.cursor = 0;
  } else if (key == "<End>" || key == "<C-e>") {
    prompt.cursor = text.size();
  } else if (key == "<Backspace>" || key == "<C-h>") {
    erase(prompt, before(text, prompt.cursor), prompt.cursor);
  } else if (key == "<Delete>") {
    const std::size_t at = prompt.cursor;
    erase(prompt, at, behind(text, at));
  } else if (key == "<C-u>") {
    erase(prompt, 0, prompt.cursor);
  } else if (key == "<C-w>") {
    erase(prompt, word_start(text, prompt.cursor), prompt.cursor);
  } else if (key == "<C-k>") {
    text.erase(prompt.cursor);
  } else if (key == "<Space>" || key.starts_with("<Paste>") || key.size() == 1 ||
             key.front() != '<') {
    const std::string_view typed = key == "<Space>"             ? " "
                                   : key.starts_with("<Paste>") ? key.substr(7)
                                                                : key;
    text.insert(prompt.cursor, typed);
    prompt.cursor += typed.size();
  } else {
    return false;
  }
  return true;
}

// ---- completion ---------------------------------------------------------------------------------

bool completes(const State& state, const Prompt& prompt) {
  return prompt.kind == PromptKind::Command || prompt.kind == PromptKind::Diff ||
         prompt.kind == PromptKind::Field ||
         (prompt.kind == PromptKind::Filter && !has_line_filter(state));
}

/// The line as the command that it is part of, for completion.
std::string completed_line(const Prompt& prompt) {
  std::string typed = prompt.text.substr(0, prompt.cursor);
  if (prompt.kind == PromptKind::Diff) return "stat --against " + typed;
  if (prompt.kind == PromptKind::Filter) return "ls " + typed;
  if (prompt.kind == PromptKind::Field) return fmt::format("convert --{} {}", prompt.field, typed);
  return typed;
}

std::string shared_start(const std::vector<std::string>& words) {
  std::string shared = words.front();
  for (const std::string& word : words) {
    shared.erase(std::mismatch(shared.begin(), shared.end(), word.begin(), word.end()).first,
                 shared.end());
  }
  while (!shared.empty() && is_continuation(words.front()[shared.size()])) shared.pop_back();
  return shared;
}

void take_candidate(Prompt& prompt, const std::string& word) {
  prompt.text.replace(prompt.word_begin, prompt.cursor - prompt.word_begin, word);
  prompt.cursor = prompt.word_begin + word.size();
}

void complete_prompt(State& state, bool forward) {
  Prompt& prompt = *state.prompt;
  if (!prompt.candidates.empty()) {  // the next of those that are shown
    const std::size_t count = prompt.candidates.size();
    prompt.chosen = prompt.chosen >= count ? (forward ? 0 : count - 1)
                    : forward              ? (prompt.chosen + 1) % count
                                           : (prompt.chosen + count - 1) % count;
    return take_candidate(prompt, prompt.candidates[prompt.chosen]);
  }
  if (prompt.kind == PromptKind::Field && prompt.text.find(' ') != prompt.text.npos) return;
  const std::string line = completed_line(prompt);
  const std::size_t space = line.find_last_of(" ;>|");
  const std::size_t begin = space == line.npos ? 0 : space + 1;
  const std::size_t added = line.size() - prompt.cursor;
  Candidates found = complete(state.session, line, begin);
  prompt.word_begin = begin >= added ? begin - added : 0;
  if (found.words.empty()) return;
  take_candidate(prompt, shared_start(found.words));
  if (found.words.size() == 1) {
    if (found.complete && prompt.kind == PromptKind::Command) edit(prompt, "<Space>");
    return;
  }
  prompt.chosen = found.words.size();  // none yet
  prompt.candidates = std::move(found.words);
  prompt.notes = std::move(found.notes);
}

// ---- what the line is for -----------------------------------------------------------------------

void recall(State& state, bool older) {
  Prompt& prompt = *state.prompt;
  if (prompt.kind != PromptKind::Command) return;
  const std::size_t count = state.history.size();
  if (older && prompt.history < count) ++prompt.history;
  if (!older && prompt.history > 0) --prompt.history;
  prompt.text = prompt.history == 0 ? "" : state.history[count - prompt.history];
  prompt.cursor = prompt.text.size();
}

/// The adapter that a candidate stands for; empty: the one that is recognised.
std::string chosen_adapter(const Prompt& prompt) {
  const std::string& chosen = prompt.candidates[prompt.chosen];
  return chosen == kAsRecognised ? "" : chosen;
}

/// The preview follows what is chosen; Esc brings back what was.
void adapter_key(Ui& ui, std::string_view key) {
  Prompt& prompt = *ui.state.prompt;
  const std::size_t count = prompt.candidates.size();
  const bool down = key == "j" || key == "<Down>" || key == "<Tab>";
  const bool up = key == "k" || key == "<Up>" || key == "<S-Tab>";
  if (down || up) {
    prompt.chosen = (prompt.chosen + (down ? 1 : count - 1)) % count;
    set_flag(ui, "adapter", chosen_adapter(prompt), Setting::Tried);
  } else if (key == "<Enter>") {
    const std::string chosen = chosen_adapter(prompt);
    const std::string old = prompt.before;
    ui.state.prompt.reset();
    set_flag(ui, "adapter", old, Setting::Tried);  // what is done now is a step from there
    set_flag(ui, "adapter", chosen);
  } else if (key == "<Esc>" || key == "<C-c>" || key == "q") {
    const std::string old = prompt.before;
    ui.state.prompt.reset();
    set_flag(ui, "adapter", old, Setting::Tried);
  }
}

void answer_key(Ui& ui, std::string_view key) {
  const PromptKind kind = ui.state.prompt->kind;
  const bool yes = key == "y" || key == "Y" || (kind == PromptKind::Question && key == "<Enter>");
  const bool no = key == "n" || key == "N" || key == "<Esc>" || key == "<C-c>" || key == "q" ||
                  key == "<Enter>";
  if (!yes && !no) return;
  ui.state.prompt.reset();
  if (kind == PromptKind::Question) {
    ui.effects.emplace_back(AnswerJob{yes});
  } else if (yes) {
    ui.effects.emplace_back(StopJobs{});
    ui.effects.emplace_back(Quit{});
  }
}

/// What was typed, as one word: completion quotes what has to be, people do not.
std::string as_value(const std::string& text) {
  if (!text.starts_with('"') && !text.starts_with('\'')) return text;
  try {
    const std::vector<Step> steps = parse_steps(text);
    const bool one = steps.size() == 1 && steps.front().words.size() == 1 &&
                     steps.front().file.empty() && steps.front().pipe.empty();
    return one ? steps.front().words.front() : text;
  } catch (const Error&) {
    return text;
  }
}

void filter_screen(Ui& ui, const std::string& text) {
  State& state = ui.state;
  if (has_line_filter(state)) return filter_lines(state, text);
  list_keys(ui, text, state.keys.sort, state.keys.flat);
}

void finish(Ui& ui) {
  State& state = ui.state;
  const Prompt prompt = *std::exchange(state.prompt, std::nullopt);
  switch (prompt.kind) {
    case PromptKind::Command:
      if (prompt.text.find_first_not_of(' ') == prompt.text.npos) return;
      if (!prompt.text.starts_with(' ')) {
        state.history.push_back(prompt.text);
        state.session.history().push_back(prompt.text);
      }
      return run_line(ui, prompt.text);
    case PromptKind::Search:
      return go_to_match(ui, true, true);
    case PromptKind::Filter:
      return filter_screen(ui, prompt.text);
    case PromptKind::Diff:
      if (!prompt.text.empty()) run_words(ui, {"stat", "--against", as_value(prompt.text)});
      return;
    case PromptKind::Field:
      return set_flag(ui, prompt.field, as_value(prompt.text));
    default:
      return;
  }
}

/// The list follows what is typed, as far as it is a query, or a pattern.
void try_filter(Ui& ui, const std::string& text) {
  ui.state.message.clear();
  try {
    filter_screen(ui, text);
  } catch (const Error& error) {
    say(ui.state, error.what(), Role::Notice);  // half a query, perhaps
  }
}

/// Takes back what a search has moved, or a filter has hidden.
void cancel(Ui& ui) {
  State& state = ui.state;
  const bool search = state.prompt->kind == PromptKind::Search;
  const bool filter = state.prompt->kind == PromptKind::Filter;
  const std::string before = state.prompt->before;
  state.prompt.reset();
  if (filter) return try_filter(ui, before);
  if (!search) return;
  state.search.running = false;
  latest_of(state, JobKind::Search) = 0;
  const auto order = order_of(state);
  const bool keys = !state.page && state.screen == Screen::Keys;
  if (keys && state.search.origin < order.size()) {
    go_to_place(state, static_cast<std::uint32_t>(state.search.origin));
  } else if (!keys) {
    const CurrentList list = current_list(state);
    list.cursor->go(state.search.origin, list.size, list.page);
  }
}

}  // namespace

void open_prompt(State& state, PromptKind kind, std::string label, std::string text) {
  Prompt prompt;
  prompt.kind = kind;
  prompt.label = std::move(label);
  prompt.cursor = text.size();
  prompt.text = std::move(text);
  state.prompt = std::move(prompt);
}

void prompt_key(Ui& ui, std::string_view key) {
  assert(ui.state.prompt.has_value());
  State& state = ui.state;
  Prompt& prompt = *state.prompt;
  if (prompt.kind == PromptKind::Adapter) return adapter_key(ui, key);
  if (prompt.kind == PromptKind::Question || prompt.kind == PromptKind::Quit) {
    return answer_key(ui, key);
  }
  if (key == "<Tab>" || key == "<S-Tab>") {
    if (completes(state, prompt)) complete_prompt(state, key == "<Tab>");
    return;
  }
  prompt.candidates.clear();
  prompt.notes.clear();
  if (key == "<Enter>") return finish(ui);
  const bool emptied = key == "<Backspace>" && prompt.text.empty();
  if (key == "<Esc>" || key == "<C-c>" || emptied) return cancel(ui);
  if (key == "<Up>" || key == "<C-p>") return recall(state, true);
  if (key == "<Down>" || key == "<C-n>") return recall(state, false);
  if (!edit(prompt, key)) return;
  if (prompt.kind == PromptKind::Filter) return try_filter(ui, prompt.text);
  if (prompt.kind != PromptKind::Search) return;
  state.message.clear();
  state.search.pattern = prompt.text;
  state.search.places.clear();
  state.search.at.reset();
  search_now(ui, true);
}

// ---- keys that open one -------------------------------------------------------------------------

void act_command(Ui& ui, std::string_view) {
  open_prompt(ui.state, PromptKind::Command, ":");
}

void act_filter(Ui& ui, std::string_view) {
  State& state = ui.state;
  const bool lines = has_line_filter(state);
  if (!lines && state.screen != Screen::Keys) return say(state, "no rows to choose from here");
  const std::string now = lines ? line_filter_of(state) : state.keys.filter;
  open_prompt(state, PromptKind::Filter, "& ", now);
  state.prompt->before = now;
}

void act_diff(Ui& ui, std::string_view) {
  open_prompt(ui.state, PromptKind::Diff, "compare all values with: ");
}

void act_adapter(Ui& ui, std::string_view) {
  State& state = ui.state;
  const auto set = state.session.settings().find("adapter");
  const std::string now = set == state.session.settings().end() ? "" : set->second;
  open_prompt(state, PromptKind::Adapter, "adapter (j k choose, Enter takes it): ");
  state.prompt->before = now;
  state.prompt->candidates = values_of(*find_flag("adapter"));
  state.prompt->candidates.insert(state.prompt->candidates.begin(), std::string(kAsRecognised));
  const auto found =
      std::find(state.prompt->candidates.begin(), state.prompt->candidates.end(), now);
  if (found != state.prompt->candidates.end()) {
    state.prompt->chosen = static_cast<std::size_t>(found - state.prompt->candidates.begin());
  }
  go_to_screen(state, Screen::Mapping);
}

}  // namespace ckptscope
