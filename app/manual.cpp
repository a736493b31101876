// Tables as mdoc text and as the words of three shells.
#include "app/manual.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "app/language/command.hpp"
#include "app/tui/keymap.hpp"
#include "core/mapping/words.hpp"
#include "core/names/query_words.hpp"

namespace ckptscope {
namespace {

/// Listed values, as shells take them; empty where they cannot be listed.
std::string value_words(const Flag& flag) {
  return fmt::format("{}", fmt::join(values_of(flag), " "));
}

/// A line of mdoc text: no macro, no escape by accident.
std::string mdoc(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '\\' ? "\\e" : std::string(1, c);
  return out.starts_with('.') || out.starts_with('\'') ? "\\&" + out : out;
}

/// Words of a macro's line: marks that mdoc sets apart are letters here.
std::string mdoc_literal(std::string_view text) {
  std::string out;
  for (const char c : mdoc(text)) {
    const bool mark = std::string_view(".,:;()[]?!|\"'").find(c) != std::string_view::npos;
    out += mark ? fmt::format("\\&{}", c) : std::string(1, c);
  }
  return out;
}

/// Each sentence on a line of its own, as mdoc has them.
std::string mdoc_sentences(std::string text) {
  for (auto at = text.find(". "); at != text.npos; at = text.find(". ", at + 2))
    text[at + 1] = '\n';
  return text;
}

std::string mdoc_term(std::string_view form, std::string_view help) {
  return fmt::format(".It Li {}\n{}\n", mdoc_literal(form), mdoc_sentences(mdoc(help)));
}

std::string mdoc_flag(const Flag& flag) {
  std::string item = ".It ";
  if (flag.letter != '\0') item += fmt::format("Fl {} , ", flag.letter);
  item += fmt::format("Fl Fl {}", flag.name);
  if (!flag.value.empty()) item += fmt::format(" Ar {}", flag.value);
  const std::string note = default_note(flag);
  const std::string_view between = flag.choices.empty() || note.empty() ? "" : "; ";
  const std::string values = fmt::format("{}{}{}", flag.choices, between, note);
  return fmt::format("{}\n{}{}\n", item, mdoc(flag.help),
                     values.empty() ? "" : " (" + mdoc(values) + ")");
}

std::string mdoc_command(const Command& command) {
  std::string text = fmt::format(".It Cm {}", command.name);
  if (command.opens) text += " Ar PATH";
  if (!command.operands.empty()) text += fmt::format(" Ar {}", command.operands);
  text += fmt::format("\n{}.\nExit code 1: {}.\n", mdoc(command.summary), mdoc(command.exits));
  if (command.change != nullptr) text += "Of sessions.\n";
  if (command.flags.empty()) return text;
  text += ".Bl -tag -width Ds -compact\n";
  for (const Flag& flag : command.flags) text += mdoc_flag(flag);
  return text + ".El\n";
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

}  // namespace

std::string manual_commands() {
  std::string text = ".Bl -tag -width Ds\n";
  for (const Command* command : commands()) text += mdoc_command(*command);
  return text + ".El\n";
}

std::string manual_flags() {
  std::string text = ".Bl -tag -width Ds -compact\n";
  for (const Flag& flag : global_flags()) text += mdoc_flag(flag);
  return text + ".El\n";
}

std::string manual_keys() {
  std::string text = ".Bl -column \"PageDown Space\" \"Keys, Mapping, Stats\" \"what it does\"\n";
  for (const KeyRow& row : key_table()) {
    std::string where;
    for (const Place& place : kPlaces) {
      if (row.places.find(place.letter) == row.places.npos) continue;
      where += fmt::format("{}{}", where.empty() ? "" : ", ", place.name);
    }
    if (row.places.starts_with(kEveryScreen)) where = "all";
    text +=
        fmt::format(".It Ic \\&{} Ta {} Ta {}\n", mdoc(shown_keys(row)), where, mdoc(row.command));
  }
  return text + ".El\n";
}

std::string manual_codes() {
  std::string text =
      ".Bl -column \"truncated-source\" \"exit\" \"meaning\"\n.It code Ta exit Ta meaning\n";
  for (const CodeRow& row : code_table()) {
    text += fmt::format(".It {} Ta {} Ta {}\n", row.name, row.exit, row.meaning);
  }
  return text + ".El\n";
}

std::string manual_query() {
  std::string text = ".Bl -tag -width \"shape=[*,4096]\" -compact\n";
  for (const QueryWord& word : query_word_table()) {
    text += mdoc_term(word.form, word.help);
  }
  return text + ".El\n";
}

std::string manual_words() {
  std::string text;
  const Word* before = nullptr;
  for (const Word& word : mapping_words()) {
    if (before == nullptr || before->group != word.group) {
      if (before != nullptr) text += ".El\n";
      std::string heading(name_of(word.group));
      heading[0] = static_cast<char>(heading[0] - 'a' + 'A');
      text += fmt::format(".Ss {}\n.Bl -tag -width Ds\n", heading);
    }
    text += mdoc_term(word.form, word.help);
    before = &word;
  }
  return text + ".El\n";
}

std::string bash_completion() {
  std::string cases;
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
      "  mapfile -t COMPREPLY < <(compgen -f -- \"$word\")  # a line a name: names have blanks\n"
      "  if ((COMP_CWORD == 1)); then\n"
      "    COMPREPLY+=($(compgen -W '{}' -- \"$word\"))\n"
      "  fi\n"
      "}}\n"
      "complete -o filenames -F _ckptscope ckptscope\n",
      flag_words(global_flags()), cases, flags, command_words());
}

std::string zsh_completion() {
  std::string verbs;
  std::string cases;
  const auto argument = [](const Flag& flag) {
    std::string spec = fmt::format("--{}[{}]", flag.name, described(flag));
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
    cases += fmt::format("    {}) _arguments $common{} '*:file:_files' ;;\n", command->name, flags);
  }
  std::string common;
  for (const Flag& flag : global_flags()) common += " " + argument(flag);
  return fmt::format(
      "#compdef ckptscope\n"
      "# zsh completion for ckptscope; made from its command table\n"
      "_ckptscope() {{\n"
      "  local -a verbs common\n"
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
  std::string text = "# fish completion for ckptscope; made from its command table\n";
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
  for (const Flag& flag : global_flags()) text += flag_line(flag, "");
  for (const Command* command : commands()) {
    const std::string condition =
        fmt::format(" -n '__fish_seen_subcommand_from {}'", command->name);
    for (const Flag& flag : command->flags) text += flag_line(flag, condition);
  }
  return text;
}

}  // namespace ckptscope
