// Words to Args, by the rows of the command table.
#pragma once

#include <span>
#include <string>

#include "app/language/command.hpp"

namespace ckptscope {

/// A parsed command line. `command` is null for a bare path or no words at all: `args.operands`
/// then holds what stands there.
struct ParsedLine {
  const Command* command = nullptr;
  Args args;
};

struct ParseContext {
  bool session = false;  // the open checkpoint stands for PATH, and the session's verbs are there
  bool shorten = false;  // a unique beginning of a verb is the verb
};

/// `words` without the program's name. Throws Usage: unknown verb or flag, a missing or surplus
/// operand, a value outside its choices.
ParsedLine parse_line(std::span<const std::string> words, ParseContext context = {});
/// Throws Usage for a value that its flag does not take.
void check_flag_value(const Flag& flag, const std::string& value);

}  // namespace ckptscope
