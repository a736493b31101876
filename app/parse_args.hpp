// Words to Args, by the rows of the command table.
#pragma once

#include <span>
#include <string>

#include "app/command.hpp"

namespace ckptscope {

/// A parsed command line. `command` is null for a bare path or no words at all: `args.operands`
/// then holds what stands there.
struct ParsedLine {
  const Command* command = nullptr;
  Args args;
};

/// `words` without the program's name. Throws Usage: unknown verb or flag, a missing or surplus
/// operand, a value outside its choices.
ParsedLine parse_line(std::span<const std::string> words);

}  // namespace ckptscope
