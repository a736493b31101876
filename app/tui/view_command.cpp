// Pages, statistics and the mapping know the command that they came from; lists are told by their
// filter and order.
#include "app/tui/view_command.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "app/language/words.hpp"
#include "app/tui/convert_form.hpp"
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

/// `ls` or `tree` with the filter's words.
std::string keys_command(const State& state) {
  const KeysState& keys = state.keys;
  std::string text =
      fmt::format("ckptscope {} {}", keys.flat ? "ls" : "tree", shell_path(state.path));
  for (const Step& step : parse_steps(keys.filter)) {
    for (const std::string& word : step.words) text += " " + shell_word(word);
  }
  if (keys.flat && !keys.sort.column.empty()) text += " --sort " + keys.sort.column;
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
  const bool like_flag =
      std::any_of(args.operands.begin(), args.operands.end(),
                  [](const std::string& operand) { return operand.starts_with('-'); });
  text += flags_text(args);
  if (like_flag) text += " --";
  for (const std::string& operand : args.operands) text += " " + shell_word(operand);
  return text;
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
