// The journal of a staging directory: the only proof that its files are a run's own.
//
//   ckptscope conversion in progress
//   pid 4711, host example, since 2026-11-25T10:00:00Z
//   output gpt-oss-20b                the last component of OUT
//   file model-00001-of-00002.safetensors     one line before each file is made
//   complete                          all is written and flushed; what is left is the renaming
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "core/base/file.hpp"

namespace ckptscope {

inline constexpr std::string_view kJournalName = "ckptscope.journal";

struct Journal {
  std::string holder;             // "pid 12, host a, since …"; may be empty
  std::string output;             // as displayed
  std::set<std::string> files{};  // as displayed
  bool complete = false;

  /// A run made the directory for an output of this path.
  bool is_for(const std::string& out) const;
  bool names(const std::string& file) const;
};

/// The journal in `directory`; nullopt without one, and for what cannot be one. Throws what the
/// file system says.
std::optional<Journal> read_journal(const std::string& directory);

/// Writes lines at the end, each whole. Not thread-safe. Throws NoSpace, Io.
class JournalWriter {
 public:
  JournalWriter() = default;
  /// Makes the journal in an open directory, for the output `out`.
  JournalWriter(int directory, const std::string& out);

  void note_file(const std::string& name);
  void note_complete();
  explicit operator bool() const { return static_cast<bool>(fd_); }

 private:
  void append(const std::string& line);
  UniqueFd fd_;
};

}  // namespace ckptscope
