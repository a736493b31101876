// Sentences of help around the rows of the tables, and the versions of every library.
#include "app/language/help_text.hpp"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>
#include <openssl/opensslv.h>
#include <pcre2.h>
#include <utf8proc.h>

#include <CLI/Version.hpp>
#include <nlohmann/json.hpp>

#include "core/base/hash.hpp"
#include "core/kernels/kernels.hpp"
#include "core/language/words.hpp"
#include "core/names/query_words.hpp"

namespace ckptscope {
namespace {

std::string flag_line(const Flag& flag) {
  const std::string letter = flag.letter != '\0' ? fmt::format("-{}, ", flag.letter) : "    ";
  std::string left = fmt::format("{}--{}", letter, flag.name);
  if (!flag.value.empty()) left += fmt::format(" {}", flag.value);
  const std::string choices = flag.choices.empty() ? "" : fmt::format(": {}", flag.choices);
  const std::string note = default_note(flag);
  return fmt::format("  {:<26} {}{}{}\n", left, flag.help, choices,
                     note.empty() ? "" : " (" + note + ")");
}

std::string flag_lines(std::span<const Flag> flags) {
  std::string text;
  for (const Flag& flag : flags) text += flag_line(flag);
  return text;
}

/// Words of `text` on lines of at most 100 columns, indented.
std::string wrapped(std::string_view text, std::size_t indent) {
  constexpr std::size_t kColumns = 100;
  std::string out;
  std::string line(indent, ' ');
  while (!text.empty()) {
    const std::size_t blank = std::min(text.find(' '), text.size());
    if (line.size() + blank > kColumns) {
      out += line + "\n";
      line.assign(indent, ' ');
    }
    if (line.size() > indent) line += ' ';
    line += text.substr(0, blank);
    text.remove_prefix(std::min(blank + 1, text.size()));
  }
  return out + line + "\n";
}

/// A word as it is written, and below it what it means.
std::string term(std::string_view form, std::string_view help) {
  return fmt::format("  {}\n", form) + wrapped(help, 6);
}

}  // namespace

std::string introduction() {
  return "ckptscope: look into LLM checkpoints, preview and run conversions\n\n"
         "  ckptscope info PATH                     what is it\n"
         "  ckptscope map PATH --to native          what a conversion would do\n"
         "  ckptscope convert PATH --to native -o DIR\n"
         "  ckptscope check --deep PATH             is every byte there\n"
         "  ckptscope -i PATH                       look around, with completion\n"
         "\n\"ckptscope demo\" shows all of it on a small checkpoint; \"ckptscope help\" lists the "
         "verbs.\n";
}

std::string help_overview() {
  std::string text =
      "usage: ckptscope VERB PATH …, ckptscope PATH, or ckptscope PATH OTHER (diff)\n\n";
  const auto list = [&](bool of_sessions) {
    for (const Command* command : commands()) {
      if ((command->change != nullptr) != of_sessions) continue;
      text += fmt::format("  {:<9} {}\n", command->name, command->summary);
    }
  };
  list(false);
  text += "\nIn a session (ckptscope -i, -c, -f, or lines on stdin) also:\n";
  list(true);
  text += "\nEvery verb takes:\n" + flag_lines(global_flags());
  text +=
      "\nExit codes: 0 done, 1 ran and found something, 2 usage or not openable, 3 the "
      "environment.\n"
      "\"help VERB\" shows one verb, \"help query\" how keys are found, \"help mapping\" the "
      "language of\n"
      "mappings, \"help codes\" every error code.\n";
  return text;
}

std::string help_text(const Command& command) {
  const std::string_view program = command.change == nullptr ? "ckptscope " : "";
  std::string text =
      fmt::format("usage: {}{}\n\n{}\n", program, usage_line(command), command.summary);
  if (!command.flags.empty()) text += "\n" + flag_lines(command.flags);
  text += "\nexamples\n";
  for (const std::string_view example : command.examples) {
    text += fmt::format("  {}{}\n", program, example);
  }
  text += fmt::format("\nexit codes\n  0 done; 1 {}; 2 usage or not openable; 3 the environment\n",
                      command.exits);
  return text;
}

std::string help_codes() {
  std::string text = "code               exit  meaning\n";
  for (const CodeRow& row : code_table()) {
    text += fmt::format("{:<18} {:>4}  {}\n", row.name, row.exit, row.meaning);
  }
  return text;
}

std::string help_query() {
  std::string text =
      "ls, tree, show, stat, map, --include and & in the TUI take a query: words that must all "
      "hold.\n\n";
  for (const QueryWord& word : query_word_table()) {
    text += term(word.form, word.help);
  }
  return text;
}

std::string help_mapping() {
  std::string text =
      R"(A mapping is a text of lines. An equation says that a key, or an operation on keys, of the
checkpoint as it lies (hf, on the left) is one of the other side (native, on the right):

  # my.map: tried with  ckptscope map DIR --mapping my.map
  let  experts = .num_experts
  text layer   = model.layers.{L}
  $layer.block.router.weight  =  $layer.mlp.gate.weight
  stack(E, experts, t($layer.block.experts.{E}.w2.weight))  =  $layer.mlp.experts.down_projs

Both directions are read off it; a key that no line matches passes as it is. In a key {p} is any
text, at most three of them, {L} digits, {a=weight|bias} one of a set, {K+61} digits counted from
61 on, or from a number that let has bound. = and all operators stand between blanks. Quotes are
as in a session: in '…' every character stands for itself; a key that is spelled like a word below
goes in quotes. A line goes on while a ( is open, and behind a \ at its end; # begins a comment.
Packed weights and their scales are one decoded tensor before any line is read. The first lines
may all be left out. "ckptscope adapters NAME" prints a family's text to begin with, "ckptscope
adapters blocks" what all may use; "map --rules" shows which line made which keys.

Below, a name in capitals says what stands there: KEY, HF and NATIVE a key, X and FACTOR a key,
several spellings of one, or an operation, N and E the name of a number, with a capital, NAME and
RULE a name, COUNT, SIZE and the like a value, DIM -4 to 3, DTYPE bf16, f16 or f32. a|b is one or
the other, [...] may be left out (several: in any order), ... is more of the same.
)";
  for (const Word& word : mapping_words()) {
    if (&word == &mapping_words().front() || (&word - 1)->group != word.group) {
      text += fmt::format("\n{}\n", name_of(word.group));
    }
    text += term(word.form, word.help);
  }
  return text;
}

std::string version_text() {
  char pcre[64] = {};
  pcre2_config(PCRE2_CONFIG_VERSION, pcre);
  return fmt::format(
      "ckptscope {}\n"
      "libraries: fmt {}.{}.{}, nlohmann-json {}.{}.{}, CLI11 {}, PCRE2 {}, utf8proc {}, xxHash "
      "{}, "
      "OpenSSL {}, Highway {}\n"
      "kernels: {} (CKPTSCOPE_KERNELS chooses: {})\n",
      CKPTSCOPE_VERSION, FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100,
      NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR, NLOHMANN_JSON_VERSION_PATCH,
      CLI11_VERSION, pcre, utf8proc_version(), xxhash_version(), OPENSSL_VERSION_STR,
      highway_version(), kernel_target(), fmt::join(kernel_targets(), ", "));
}

}  // namespace ckptscope
