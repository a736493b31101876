// Errors: one exception type, one table of codes.
//
// A code is part of the interface: it stands last in brackets on the error line, in `problems[]` of
// --json and in the man page, and is never renamed. Its row says what the process exits with.
#pragma once

#include <fmt/format.h>

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace ckptscope {

enum class Code {
  // Usage and things that cannot be opened (exit 2).
  Usage,
  NotFound,
  NotACheckpoint,
  NotRegularFile,
  ForeignFormat,
  LfsPointer,
  RankShards,
  LoraAdapter,
  AmbiguousIndex,
  BadIndex,
  BadConfig,
  BadMapping,
  BadPickle,
  BadArchive,
  BadDcp,
  UnknownAdapter,
  Unreachable,
  RateLimited,
  BadAnswer,
  ValuesElsewhere,
  // Defects of files (exit 1).
  HeaderTooSmall,
  HeaderTooLarge,
  HeaderTruncated,
  BadUtf8,
  BadJson,
  DuplicateKey,
  InvalidOffset,
  ShapeOverflow,
  MisalignedDtype,
  SizeMismatch,
  TruncatedShard,
  TrailingData,
  MissingShard,
  MissingTensor,
  UnindexedTensor,
  DuplicateTensor,
  NanValues,
  InfValues,
  ConstantWeight,
  ChecksumMismatch,
  ForeignNames,
  // Notes on files that are accepted (exit 0, with --strict 1).
  OddName,
  LookAlikeNames,
  UnalignedData,
  UnknownField,
  ControlMetadata,
  TotalSize,
  FileNumbering,
  TiedStorage,
  IgnoredFile,
  Symlink,
  // Problems of a plan (exit 1).
  NoAdapter,
  MissingExpert,
  ExpertRange,
  MissingPart,
  ExpertCount,
  ShapeMismatch,
  MissingScale,
  OrphanScale,
  ScaleShape,
  PackedCodes,
  ScaleNotApplied,
  NotGrouped,
  Incomplete,
  Overflow,
  Constant,
  Unquantisable,
  Unlike,
  NotZero,
  ActivationScale,
  KeyCollision,
  Orphan,
  Alias,
  Padding,
  ConfigMismatch,
  Inferred,
  NothingToDo,
  NoMatch,
  Mismatch,
  // A conversion that is refused (exit 1).
  Exists,
  SameFiles,
  Refused,
  // The environment (exit 3).
  NoSpace,
  Io,
  Locked,
  SourceChanged,
  TruncatedSource,
  NoPermission,
  OutOfMemory,
  Interrupted,
  Internal,
};

/// One row a code: its name on every surface, the exit code it leads to, and its line in the
/// manual.
struct CodeRow {
  Code code;
  std::string_view name;
  int exit;
  std::string_view meaning;
};

/// Every code, in the order of the enumeration. Static storage.
std::span<const CodeRow> code_table();
const CodeRow& row_of(Code code);
inline std::string_view name_of(Code code) {
  return row_of(code).name;
}

/// The one exception type. `what()` is the message without the code; callers that know more prepend
/// context on the way up (see with_context).
class Error : public std::runtime_error {
 public:
  Error(Code code, const std::string& message) : std::runtime_error(message), code_(code) {}
  Code code() const { return code_; }

 private:
  Code code_;
};

template <typename... Args>
[[noreturn]] void fail(Code code, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(code, fmt::format(format, std::forward<Args>(args)...));
}

/// Throws Code::Io, or the more exact NoSpace, NoPermission, NotFound, for the current `errno`.
[[noreturn]] void fail_errno(std::string_view what);

/// Runs `body`; an Error that leaves it gets "context: " in front of its message.
template <typename Body>
decltype(auto) with_context(std::string_view context, Body&& body) {
  try {
    return std::forward<Body>(body)();
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("{}: {}", context, error.what()));
  }
}

/// A finding that does not stop the work: shown by inspecting verbs, judged by converting ones.
enum class Severity { Note, Warning, Error };
std::string_view name_of(Severity severity);

struct Problem {
  Code code = Code::Internal;
  Severity severity = Severity::Error;
  std::string message;
  std::string key{};    // the tensor it is about, raw; may be empty
  std::string shard{};  // the file it is about; may be empty
};

/// How many of Severity::Error.
std::size_t count_errors(std::span<const Problem> problems);
/// "severity message [code]", as people read a problem.
std::string to_line(const Problem& problem);
/// Throws the problem, its message headed by the name of the checkpoint that has it.
[[noreturn]] void refuse(const Problem& problem, const std::string& checkpoint);
/// Refuses the first problem of Severity::Error, if there is one.
void refuse_errors(std::span<const Problem> problems, const std::string& checkpoint);

}  // namespace ckptscope
