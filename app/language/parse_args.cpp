// The verb is found first; CLI11 then parses the other words by the flags of its row.
#include "app/language/parse_args.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "core/base/display.hpp"
#include "core/base/file.hpp"

namespace ckptscope {
namespace {

/// Where CLI11 puts what it finds; nodes of a map do not move.
struct Slots {
  std::map<std::string, bool> switches;
  std::map<std::string, std::vector<std::string>> values;
  std::vector<std::string> operands;
};

std::string option_names(const Flag& flag) {
  std::string names = fmt::format("--{}", flag.name);
  if (flag.letter != '\0') names += fmt::format(",-{}", flag.letter);
  return names;
}

void add_flag(CLI::App& app, const Flag& flag, Slots& slots) {
  const std::string name(flag.name);
  if (flag.value.empty()) {
    app.add_flag(option_names(flag), slots.switches[name], std::string(flag.help));
    return;
  }
  CLI::Option* option =
      app.add_option(option_names(flag), slots.values[name], std::string(flag.help));
  option->expected(1)->take_all()->allow_extra_args(false);
}

void check_choices(std::span<const Flag> flags, const Args& args) {
  for (const Flag& flag : flags) {
    for (const std::string& value : args.all(flag.name)) check_flag_value(flag, value);
  }
}

void check_operands(const Command& command, const Args& args, bool session) {
  const std::size_t path = command.opens && !session ? 1 : 0;
  const std::size_t given = args.operands.size();
  const bool wants_help = args.has("help");
  if (given < path && !wants_help)
    fail(Code::Usage, "{}: PATH is missing; usage: {}", command.name, usage_line(command));
  if (given < path + command.min_operands && !wants_help) {
    fail(Code::Usage, "{}: {} is missing; usage: {}", command.name, command.operands,
         usage_line(command));
  }
  if (given > path + command.max_operands) {
    fail(Code::Usage, "{}: \"{}\" is one operand too many; usage: {}", command.name,
         display(args.operands[path + command.max_operands]), usage_line(command));
  }
}

Args args_of(const Slots& slots) {
  Args args;
  args.operands = slots.operands;
  for (const auto& [name, on] : slots.switches) {
    if (on) args.flags[name] = {};
  }
  for (const auto& [name, values] : slots.values) {
    if (!values.empty()) args.flags[name] = values;
  }
  return args;
}

/// True for a flag of any verb whose value is the next word. A name means the same everywhere.
bool takes_next_word(std::string_view word) {
  const auto takes = [&](const Flag& flag) {
    return !flag.value.empty() &&
           (word == fmt::format("--{}", flag.name) ||
            (flag.letter != '\0' && word == fmt::format("-{}", flag.letter)));
  };
  const auto any_of = [&](std::span<const Flag> flags) {
    return std::any_of(flags.begin(), flags.end(), takes);
  };
  return any_of(global_flags()) ||
         std::any_of(commands().begin(), commands().end(),
                     [&](const Command* command) { return any_of(command->flags); });
}

/// The first word that is no flag and no value of a flag.
std::size_t verb_position(std::span<const std::string> words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!words[i].starts_with('-')) return i;
    if (takes_next_word(words[i])) ++i;
  }
  return words.size();
}

bool may_be_path(const std::string& word) {
  return exists(word) || word.find('/') != word.npos;
}

const Command* command_of(const std::string& word, ParseContext context) {
  const Command* exact = find_command(word);
  if (exact != nullptr && exact->change != nullptr && !context.session) {
    fail(Code::Usage, "{}: a verb of the REPL and of scripts (ckptscope -i, -c, -f)", word);
  }
  if (exact != nullptr || !context.shorten || word.empty()) return exact;
  const Command* only = nullptr;
  for (const Command* row : commands()) {
    if (!row->name.starts_with(word)) continue;
    if (only != nullptr) {
      fail(Code::Usage, "\"{}\" may be \"{}\" or \"{}\"", display(word), only->name, row->name);
    }
    only = row;
  }
  return only;
}

[[noreturn]] void fail_unknown_verb(const std::string& word) {
  std::string hint;
  for (const std::string_view name : similar_commands(word)) {
    hint += fmt::format("{}\"{}\"", hint.empty() ? " Did you mean " : " or ", name);
  }
  fail(Code::Usage, "Undefined command: \"{}\". Try \"help\".{}", display(word),
       hint.empty() ? "" : hint + "?");
}

/// Without a verb one path is opened, or two are compared.
void check_paths(const Args& args) {
  const std::vector<std::string>& operands = args.operands;
  if (operands.size() < 2) return;
  const bool is_session = args.has("interactive") || args.has("command") || args.has("file") ||
                          args.has("keys") || args.has("complete");
  if (operands.size() == 2 && !is_session && may_be_path(operands[1])) return;
  const std::string& second = operands[1];
  if (find_command(second) != nullptr) {
    fail(Code::Usage, "the verb stands first: ckptscope {} {}", second, display(operands[0]));
  }
  fail(Code::Usage,
       "\"{}\" is one operand too many; usage: ckptscope VERB PATH …, ckptscope PATH, or ckptscope "
       "PATH OTHER",
       display(operands.size() > 2 ? operands[2] : second));
}

}  // namespace

void check_flag_value(const Flag& flag, const std::string& value) {
  if (flag.choices.empty()) return;
  const std::vector<std::string> choices = values_of(flag);
  if (std::find(choices.begin(), choices.end(), value) != choices.end()) return;
  if (flag.name == "dtype" && parse_dtype(value)) return;  // other spellings are understood
  fail(Code::Usage, "--{} {}: {} is expected", flag.name, display(value), flag.choices);
}

ParsedLine parse_line(std::span<const std::string> words, ParseContext context) {
  ParsedLine line;
  std::vector<std::string> rest(words.begin(), words.end());
  if (const std::size_t at = verb_position(words); at < words.size()) {
    line.command = command_of(words[at], context);
    if (line.command == nullptr && !may_be_path(words[at])) fail_unknown_verb(words[at]);
    if (line.command != nullptr) rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(at));
  }
  CLI::App app;
  app.set_help_flag();
  Slots slots;
  for (const Flag& flag : global_flags()) add_flag(app, flag, slots);
  if (line.command != nullptr) {
    for (const Flag& flag : line.command->flags) add_flag(app, flag, slots);
  }
  app.add_option("operands", slots.operands);
  try {
    std::reverse(rest.begin(), rest.end());  // CLI11 takes words from the back
    app.parse(rest);
  } catch (const CLI::ParseError& error) {
    fail(Code::Usage, "{}{}; a key that begins with - stands behind --",
         line.command != nullptr ? std::string(line.command->name) + ": " : "",
         display(error.what()));
  }
  line.args = args_of(slots);
  check_choices(global_flags(), line.args);
  if (line.command != nullptr) {
    check_choices(line.command->flags, line.args);
    check_operands(*line.command, line.args, context.session);
  } else if (!context.session) {
    check_paths(line.args);
  }
  return line;
}

}  // namespace ckptscope
