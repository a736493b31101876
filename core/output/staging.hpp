// An output directory that appears whole or not at all.
//
// Everything is written to OUT.partial beside OUT, under a lock; one rename at the end is the
// commit point. Until then, and after any failure, OUT is absent or as it was.
//
// A journal in OUT.partial (journal.hpp) names OUT and, before it is made, every file that the run
// makes. It is the only proof that a directory is an interrupted run's: of another run only files
// that it names are deleted, and nothing at all once it says that the output is complete; of its
// own a run deletes what it has made itself. The journal goes after the commit.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/file.hpp"
#include "core/output/journal.hpp"
#include "core/output/output_path.hpp"
#include "core/output/staged_file.hpp"

namespace ckptscope {

class Staging {
 public:
  enum class IfExists { Fail, Replace };

  /// Takes the lock and makes OUT.partial. Throws Exists (OUT is there, or an OUT.partial that is
  /// not, or not only, an interrupted run's), Locked (another live process works on OUT), and what
  /// the file system says. What an interrupted run left in OUT.partial is cleared, a
  /// complete output there is put aside; notes() tells of it.
  Staging(const OutputPath& out, IfExists if_exists);
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  /// Without a commit, removes what was written.
  ~Staging();

  StagedFile create(const std::string& name, std::uint64_t size);
  StagedFile create_sparse(const std::string& name, std::uint64_t size);
  /// A small file at once, flushed.
  void write_text(const std::string& name, const std::string& text);

  const std::string& path() const { return partial_; }
  /// What was found of earlier runs, and what became of it: sentences, safe to show.
  const std::vector<std::string>& notes() const { return notes_; }

  /// Flushes the directory and renames it to OUT. Returns where an old OUT went ("OUT.old-1"), or
  /// nothing. Throws Exists when OUT has appeared meanwhile.
  std::string commit();

 private:
  void refuse_taken() const;
  void lock();
  bool put_aside_complete();
  void clear_interrupted(int directory);
  void note(std::string text);
  StagedFile make(const std::string& name, std::uint64_t size, StagedFile::Space space);
  void remove() noexcept;
  void rename_new();
  std::string exchange();

  OutputPath target_;
  std::string out_;
  std::string partial_;
  IfExists if_exists_;
  bool made_directory_ = false;  // this run made OUT.partial
  UniqueFd directory_;
  JournalWriter journal_;
  std::mutex mutex_;               // guards the journal and what was made
  std::vector<std::string> made_;  // names
  std::vector<std::string> notes_;
  bool committed_ = false;
};

/// An error's message with what was found of earlier runs behind it: it is about somebody's files.
std::string with_notes(std::string message, const std::vector<std::string>& notes);

/// What is left to do for a run that was killed after its commit: an output that it replaced and
/// that still lies in OUT.partial goes to OUT.old-N, and the journal goes from OUT. Returns where
/// an old output went, or nothing. Throws Locked where that run is still at it.
std::string finish_commit(const OutputPath& out);

/// The receipt's name, beside the outputs.
inline constexpr std::string_view kReceiptName = "ckptscope.json";

}  // namespace ckptscope
