// An output directory that appears whole or not at all.
//
// Everything is written to OUT.partial beside OUT, under a lock; one rename at the end is the
// commit point. Until then, and after any failure, OUT is absent or as it was.
//
// A journal in OUT.partial names OUT and, before it is made, every file that the run makes. It is
// the only proof that a directory is an interrupted run's, and only files that it names are ever
// deleted. It goes after the commit, so that no kill leaves an OUT.partial of ours without one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/file.hpp"
#include "core/output/output_path.hpp"
#include "core/output/staged_file.hpp"

namespace ckptscope {

class Staging {
 public:
  enum class IfExists { Fail, Replace };

  /// Takes the lock and makes OUT.partial. Throws Exists (OUT is there, or an OUT.partial that is
  /// not, or not only, an interrupted run's), Locked (another live process works on OUT), and what
  /// the file system says. What an interrupted run left in OUT.partial is cleared; `cleared()`
  /// tells of it.
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
  bool cleared() const { return cleared_; }

  /// Flushes the directory and renames it to OUT. Returns where an old OUT went ("OUT.old-1"), or
  /// nothing. Throws Exists when OUT has appeared meanwhile.
  std::string commit();

 private:
  void lock();
  void clear_interrupted();
  void open_journal();
  void note(const std::string& name);
  void remove() noexcept;
  void rename_new();
  std::string exchange();

  OutputPath target_;
  std::string out_;
  std::string partial_;
  IfExists if_exists_;
  UniqueFd directory_;
  UniqueFd journal_;
  bool cleared_ = false;
  bool committed_ = false;
};

/// What is left to do for a run that was killed after its commit: an output that it replaced and
/// that still lies in OUT.partial goes to OUT.old-N, and the journal goes from OUT. Returns where
/// an old output went, or nothing. Throws Locked where that run is still at it.
std::string finish_commit(const OutputPath& out);

/// The names of our own records: the receipt beside an output, the journal in OUT.partial.
inline constexpr std::string_view kReceiptName = "ckptscope.json";
inline constexpr std::string_view kJournalName = "ckptscope.journal";

}  // namespace ckptscope
