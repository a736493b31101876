// A command, its flags and its arguments: the rows from which the parser, help, completions, the
// manual and the tests read. The rows themselves stand beside their functions, in app/commands.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
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
  std::string_view name;         // without dashes
  std::string_view value{};      // what it takes, "DIR"; empty for a switch
  std::string_view help{};       // without the default: default_note() says it
  char letter = '\0';            // short form
  std::string_view choices{};    // "a|b|c": the values that it takes, for completion and checking
  std::string_view fallback{};   // the value that holds without it, "512MiB"; empty: none
  std::string_view otherwise{};  // what holds without it, where no value says that: "all of them"
};

/// A command line after parsing: operands in order, flags by name.
struct Args {
  std::vector<std::string> operands;
  std::map<std::string, std::vector<std::string>, std::less<>> flags;

  /// It was given; a fallback does not count.
  bool has(std::string_view flag) const { return flags.find(flag) != flags.end(); }
  std::vector<std::string> all(std::string_view flag) const;
  /// The last value given, or the flag's fallback, which may be empty.
  std::string text(std::string_view flag) const;
  /// The same as a number; nullopt with neither. Throws Usage for what is no number.
  std::optional<std::uint64_t> number(std::string_view flag) const;
  /// The same as a size, of a flag that has a fallback. Throws Usage for what is no size.
  std::uint64_t bytes(std::string_view flag) const;

  /// --to --adapter --dtype --exclude --quantize --like --set …
  ConversionRequest conversion() const;
  /// -j --memory
  Resources resources() const;
};

/// What a command sees of the session: immutable, so that a job may run while the session goes on.
struct Snapshot {
  std::shared_ptr<const Checkpoint> checkpoint;  // the open one; null for commands without
  bool terminal = false;                         // a person reads the text: fold
  std::string prefix{};                          // from where keys are named to people
  Ranks* ranks = &this_process();                // that run the same command

  /// What -j, --memory and the ranks give a command.
  Resources resources(const Args& args) const;
  Workers workers(const Args& args) const;
  /// Throws Mismatch in all ranks where they do not see the same headers of a checkpoint.
  void agree_on(const Checkpoint& opened, const Progress& progress) const;
};

class Session;

struct Command {
  std::string_view name;
  std::string_view operands{};  // as the usage line shows them, after PATH: "[KEY or QUERY]"
  std::string_view summary;
  bool opens = true;             // its first operand on the command line is the PATH to open
  std::size_t min_operands = 0;  // besides that PATH
  std::size_t max_operands = 0;
  std::vector<Flag> flags{};
  std::vector<std::string_view> examples;
  std::string_view exits;    // what 1 means for this verb
  bool takes_ranks = false;  // several may share the work
  Document (*run)(const Snapshot& snapshot, const Args& args, Progress& progress) = nullptr;
  /// Instead of `run`: changes the session; there is no such verb on the command line.
  Document (*change)(Session& session, const Args& args) = nullptr;
};

/// Every verb, in the order of the manual. Static storage; not before main() begins. Defined in
/// app/commands/table.cpp, where the rows are: all else here is made from it.
std::span<const Command* const> commands();

const Command* find_command(std::string_view name);
/// The names most like an unknown word; empty when nothing is near.
std::vector<std::string_view> similar_commands(std::string_view word);
/// "convert PATH -o DIR [--to SIDE] …": the usage line of a command.
std::string usage_line(const Command& command);

/// What a verb's operands are, besides PATH: read off `operands`.
enum class Operands { None, Keys, Path, Flag, Verb };
Operands operands_of(const Command& command);

/// Flags that every verb takes: --json, --color, ….
std::span<const Flag> global_flags();
/// A flag of any verb by its name, or null. A name means the same everywhere.
const Flag* find_flag(std::string_view name);
/// "default 512MiB"; empty for a flag without a fallback.
std::string default_note(const Flag& flag);
/// The values that a flag takes, where they can be listed: its choices, or the adapters.
std::vector<std::string> values_of(const Flag& flag);

}  // namespace ckptscope
