// Fields from the flags of `convert`; the words that Start runs, from the fields.
#include "app/tui/convert_form.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cassert>

#include "app/tui/actions.hpp"
#include "app/tui/current_list.hpp"
#include "app/tui/prompt.hpp"
#include "app/tui/steps.hpp"
#include "core/base/display.hpp"

namespace ckptscope {
namespace {

/// Flags of `convert` that are no fields: they are for scripts, or have a button.
constexpr std::array<std::string_view, 10> kNoFields{
    "set", "ep", "experts", "hf-prefix", "strict", "allow", "resume", "restart", "part", "dry-run"};

const std::vector<const Flag*>& field_flags() {
  static const std::vector<const Flag*> flags = [] {
    std::vector<const Flag*> found;
    for (const Flag& flag : find_command("convert")->flags) {
      const bool field =
          std::find(kNoFields.begin(), kNoFields.end(), flag.name) == kNoFields.end();
      if (field) found.push_back(&flag);
    }
    return found;
  }();
  return flags;
}

std::string set_value(const State& state, std::string_view flag) {
  const auto set = state.session.settings().find(flag);
  return set == state.session.settings().end() ? "" : set->second;
}

std::string proposed_output(const State& state) {
  if (!state.mapping.model) return "";
  return output_beside(state.path, state.mapping.model->plan->options.to);
}

/// What the plan has found where a flag is not set; empty: nothing of this flag.
std::string planned_value(const State& state, std::string_view flag) {
  if (!state.mapping.model) return "";
  const PlanOptions& options = state.mapping.model->plan->options;
  if (flag == "output") return proposed_output(state);
  if (flag == "to") return std::string(name_of(options.to));
  if (flag == "adapter") return options.adapter;
  if (flag == "layout") return options.mapping.layout;
  return flag == "dtype" ? std::string(name_of(options.output_dtype())) : "";
}

/// What holds when a field is not set.
std::string otherwise_of(const State& state, const Flag& flag) {
  if (std::string planned = planned_value(state, flag.name); !planned.empty()) return planned;
  if (!flag.fallback.empty()) return std::string(flag.fallback);
  return std::string(flag.value.empty() ? "off" : flag.otherwise);
}

/// The value behind this one; nothing behind the last.
std::string next_choice(const std::vector<std::string>& choices, const std::string& now) {
  const auto found = std::find(choices.begin(), choices.end(), now);
  if (found == choices.end()) return choices.front();
  return found + 1 == choices.end() ? "" : *(found + 1);
}

/// Flags as words of a command line.
std::vector<std::string> flag_words(const State& state) {
  std::vector<std::string> words;
  for (const Flag* flag : field_flags()) {
    std::string value = set_value(state, flag->name);
    if (value.empty() && flag->name == "output") value = proposed_output(state);
    const bool is_switch = flag->value.empty();
    if (value.empty() || (is_switch && value != "on")) continue;
    words.push_back(fmt::format("--{}", flag->name));
    if (!is_switch) words.push_back(value);
  }
  return words;
}

void press_button(Ui& ui, const std::string& button) {
  State& state = ui.state;
  if (button == "Stop") return act_stop(ui, "<C-c>");
  if (button == "Verify") return run_verb(ui, "verify", {state.convert.output});
  const bool resumes = button == "Resume";
  const bool restarts = button == "Start over";
  if (button == "Start" || resumes || restarts) {
    std::vector<std::string> words = flag_words(state);
    words.insert(words.begin(), "convert");
    if (resumes) words.push_back("--resume");
    if (restarts) words.push_back("--restart");
    return run_words(ui, std::move(words));
  }
  assert(button == "Open output");
  const std::string output = state.convert.output;
  go_to_screen(state, Screen::Keys);
  run_verb(ui, "open", {output});
}

}  // namespace

void set_flag(Ui& ui, const std::string& name, const std::string& value, Setting how) {
  State& state = ui.state;
  const bool forgets = value.empty() && state.session.settings().contains(name);
  if (how == Setting::Done) {
    if (!state.convert.running) state.convert.command.clear();  // what ran is not what is set
    if (!value.empty()) return run_verb(ui, "set", {name, value});
    if (forgets) run_verb(ui, "unset", {name});
    return;
  }
  if (!value.empty()) state.session.set(name, value);
  if (forgets) state.session.unset(name);
  preview_mapping(ui);
}

std::size_t convert_field_count() {
  return field_flags().size();
}

std::vector<ConvertField> convert_fields(const State& state) {
  std::vector<ConvertField> fields;
  for (const Flag* flag : field_flags()) {
    fields.push_back(
        {std::string(flag->name), set_value(state, flag->name), otherwise_of(state, *flag)});
  }
  return fields;
}

std::vector<std::string> convert_buttons(const State& state) {
  if (state.convert.running) return {"Stop"};
  if (!state.convert.output.empty()) return {"Start", "Verify", "Open output"};
  const bool is_left = state.mapping.model && state.mapping.model->shards_done > 0;
  return is_left ? std::vector<std::string>{"Resume", "Start over"}
                 : std::vector<std::string>{"Start"};
}

std::string convert_command(const State& state) {
  if (!state.convert.command.empty()) return state.convert.command;
  if (state.path.empty()) return "";
  std::string command = "ckptscope convert " + shell_path(state.path);
  for (const std::string& word : flag_words(state)) command += " " + shell_word(word);
  return command;
}

void press_field(Ui& ui, std::size_t number) {
  const auto& flags = field_flags();
  if (number >= flags.size()) {
    const std::vector<std::string> buttons = convert_buttons(ui.state);
    if (number - flags.size() < buttons.size()) press_button(ui, buttons[number - flags.size()]);
    return;
  }
  const Flag& flag = *flags[number];
  const std::string name(flag.name);
  const std::string value = set_value(ui.state, name);
  if (flag.value.empty()) return set_flag(ui, name, value == "on" ? "" : "on");
  const std::vector<std::string> choices = values_of(flag);
  if (!choices.empty()) return set_flag(ui, name, next_choice(choices, value));
  open_prompt(ui.state, PromptKind::Field, name + ": ", value.empty() ? "" : quoted_word(value));
  ui.state.prompt->field = name;
}

}  // namespace ckptscope
