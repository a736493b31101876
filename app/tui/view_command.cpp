// Pages, statistics and the mapping know the command that they came from; lists are told by their
// filter and order.
#include "app/tui/view_command.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "app/language/words.hpp"
#include "app/tui/convert_form.hpp"
#include "core/base/display.hpp"
#include "core/figures/figure.hpp"

namespace ckptscope {
namespace {

std::string flags_text(const Args& args) {
  std::string text;
  for (const auto& [name, values] : args.flags) {
    const bool global = std::any_of(global_flags().begin(), global_flags().end(),
                                    [&, key = name](const Flag& flag) { return flag.name == key; });
    if (global) continue;
    if (values.empty()) text += " --" + name;
    for (const std::string& value : values) text += " --" + name + " " + shell_word(value);
  }
  return text;
}

/// Behind `--` where one looks like a flag.
std::string operands_text(const std::vector<std::string>& operands) {
  std::string text;
  const bool like_flag = std::any_of(operands.begin(), operands.end(),
                                     [](const std::string& one) { return one.starts_with('-'); });
  if (like_flag) text = " --";
  for (const std::string& operand : operands) text += " " + shell_word(operand);
  return text;
}

/// `ls` or `tree` with the filter's words.
std::string keys_command(const State& state) {
  const KeysState& keys = state.keys;
  std::string text =
      fmt::format("ckptscope {} {}", keys.flat ? "ls" : "tree", shell_path(state.path));
  if (keys.flat) text += keys.sort.column.empty() ? " --all" : " --sort " + keys.sort.column;
  for (const Step& step : parse_steps(keys.filter)) text += operands_text(step.words);
  return text;
}

std::string stats_command(const StatsState& stats) {
  const bool turned = stats.group && stats.figure > 0;
  return turned ? fmt::format("{} --figure {}", stats.command, kFigureKinds[stats.figure].name)
                : stats.command;
}

}  // namespace

std::string shell_command(const State& state, const Command& command, const Args& args) {
  std::string text = fmt::format("ckptscope {}", command.name);
  if (command.opens) text += " " + shell_path(state.path);
  return text + flags_text(args) + operands_text(args.operands);
}

std::string view_command(const State& state) {
  if (state.page) return state.page->command;
  if (state.path.empty()) return "";
  switch (state.screen) {
    case Screen::Overview:
      return "ckptscope info " + shell_path(state.path);
    case Screen::Keys:
      return keys_command(state);
    case Screen::Mapping:
      return state.mapping.command;
    case Screen::Stats:
      return stats_command(state.stats);
    case Screen::Convert:
      return convert_command(state);
    case Screen::Log:
      break;
  }
  return "";
}

}  // namespace ckptscope
