// The command table: one row a verb, from which the parser, help, completions, manual and tests
// read.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/planning/conversion.hpp"
#include "core/base/progress.hpp"
#include "core/checkpoint/checkpoint.hpp"
#include "core/run/executor.hpp"
#include "views/document/document.hpp"

namespace ckptscope {

struct Flag {
  std::string_view name;   // without dashes
  std::string_view value;  // what it takes, "DIR"; empty for a switch
  std::string_view help;
  char letter = '\0';          // short form
  std::string_view choices{};  // "a|b|c": the values that it takes, for completion and checking
};

/// A command line after parsing: operands in order, flags by name.
struct Args {
  std::vector<std::string> operands;
  std::map<std::string, std::vector<std::string>, std::less<>> flags;

  bool has(std::string_view flag) const { return flags.find(flag) != flags.end(); }
  /// The last value given, or `fallback`.
  std::string text(std::string_view flag, std::string_view fallback = "") const;
  std::vector<std::string> all(std::string_view flag) const;
  /// Throw Usage for what is no number or no size.
  std::uint64_t number(std::string_view flag, std::uint64_t fallback) const;
  std::uint64_t bytes(std::string_view flag, std::uint64_t fallback) const;

  ConversionRequest conversion()
      const;                    // --to --adapter --dtype --exclude --quantize --like --set …
  Resources resources() const;  // -j --memory
};

/// What a command sees of the session: immutable, so that a job may run while the session goes on.
struct Snapshot {
  std::shared_ptr<const Checkpoint> checkpoint;  // the open one; null for commands without
  bool terminal = false;                         // a person reads the text: fold
};

enum class Runs {
  Ui,   // O(1), on the thread that talks to the user
  Job,  // may read headers and bytes: on a worker, with progress, can be stopped
};

class Session;

struct Command {
  std::string_view name;
  std::string_view operands;  // as the usage line shows them, after PATH: "[KEY or QUERY]"
  std::string_view summary;
  Runs runs = Runs::Job;
  bool opens = true;             // its first operand on the command line is the PATH to open
  std::size_t min_operands = 0;  // besides that PATH
  std::size_t max_operands = 0;
  std::vector<Flag> flags;
  std::vector<std::string_view> examples;
  std::string_view exits;  // what 1 means for this verb
  Document (*run)(const Snapshot& snapshot, const Args& args, Progress& progress) = nullptr;
  /// Instead of `run`: changes the session; there is no such verb on the command line.
  Document (*change)(Session& session, const Args& args) = nullptr;
};

/// What a verb's operands are, besides PATH: read off `operands`.
enum class Operands { None, Keys, Path, Flag, Verb };
Operands operands_of(const Command& command);

/// Every verb, in the order of the manual. Static storage.
std::span<const Command> commands();
const Command* find_command(std::string_view name);
/// Flags that every verb takes: --json, --color, ….
std::span<const Flag> global_flags();
/// A flag of any verb by its name, or null.
const Flag* find_flag(std::string_view name);
/// The values that a flag takes, where they can be listed: its choices, or the adapters.
std::vector<std::string> values_of(const Flag& flag);
/// "convert PATH -o DIR [--to SIDE] …": the usage line of a command.
std::string usage_line(const Command& command);
/// The names most like an unknown word; empty when nothing is near.
std::vector<std::string_view> similar_commands(std::string_view word);

}  // namespace ckptscope
