// Tables as the words of three shells.
#include "app/shell_completions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <vector>

#include "app/language/command.hpp"

namespace ckptscope {
namespace {

/// Listed values, as shells take them; empty where they cannot be listed.
std::string value_words(const Flag& flag) {
  return fmt::format("{}", fmt::join(values_of(flag), " "));
}

std::string flag_words(std::span<const Flag> flags) {
  std::string words;
  for (const Flag& flag : flags) {
    words += fmt::format("{}--{}", words.empty() ? "" : " ", flag.name);
    if (flag.letter != '\0') words += fmt::format(" -{}", flag.letter);
  }
  return words;
}

std::string command_words() {
  std::string words;
  for (const Command* command : commands()) {
    if (command->change != nullptr) continue;
    words += (words.empty() ? "" : " ") + std::string(command->name);
  }
  return words;
}

/// Every flag of every verb that has listed values, once a name.
std::vector<Flag> flags_with_values() {
  std::vector<Flag> found;
  const auto add = [&](std::span<const Flag> flags) {
    for (const Flag& flag : flags) {
      const bool known = std::any_of(found.begin(), found.end(),
                                     [&](const Flag& one) { return one.name == flag.name; });
      if (!known && !value_words(flag).empty()) found.push_back(flag);
    }
  };
  add(global_flags());
  for (const Command* command : commands()) add(command->flags);
  return found;
}

/// "--output|-o|--against": what takes the name of a file.
std::string flags_with_paths() {
  std::vector<std::string> words;
  const auto add = [&](std::span<const Flag> flags) {
    for (const Flag& flag : flags) {
      const bool path = flag.value == "PATH" || flag.value == "FILE" || flag.value == "DIR";
      if (path) words.push_back(fmt::format("--{}", flag.name));
      if (path && flag.letter != '\0') words.push_back(fmt::format("-{}", flag.letter));
    }
  };
  add(global_flags());
  for (const Command* command : commands()) add(command->flags);
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  return fmt::format("{}", fmt::join(words, "|"));
}

/// What a completion says of a flag.
std::string described(const Flag& flag) {
  const std::string note = default_note(flag);
  return std::string(flag.help) + (note.empty() ? "" : " (" + note + ")");
}

/// Single quotes of a shell around any text.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

/// Verbs whose operands behind PATH name tensors.
std::string verbs_with_keys() {
  std::string words;
  for (const Command* command : commands()) {
    const bool keys = command->change == nullptr && operands_of(*command) == Operands::Keys;
    if (keys) words += (words.empty() ? "" : " ") + std::string(command->name);
  }
  return words;
}

}  // namespace

std::string bash_completion() {
  std::string cases = fmt::format(
      "    {}) mapfile -t COMPREPLY < <(compgen -f -- \"$word\"); return ;;\n", flags_with_paths());
  for (const Flag& flag : flags_with_values()) {
    cases += fmt::format("    --{}) COMPREPLY=($(compgen -W '{}' -- \"$word\")); return ;;\n",
                         flag.name, value_words(flag));
  }
  std::string flags;
  for (const Command* command : commands()) {
    if (command->flags.empty()) continue;
    flags += fmt::format("    {}) flags+=' {}' ;;\n", command->name, flag_words(command->flags));
  }
  return fmt::format(
      "# bash completion for ckptscope; made from its command table\n"
      "_ckptscope() {{\n"
      "  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} flags='{}'\n"
      "  case $before in\n{}  esac\n"
      "  case ${{COMP_WORDS[1]}} in\n{}  esac\n"
      "  if [[ $word == -* ]]; then\n"
      "    COMPREPLY=($(compgen -W \"$flags\" -- \"$word\"))\n"
      "    return\n"
      "  fi\n"
      "  if ((COMP_CWORD > 2)) && [[ ' {} ' == *\" ${{COMP_WORDS[1]}} \"* ]]; then\n"
      "    mapfile -t COMPREPLY < <(\"$1\" \"${{COMP_WORDS[2]/#\\~/$HOME}}\" \\\n"
      "      --complete \"${{COMP_WORDS[1]}} $word\" 2> /dev/null)\n"
      "    [[ ${{COMPREPLY[0]}} == *. ]] && compopt -o nospace\n"
      "    return\n"
      "  fi\n"
      "  mapfile -t COMPREPLY < <(compgen -f -- \"$word\")  # a line a name: names have blanks\n"
      "  if ((COMP_CWORD == 1)); then\n"
      "    COMPREPLY+=($(compgen -W '{}' -- \"$word\"))\n"
      "  fi\n"
      "}}\n"
      "complete -o filenames -F _ckptscope ckptscope\n",
      flag_words(global_flags()), cases, flags, verbs_with_keys(), command_words());
}

std::string zsh_completion() {
  std::string verbs;
  std::string cases;
  const auto argument = [](const Flag& flag) {
    std::string spec = fmt::format("--{}[", flag.name);
    for (const char c : described(flag)) {
      spec += c == '[' || c == ']' ? std::string("\\") + c : std::string(1, c);
    }
    spec += "]";
    if (!flag.value.empty()) {
      const std::string values = value_words(flag);
      spec += fmt::format(":{}:{}", flag.value, values.empty() ? "_files" : "(" + values + ")");
    }
    return quoted(spec);
  };
  for (const Command* command : commands()) {
    if (command->change != nullptr) continue;
    verbs += fmt::format("    {}\n", quoted(fmt::format("{}:{}", command->name, command->summary)));
    std::string flags;
    for (const Flag& flag : command->flags) flags += " " + argument(flag);
    const bool keys = operands_of(*command) == Operands::Keys;
    cases += fmt::format("    {}) _arguments $common{} {} ;;\n", command->name, flags,
                         keys ? "'1:path:_files' '*:key:_ckptscope_keys'" : "'*:file:_files'");
  }
  std::string common;
  for (const Flag& flag : global_flags()) common += " " + argument(flag);
  return fmt::format(
      "#compdef ckptscope\n"
      "# zsh completion for ckptscope; made from its command table\n"
      "_ckptscope_keys() {{\n"
      "  local -a keys\n"
      "  keys=(${{(f)\"$($program ${{(Q)~line[1]}} --complete \"$verb $PREFIX\" 2> "
      "/dev/null)\"}})\n"
      "  compadd -S '' -- ${{(M)keys:#*.}}\n"
      "  compadd -- ${{keys:#*.}}\n"
      "}}\n"
      "_ckptscope() {{\n"
      "  local -a verbs common line\n"
      "  local program=$words[1] verb=$words[2]\n"
      "  verbs=(\n{}  )\n"
      "  common=({})\n"
      "  if ((CURRENT == 2)); then\n"
      "    _describe verb verbs\n"
      "    _files\n"
      "    return\n"
      "  fi\n"
      "  shift words; ((CURRENT--))\n"
      "  case $words[1] in\n{}  esac\n"
      "}}\n"
      "_ckptscope \"$@\"\n",
      verbs, common.substr(1), cases);
}

std::string fish_completion() {
  std::string text =
      "# fish completion for ckptscope; made from its command table\n"
      "function __ckptscope_keys\n"
      "  set -l words (commandline -opc)\n"
      "  test (count $words) -ge 3; or return\n"
      "  $words[1] $words[3] --complete \"$words[2] \"(commandline -ct) 2> /dev/null\n"
      "end\n";
  const auto flag_line = [](const Flag& flag, const std::string& condition) {
    std::string line = "complete -c ckptscope" + condition + fmt::format(" -l {}", flag.name);
    if (flag.letter != '\0') line += fmt::format(" -s {}", flag.letter);
    if (!flag.value.empty()) line += " -r";
    if (const std::string values = value_words(flag); !values.empty())
      line += " -f -a " + quoted(values);
    return line + " -d " + quoted(described(flag)) + "\n";
  };
  for (const Command* command : commands()) {
    if (command->change != nullptr) continue;
    text += fmt::format("complete -c ckptscope -n __fish_use_subcommand -a {} -d {}\n",
                        command->name, quoted(command->summary));
  }
  text += fmt::format(
      "complete -c ckptscope -n '__fish_seen_subcommand_from {}; and test (count (commandline "
      "-opc)) -ge 3' -f -a '(__ckptscope_keys)'\n",
      verbs_with_keys());
  for (const Flag& flag : global_flags()) text += flag_line(flag, "");
  for (const Command* command : commands()) {
    const std::string condition =
        fmt::format(" -n '__fish_seen_subcommand_from {}'", command->name);
    for (const Flag& flag : command->flags) text += flag_line(flag, condition);
  }
  return text;
}

}  // namespace ckptscope
