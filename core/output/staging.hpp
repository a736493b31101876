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
#include <span>
#include <string>
#include <vector>

#include "core/base/file.hpp"
#include "core/output/output_path.hpp"

namespace ckptscope {

/// A new file of known size. Positional writes; thread-safe except for finish().
class StagedFile {
 public:
  enum class Space { Reserved, Sparse };  // Sparse: what is not written is a hole
  StagedFile(int directory, const std::string& name, std::uint64_t size,
             Space space = Space::Reserved);
  /// Writes all of `bytes` at `offset`, or throws NoSpace / Io. Whole blocks go past the page cache
  /// where the file system can and the bytes lie at an address that is the offset modulo kBlock.
  void write(std::uint64_t offset, std::span<const std::byte> bytes);
  /// Flushes to the disk, drops it from the page cache, closes; all checked. A failed flush is
  /// final: it is never tried again, because the system may have forgotten what was not written.
  void finish();

 private:
  void put(int fd, std::uint64_t offset, std::span<const std::byte> bytes);
  bool put_direct(std::uint64_t offset, std::span<const std::byte> bytes);

  std::string name_;
  UniqueFd fd_;
  UniqueFd direct_;  // the same file, opened with O_DIRECT; may be none
};

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

/// The journal's name inside OUT.partial.
inline constexpr std::string_view kJournalName = "ckptscope.journal";

}  // namespace ckptscope
