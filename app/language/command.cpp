// Finding a row by its name or by one like it, and what its operands are.
#include "app/language/command.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/names/nearest_word.hpp"

namespace ckptscope {
namespace {

std::string flag_usage(const Flag& flag) {
  const std::string name =
      flag.letter != '\0' ? fmt::format("-{}", flag.letter) : fmt::format("--{}", flag.name);
  if (flag.value.empty()) return fmt::format("[{}]", name);
  return fmt::format("[{} {}]", name, flag.choices.empty() ? flag.value : flag.choices);
}

}  // namespace

const Command* find_command(std::string_view name) {
  const auto rows = commands();
  const auto found =
      std::find_if(rows.begin(), rows.end(), [&](const Command* row) { return row->name == name; });
  return found == rows.end() ? nullptr : *found;
}

std::vector<std::string_view> similar_commands(std::string_view word) {
  std::vector<std::string_view> similar;
  for (const Command* row : commands()) {
    const bool prefix = word.size() >= 2 && row->name.starts_with(word);
    if (prefix || edit_distance(word, row->name) <= (row->name.size() + 2) / 3)
      similar.push_back(row->name);
  }
  return similar;
}

std::string usage_line(const Command& command) {
  std::string line(command.name);
  if (command.opens) line += " PATH";
  if (!command.operands.empty()) line += " " + std::string(command.operands);
  for (const Flag& flag : command.flags) line += " " + flag_usage(flag);
  return line;
}

Operands operands_of(const Command& command) {
  constexpr std::pair<std::string_view, Operands> kWords[] = {
      {"VERB", Operands::Verb},   {"QUERY", Operands::Keys}, {"KEY", Operands::Keys},
      {"PREFIX", Operands::Keys}, {"NAME", Operands::Flag},  {"PATH", Operands::Path},
      {"OUTPUT", Operands::Path}, {"OTHER", Operands::Path}, {"FILE", Operands::Path},
      {"DIR", Operands::Path}};
  for (const auto& [word, kind] : kWords) {
    if (command.operands.find(word) != command.operands.npos) return kind;
  }
  return Operands::None;
}

}  // namespace ckptscope
