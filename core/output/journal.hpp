// The journal of a staging directory: what the directory is made for, and which of its shards are
// done. A directory inside it, whose files appear whole or not at all:
//
//   ckptscope.journal/work          JSON: the output, all files that are made, the conversion
//   ckptscope.journal/holder        "pid 4711, host a, since 2026-11-25T10:00:00Z"
//   ckptscope.journal/SHARD.done    JSON: bytes, hash; a shard without it is not done
//   ckptscope.journal/side-files    all files but shards and the receipt are there
//
// It is the only proof that files are a run's own.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/file.hpp"

namespace ckptscope {

inline constexpr std::string_view kJournalName = "ckptscope.journal";

/// What a staging directory is made for.
struct StagedWork {
  struct Shard {
    std::string name;
    std::uint64_t bytes = 0;
    bool operator==(const Shard&) const = default;
  };
  std::string program{};               // version of who began it
  std::string output{};                // the last component of OUT, as displayed
  std::vector<std::string> files{};    // names of all that is made, shards too
  std::vector<Shard> shards{};         // what is done shard by shard, in order
  std::vector<std::string> sources{};  // files that are read: name, bytes, time of change
  std::string conversion{};            // its receipt without outputs; empty: nothing to go on with
  std::uint64_t parts = 1;             // that it is shared out to

  /// Whether a file of that name is made for it; also one that has not got its name yet.
  bool makes(std::string_view file) const;
};

/// A shard that is whole, on disk, and read back where that was asked for.
struct DoneShard {
  std::uint64_t bytes = 0;
  std::string xxh3{};  // of the file, hexadecimal; empty: not read back
  std::map<std::string, std::uint64_t> overflowed{};  // by key: values that became infinite
};

/// Of this program.
std::string program_version();

/// What a text of the journal says; nullopt for what is none of ours.
std::optional<StagedWork> parse_work(const std::string& text);
std::optional<DoneShard> parse_done(const std::string& text);

/// The work that a directory is made for; nullopt without a journal, and for what is none of ours.
/// Throws what the file system says.
std::optional<StagedWork> read_work(const std::string& directory);
/// Whether there is one, readable or not.
bool has_work(const std::string& directory);
/// Who holds it; empty where nobody says.
std::string read_holder(const std::string& directory);
/// The shards of `work` that have a record and are there in their size.
std::map<std::string, DoneShard> read_done(const std::string& directory, const StagedWork& work);

bool has_side_files(const std::string& directory);

/// OUT.partial: where the output is until it is whole.
std::string partial_of(const std::string& out);

/// What runs have left of an output that is not whole.
struct LeftWork {
  StagedWork work;
  std::map<std::string, DoneShard> done;  // by shard
};
/// Of OUT.partial; nullopt where nothing is left, or nothing of ours. Throws as read_work() does.
std::optional<LeftWork> read_left(const std::string& out);

/// Writes to the journal of an open directory. Files appear by a rename or a link: several
/// processes may do the same at once. Thread-safe. Throws NoSpace, Io.
class JournalWriter {
 public:
  JournalWriter() = default;
  /// `directory` stays open while this lives.
  explicit JournalWriter(int directory) : directory_(directory) {}

  /// Makes the journal, if it is not there. False where somebody else has begun one.
  bool begin(const StagedWork& work) const;
  void hold() const;  // names this process as the holder
  void note_done(const std::string& shard, const DoneShard& done) const;
  void forget(const std::string& shard) const;
  void note_side_files() const;
  /// All of it. What is left of a journal that was being removed is removed, too.
  void remove() const;

 private:
  bool take_without_links(const std::string& aside, const std::string& name) const;
  int directory_ = -1;
};

/// The name that a file has until it is whole; of this process alone.
std::string unfinished_name(const std::string& name);

}  // namespace ckptscope
