// The flags that every verb takes, and what is read off any flag.
#include <fmt/format.h>

#include <algorithm>

#include "app/language/command.hpp"

namespace ckptscope {
namespace {

constexpr Flag kGlobalFlags[] = {
    {.name = "json", .help = "one JSON object on stdout"},
    {.name = "jsonl", .help = "one JSON object per row on stdout"},
    {.name = "md", .help = "tables in Markdown, for an issue or a page"},
    {.name = "header", .help = "in a pipe the first line names the columns"},
    {.name = "width",
     .value = "COLUMNS",
     .help = "cells that a line of text may take; 0: any number",
     .otherwise = "the terminal's; in a pipe any number"},
    {.name = "config",
     .value = "FILE",
     .help = "a config.json to use instead of the one beside the tensors"},
    {.name = "color",
     .value = "WHEN",
     .help = "colour of the text",
     .choices = "auto|always|never",
     .fallback = "auto"},
    {.name = "ascii", .help = "no character beyond ASCII of our own"},
    {.name = "interactive", .help = "the prompt: a PATH may follow", .letter = 'i'},
    {.name = "command",
     .value = "LINES",
     .help = "run these lines, separated by ; or line feeds",
     .letter = 'c'},
    {.name = "file", .value = "FILE", .help = "run the lines of a file; - is stdin", .letter = 'f'},
    {.name = "keep-going", .help = "a script goes on after an error", .letter = 'k'},
    {.name = "keys",
     .value = "FILE",
     .help = "the full screen, driven by the keys in a file; prints it as text"},
    {.name = "screen", .value = "SIZE", .help = "for --keys: COLUMNSxROWS", .fallback = "100x30"},
    {.name = "no-mouse", .help = "the full screen leaves the mouse to the terminal"},
    {.name = "complete",
     .value = "LINE",
     .help = "what Tab offers behind a line of the prompt, with PATH open: for shells"},
    {.name = "quiet", .help = "no progress", .letter = 'q'},
    {.name = "verbose",
     .help = "of each phase its time, its rate, how busy the processors were",
     .letter = 'v'},
    {.name = "help", .help = "usage, examples and exit codes", .letter = 'h'},
    {.name = "version", .help = "versions of the program and its libraries", .letter = 'V'},
};

const Flag* find_in(std::span<const Flag> flags, std::string_view name) {
  const auto found =
      std::find_if(flags.begin(), flags.end(), [&](const Flag& flag) { return flag.name == name; });
  return found == flags.end() ? nullptr : &*found;
}

}  // namespace

std::span<const Flag> global_flags() {
  return kGlobalFlags;
}

const Flag* find_flag(std::string_view name) {
  if (const Flag* flag = find_in(global_flags(), name)) return flag;
  for (const Command* row : commands()) {
    if (const Flag* flag = find_in(row->flags, name)) return flag;
  }
  return nullptr;
}

std::string default_note(const Flag& flag) {
  return flag.fallback.empty() ? "" : fmt::format("default {}", flag.fallback);
}

std::vector<std::string> values_of(const Flag& flag) {
  std::vector<std::string> values;
  if (flag.name == "adapter") {
    for (const Adapter& adapter : adapters()) values.push_back(adapter.head.id);
  }
  std::string_view choices = flag.choices;
  while (!choices.empty()) {
    const std::size_t bar = std::min(choices.find('|'), choices.size());
    values.emplace_back(choices.substr(0, bar));
    choices.remove_prefix(std::min(bar + 1, choices.size()));
  }
  return values;
}

}  // namespace ckptscope
