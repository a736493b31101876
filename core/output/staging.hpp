// An output directory that appears whole or not at all.
//
// Everything is written to OUT.partial beside OUT, under a lock; one rename at the end is the
// commit point. Until then, and after any failure, OUT is absent or as it was.
//
// A journal in OUT.partial (journal.hpp) names OUT, every file that is made and every shard that is
// done. It is the only proof that a directory is an interrupted run's: of another run only files
// that it names are deleted, and no shard that is done unless that is asked for; of its own a run
// deletes what it has made itself. The journal goes after the commit.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/file.hpp"
#include "core/output/journal.hpp"
#include "core/output/output_path.hpp"
#include "core/output/staged_file.hpp"

namespace ckptscope {

/// What becomes of shards that an interrupted run has finished.
enum class Leftover {
  Refuse,   // they stand in the way
  Resume,   // they are kept
  Restart,  // they are written again
};

class Staging {
 public:
  enum class IfExists { Fail, Replace };
  enum class Role {
    Alone,      // settles what is left of earlier runs, and begins the journal
    Part,       // of several in any order: begins the journal, or joins who has
    FirstRank,  // as Alone; then the other ranks may come
    OtherRank,  // joins the first
  };
  struct Options {
    IfExists if_exists = IfExists::Fail;
    Leftover leftover = Leftover::Refuse;
    Role role = Role::Alone;
  };

  /// Takes the lock and makes OUT.partial. Throws Exists (OUT is there, or an OUT.partial that is
  /// not, or not only, an interrupted run's, or one of finished shards that `leftover` does not
  /// tell about, or of other work), Locked (another live process works on OUT), Mismatch (of a rank
  /// that does not see what the first has made), and what the file
  /// system says. What an interrupted run left unfinished in OUT.partial is cleared; notes() tells
  /// of it.
  Staging(const OutputPath& out, StagedWork work, const Options& options);
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  /// Without a commit, removes what was written, but for the shards that are done where they are
  /// to be kept.
  ~Staging();

  /// A file under a name of its own, until publish() gives it `name`.
  StagedFile create(const std::string& name, std::uint64_t size);
  StagedFile create_sparse(const std::string& name, std::uint64_t size);
  void publish(const std::string& name);
  /// A small file at once, flushed.
  void write_text(const std::string& name, const std::string& text);

  /// Shards that were done before. A shard is done once it has its name and its record.
  const std::map<std::string, DoneShard>& done_before() const { return done_before_; }
  /// Those that are done now, by whomever.
  std::map<std::string, DoneShard> done_now() const { return read_done(partial_, work_); }
  void note_done(const std::string& shard, const DoneShard& done);
  void note_side_files();
  bool has_side_files() const { return ckptscope::has_side_files(partial_); }
  /// A shard that is not what its record says.
  void discard(const std::string& shard);
  /// Shards that are done stay, though this run fails.
  void keep_done() { keeps_done_ = true; }
  /// What this run has made may be of two states of a source: none of it stays.
  void distrust_made() { distrusts_made_ = true; }

  const StagedWork& work() const { return work_; }
  const std::string& path() const { return partial_; }
  /// What was found of earlier runs, and what became of it: sentences, safe to show.
  const std::vector<std::string>& notes() const { return notes_; }

  /// Another part has given the directory its name.
  bool is_committed() const;
  /// Flushes the directory and renames it to OUT. Returns where an old OUT went ("OUT.old-1"), or
  /// nothing. Throws Exists when OUT has appeared meanwhile.
  std::string commit();

 private:
  bool is_shared() const { return options_.role != Role::Alone; }
  bool settles() const { return options_.role == Role::Alone || options_.role == Role::FirstRank; }
  void refuse_taken() const;
  void let_others_in();
  void lock();
  void settle_leftover();
  void go_on_with(const StagedWork& found);
  void join();
  [[noreturn]] void refuse_strange(std::string_view why) const;
  [[noreturn]] void refuse_file(const std::string& name) const;
  void refuse_other(const StagedWork& found) const;
  void refuse_strangers(const StagedWork& work) const;
  void note(std::string text);
  StagedFile make(const std::string& name, std::uint64_t size, StagedFile::Space space);
  void remove() noexcept;
  void remove_made() const;
  void clear_unfinished() const;
  bool is_shard(const std::string& name) const;
  bool is_final(const std::string& name) const;
  void rename_new();
  std::string exchange();

  OutputPath target_;
  std::string out_;
  std::string partial_;
  StagedWork work_;
  Options options_;
  bool made_directory_ = false;  // this run made OUT.partial
  bool locked_ = false;          // where the file system has locks
  bool begun_ = false;           // the journal says what is made, so that it may be removed
  bool keeps_done_ = false;
  bool distrusts_made_ = false;
  UniqueFd directory_;
  JournalWriter journal_;
  std::map<std::string, DoneShard> done_before_;
  std::mutex mutex_;            // guards what was made
  std::set<std::string> made_;  // names, as they lie there
  std::vector<std::string> notes_;
  bool committed_ = false;
};

/// An error's message with what was found of earlier runs behind it: it is about somebody's files.
std::string with_notes(std::string message, const std::vector<std::string>& notes);

/// What is left to do for a run that was killed after its commit: an output that it replaced and
/// that still lies in OUT.partial goes to OUT.old-N, and the journal goes from OUT. Returns where
/// an old output went, or nothing. Throws Locked where that run is still at it.
std::string finish_commit(const OutputPath& out);

/// The receipt's name, beside the outputs. It is the last file that a conversion writes.
inline constexpr std::string_view kReceiptName = "ckptscope.json";

}  // namespace ckptscope
