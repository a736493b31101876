// Lock, journal, commit. What an interrupted run has left is told by its journal alone.
#include "core/output/staging.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <span>
#include <vector>

#include "core/base/display.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/output/receipt.hpp"

namespace ckptscope {
namespace {

std::string in(const std::string& directory, std::string_view name) {
  return fmt::format("{}/{}", directory, name);
}

/// The work of `directory`, if it is made for `out`.
std::optional<StagedWork> work_for(const std::string& out, const std::string& directory) {
  auto work = read_work(directory);
  return work && work->output == display(last_component(out)) ? work : std::nullopt;
}

std::string holder_of(const std::string& directory) {
  const std::string holder = read_holder(directory);
  return holder.empty() ? "another process" : display(holder);
}

/// Of nothing but a journal that was being begun, or removed, when the run was killed.
bool is_as_good_as_empty(const std::string& directory) {
  const std::vector<std::string> names = names_in(directory);
  const bool only_journal = names.size() == 1 && names.front() == kJournalName;
  return names.empty() ||
         (only_journal && is_directory(in(directory, kJournalName)) && !has_work(directory));
}

/// "OUT.old-N" with the smallest N that is free.
std::string name_for_old(const std::string& out) {
  for (int n = 1;; ++n) {
    std::string name = fmt::format("{}.old-{}", out, n);
    if (!exists(name)) return name;
  }
}

bool rename_to_free(const std::string& from, const std::string& to) {
  return ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0;
}

void flush_parent(const OutputPath& out) {
  const UniqueFd parent = open_at(AT_FDCWD, out.parent(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (parent) flush_directory(parent.get(), out.parent());
}

void remove_journal(int directory, const std::string& out) {
  try {
    JournalWriter(directory).remove();
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("{} is complete, but its {} stays: {}", display(out),
                                          kJournalName, error.what()));
  }
  flush_directory(directory, out);
}

/// False where the path leads to another one, or to nothing.
bool same_directory(int fd, const std::string& path) {
  struct stat opened {};
  struct stat named {};
  if (::fstat(fd, &opened) != 0) fail_errno(display(path));
  if (::stat(path.c_str(), &named) != 0) {
    if (errno == ENOENT) return false;
    fail_errno(display(path));
  }
  return opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

}  // namespace

Staging::Staging(const OutputPath& out, StagedWork work, const Options& options)
    : target_(out),
      out_(out.text()),
      partial_(partial_of(out_)),
      work_(std::move(work)),
      options_(options),
      keeps_done_(options.leftover == Leftover::Resume) {
  work_.program = program_version();
  work_.output = display(last_component(out_));
  note(finish_commit(out));
  try {
    refuse_taken();
    lock();
    refuse_taken();  // another part may have committed just before OUT.partial was made anew
    journal_ = JournalWriter(directory_.get());
    settles() ? settle_leftover() : join();
    begun_ = true;
    if (settles()) {
      journal_.begin(work_);
      journal_.hold();
    }
    if (options_.role == Role::FirstRank) let_others_in();
  } catch (const Error& error) {
    remove();  // a constructor that throws is not destroyed
    throw Error(error.code(), with_notes(error.what(), notes_));
  }
}

void Staging::refuse_taken() const {
  const bool replaces = options_.if_exists == IfExists::Replace;
  if (!target_.is_taken() || (replaces && is_directory(out_))) return;
  fail(Code::Exists, "{}: exists; --if-exists replace keeps the old one beside it", display(out_));
}

Staging::~Staging() {
  if (!committed_) remove();
}

void Staging::note(std::string text) {
  if (!text.empty()) notes_.push_back(std::move(text));
}

/// Removes what this run has made, and the directory: nothing of a failure stays, but for shards
/// that are done where they are to be kept.
void Staging::remove() noexcept {
  try {
    if (begun_) remove_made();
  } catch (const std::exception&) {  // what cannot be removed now is cleared by the next run
  }
  if (directory_ || made_directory_) ::rmdir(partial_.c_str());  // only if it is empty
}

/// What several processes make has its name for all of them; once another has committed it, it is
/// an output, which only its maker has proved.
void Staging::remove_made() const {
  auto done = keeps_done_ ? done_now() : std::map<std::string, DoneShard>();
  const bool distrusts = distrusts_made_ && !is_committed();
  for (const std::string& name : made_) {
    const bool is_safe = is_shared() ? is_final(name) : done.contains(name);
    if (is_safe && !(distrusts && is_shard(name))) continue;
    journal_.forget(name);
    remove_file(directory_.get(), name);
    done.erase(name);
  }
  if (!is_shared() && done.empty()) journal_.remove();
}

bool Staging::is_shard(const std::string& name) const {
  return std::any_of(work_.shards.begin(), work_.shards.end(),
                     [&](const StagedWork::Shard& shard) { return shard.name == name; });
}

bool Staging::is_final(const std::string& name) const {
  return std::find(work_.files.begin(), work_.files.end(), name) != work_.files.end();
}

void Staging::lock() {
  made_directory_ = ::mkdir(partial_.c_str(), 0777) == 0;
  if (!made_directory_ && errno != EEXIST) fail_errno(fmt::format("making {}", display(partial_)));
  UniqueFd directory = open_at(AT_FDCWD, partial_, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (!directory) fail_errno(display(partial_));
  const int kind = settles() ? LOCK_EX : LOCK_SH;
  locked_ = ::flock(directory.get(), kind | LOCK_NB) == 0;
  if (!locked_ && errno == EWOULDBLOCK) {
    made_directory_ = false;  // the other one has it now
    fail(Code::Locked, "{}: locked by {}", display(out_), holder_of(partial_));
  }
  if (!locked_ && !made_directory_ && settles()) {
    fail(Code::Locked,
         "{}: exists, and this file system has no locks to tell whether {} still runs",
         display(partial_), holder_of(partial_));
  }
  if (!same_directory(directory.get(), partial_)) {
    made_directory_ = false;
    fail(Code::Locked, "{}: another process has just finished with it", display(out_));
  }
  directory_ = std::move(directory);
}

/// A lock that becomes a shared one is let go for a moment.
void Staging::let_others_in() {
  if (!locked_) return;
  const bool kept = ::flock(directory_.get(), LOCK_SH | LOCK_NB) == 0 &&
                    same_directory(directory_.get(), partial_) && has_work(partial_);
  if (!kept) fail(Code::Locked, "{}: locked by {}", display(out_), holder_of(partial_));
}

/// Of what lies in OUT.partial only shards that are done and are asked for stay, where its journal
/// proves that all in it is an interrupted run's.
void Staging::settle_leftover() {
  const auto found = work_for(out_, partial_);
  if (!found) {
    if (is_as_good_as_empty(partial_)) return journal_.remove();
    refuse_strange("is not a conversion of ours");
  }
  refuse_strangers(*found);
  const auto done = read_done(partial_, *found);
  if (!done.empty() && options_.leftover == Leftover::Refuse) {
    fail(Code::Exists,
         "{}: {} of {} shards of an interrupted conversion are done; --resume goes on with them, "
         "--restart begins again",
         display(partial_), done.size(), found->shards.size());
  }
  if (!done.empty() && options_.leftover == Leftover::Resume) return go_on_with(*found);
  for (const std::string& name : names_in(partial_)) {
    if (name != kJournalName) remove_file(directory_.get(), name);
  }
  journal_.remove();
  note("cleared what an interrupted conversion had left");
}

void Staging::refuse_strange(std::string_view why) const {
  fail(Code::Exists, "{}: exists, and {}; move it away", display(partial_), why);
}

void Staging::refuse_other(const StagedWork& found) const {
  const std::string what = difference(found, work_);
  if (what.empty()) return;
  fail(Code::Exists, "{}: was begun with {}; {}--restart begins again", display(partial_), what,
       settles() ? "" : "a run without --part and with ");
}

/// Keeps what is done of the same work.
void Staging::go_on_with(const StagedWork& found) {
  refuse_other(found);
  done_before_ = read_done(partial_, work_);
  const bool keeps_side_files = has_side_files();
  for (const std::string& name : names_in(partial_)) {
    const bool is_side_file = is_final(name) && !is_shard(name) && name != kReceiptName;
    const bool stays =
        name == kJournalName || done_before_.contains(name) || (keeps_side_files && is_side_file);
    if (!stays) remove_file(directory_.get(), name);
  }
  note(fmt::format("went on after {} of {} shards", done_before_.size(), work_.shards.size()));
}

/// The first of several processes begins the journal; all must do the same work.
void Staging::join() {
  auto found = work_for(out_, partial_);
  if (!found && options_.role == Role::OtherRank) {
    fail(Code::Mismatch, "{}: not there as the first rank has made it; all must see one directory",
         display(partial_));
  }
  if (!found && is_as_good_as_empty(partial_) && journal_.begin(work_)) return;
  if (!found) found = work_for(out_, partial_);  // of another that has begun just now
  if (!found) refuse_strange("is not a conversion of ours");
  refuse_other(*found);
  refuse_strangers(*found);
  done_before_ = read_done(partial_, work_);
}

void Staging::refuse_strangers(const StagedWork& work) const {
  for (const std::string& name : names_in(partial_)) {
    if (name == kJournalName || work.makes(name)) continue;
    refuse_strange(fmt::format("{} in it is not of the conversion that left it", display(name)));
  }
}

/// All shards are done: what a killed part has left unfinished is nothing.
void Staging::clear_unfinished() const {
  refuse_strangers(work_);
  for (const std::string& name : names_in(partial_)) {
    if (name != kJournalName && !is_final(name)) remove_file(directory_.get(), name);
  }
}

void Staging::refuse_file(const std::string& name) const {
  fail(Code::Exists, "{}: {} has appeared in it while the conversion ran", display(partial_),
       display(name));
}

/// A file has a name of this run alone until it is whole; this run removes only what it has made
/// itself.
StagedFile Staging::make(const std::string& name, std::uint64_t size, StagedFile::Space space) {
  const std::lock_guard lock(mutex_);
  if (!is_shared() && exists(in(partial_, name))) refuse_file(name);
  const std::string aside = unfinished_name(name);
  made_.insert(aside);
  return StagedFile(directory_.get(), aside, size, space);
}

StagedFile Staging::create(const std::string& name, std::uint64_t size) {
  return make(name, size, StagedFile::Space::Reserved);
}

StagedFile Staging::create_sparse(const std::string& name, std::uint64_t size) {
  return make(name, size, StagedFile::Space::Sparse);
}

/// Another process may have made the same file meanwhile, of the same bytes: only a part may
/// replace it, and not in what another has committed.
void Staging::publish(const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (is_committed()) fail(Code::Exists, "{}: another part has committed it", display(out_));
  const std::string aside = unfinished_name(name);
  const auto rename = [&](unsigned flags) {
    return ::renameat2(directory_.get(), aside.c_str(), directory_.get(), name.c_str(), flags) == 0;
  };
  if (!rename(is_shared() ? 0 : RENAME_NOREPLACE)) {
    const int error = errno;
    if (error == EEXIST || (unsupported(error) && exists(in(partial_, name)))) refuse_file(name);
    if (!unsupported(error) || !rename(0)) fail_errno(fmt::format("renaming {}", display(aside)));
  }
  made_.erase(aside);
  made_.insert(name);
}

void Staging::note_done(const std::string& shard, const DoneShard& done) {
  flush_directory(directory_.get(), partial_);
  journal_.note_done(shard, done);
}

void Staging::note_side_files() {
  flush_directory(directory_.get(), partial_);
  journal_.note_side_files();
}

void Staging::discard(const std::string& shard) {
  journal_.forget(shard);
  remove_file(directory_.get(), shard);
  done_before_.erase(shard);
}

void Staging::write_text(const std::string& name, const std::string& text) {
  StagedFile file = create(name, text.size());
  file.write(0, std::as_bytes(std::span(text)));
  file.finish();
  publish(name);
}

bool Staging::is_committed() const {
  return is_shared() && !same_directory(directory_.get(), partial_) &&
         same_directory(directory_.get(), out_);
}

std::string Staging::commit() {
  if (is_shared() && !is_committed()) clear_unfinished();
  flush_directory(directory_.get(), partial_);
  std::string old;
  if (options_.if_exists == IfExists::Replace && target_.is_taken()) {
    old = exchange();
  } else {
    rename_new();
  }
  committed_ = true;
  flush_parent(target_);
  remove_journal(directory_.get(), out_);
  return old;
}

void Staging::rename_new() {
  if (is_committed() || rename_to_free(partial_, out_) || is_committed()) return;
  if (errno == EEXIST || errno == ENOTEMPTY) {
    fail(Code::Exists, "{}: has appeared while the conversion ran; nothing replaced",
         display(out_));
  }
  // Old network file systems know no flags; the lock has kept other conversions away.
  if (!unsupported(errno) || target_.is_taken() || ::rename(partial_.c_str(), out_.c_str()) != 0) {
    fail_errno(fmt::format("renaming {} to {}", display(partial_), display(out_)));
  }
}

std::string Staging::exchange() {
  if (::rmdir(out_.c_str()) == 0) {  // it was an empty directory
    rename_new();
    return "";
  }
  const std::string old = name_for_old(out_);
  if (::renameat2(AT_FDCWD, partial_.c_str(), AT_FDCWD, out_.c_str(), RENAME_EXCHANGE) != 0) {
    fail_errno(fmt::format("exchanging {} and {}", display(partial_), display(out_)));
  }
  committed_ = true;  // from here on OUT.partial is the user's old directory
  return rename_to_free(partial_, old) ? old : partial_;
}

std::string with_notes(std::string message, const std::vector<std::string>& notes) {
  for (const std::string& note : notes) message += "; " + note;
  return message;
}

std::string finish_commit(const OutputPath& out) {
  const std::string& text = out.text();
  const auto is_committed = [&] {
    const auto work = is_directory(text) ? work_for(text, text) : std::nullopt;
    return work && (!work->makes(kReceiptName) || exists(in(text, kReceiptName)));
  };
  // Of a journal that was being removed the work goes last, then the directory.
  if (is_directory(text) && !has_work(text)) {
    ::rmdir(in(text, kJournalName).c_str());
  }
  if (!is_committed()) return "";
  const UniqueFd directory = open_at(AT_FDCWD, text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (!directory) fail_errno(display(text));
  if (::flock(directory.get(), LOCK_EX | LOCK_NB) != 0) {
    fail(Code::Locked, "{}: locked by {}", display(text), holder_of(text));
  }
  // The run that we waited for may have done all that is left.
  if (!same_directory(directory.get(), text) || !is_committed()) return "";
  const std::string partial = partial_of(text);
  std::string note;
  if (is_directory(partial) && !exists(in(partial, kJournalName))) {
    const std::string old = name_for_old(text);
    if (!rename_to_free(partial, old))
      fail_errno(fmt::format("renaming {} to {}", display(partial), display(old)));
    flush_parent(out);
    note = fmt::format("what a killed conversion had replaced is now {}", display(old));
  }
  remove_journal(directory.get(), text);
  return note;
}

}  // namespace ckptscope
