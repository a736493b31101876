// Tables as mdoc text.
#include "app/manual.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "app/language/command.hpp"
#include "app/tui/keymap.hpp"
#include "core/language/words.hpp"
#include "core/names/query_words.hpp"

namespace ckptscope {
namespace {

/// A line of mdoc text: no macro, no escape by accident.
std::string mdoc(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '\\' ? "\\e" : std::string(1, c);
  constexpr std::string_view kEllipsis = "…";
  for (auto at = out.find(kEllipsis); at != out.npos; at = out.find(kEllipsis, at)) {
    out.replace(at, kEllipsis.size(), "\\[u2026]");
  }
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
  std::string text = ".Bl -tag -width Ds -compact\n";
  for (const KeyRow& row : key_table()) {
    std::string where;
    for (const Place& place : kPlaces) {
      if (row.places.find(place.letter) == row.places.npos) continue;
      where += fmt::format("{}{}", where.empty() ? "" : ", ", place.name);
    }
    if (row.places.starts_with(kEveryScreen)) where = "every screen";
    text += fmt::format(".It Ic {}\n{}: {}.\n", mdoc_literal(shown_keys(row)), where,
                        mdoc(row.command));
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

}  // namespace ckptscope
