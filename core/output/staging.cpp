// Lock, journal, commit. What an interrupted run has left is told by its journal alone.
#include "core/output/staging.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <optional>
#include <span>
#include <vector>

#include "core/base/display.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"

namespace ckptscope {
namespace {

/// Durability of names: a directory that cannot be flushed (network file systems) is no failure.
void flush_directory(int fd, std::string_view name) {
  if (::fsync(fd) != 0 && !unsupported(errno))
    fail_errno(fmt::format("flushing {}", display(name)));
}

std::string in(const std::string& directory, std::string_view name) {
  return fmt::format("{}/{}", directory, name);
}

/// The journal of `directory`, if it says that a run made the directory for `out`.
std::optional<Journal> journal_for(const std::string& out, const std::string& directory) {
  auto journal = read_journal(directory);
  return journal && journal->is_for(out) ? journal : std::nullopt;
}

std::string holder_of(const std::string& directory) {
  const auto journal = read_journal(directory);
  return journal && !journal->holder.empty() ? display(journal->holder) : "another process";
}

/// Of nothing but a journal that was being begun when the run was killed.
bool is_as_good_as_empty(const std::string& directory) {
  const std::vector<std::string> names = names_in(directory);
  return names.empty() || (names.size() == 1 && names.front() == kJournalName &&
                           identity_of(in(directory, kJournalName)).size == 0);
}

/// Removes files and, when all of them are gone, the journal: what stays keeps its proof. Throws.
void remove_files(int directory, std::span<const std::string> names) {
  for (const std::string& name : names) {
    if (name == kJournalName) continue;
    if (::unlinkat(directory, name.c_str(), 0) != 0 && errno != ENOENT) {
      fail_errno(fmt::format("removing {}", display(name)));
    }
  }
  if (::unlinkat(directory, std::string(kJournalName).c_str(), 0) != 0 && errno != ENOENT) {
    fail_errno(fmt::format("removing {}", kJournalName));
  }
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
  const UniqueFd parent(::open(out.parent().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (parent) flush_directory(parent.get(), out.parent());
}

void remove_journal(int directory, const std::string& out) {
  if (::unlinkat(directory, std::string(kJournalName).c_str(), 0) != 0 && errno != ENOENT) {
    fail_errno(fmt::format("{} is complete, but its {} stays", display(out), kJournalName));
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

Staging::Staging(const OutputPath& out, IfExists if_exists)
    : target_(out), out_(out.text()), partial_(out_ + ".partial"), if_exists_(if_exists) {
  note(finish_commit(out));
  try {
    refuse_taken();
    lock();
    journal_ = JournalWriter(directory_.get(), out_);
  } catch (const Error& error) {
    remove();  // a constructor that throws is not destroyed
    throw Error(error.code(), with_notes(error.what(), notes_));
  }
}

void Staging::refuse_taken() const {
  if (!target_.is_taken() || (if_exists_ == IfExists::Replace && is_directory(out_))) return;
  fail(Code::Exists, "{}: exists; --if-exists replace keeps the old one beside it", display(out_));
}

Staging::~Staging() {
  if (!committed_) remove();
}

void Staging::note(std::string text) {
  if (!text.empty()) notes_.push_back(std::move(text));
}

/// Removes what this run has made, and the directory: nothing of a failure stays.
void Staging::remove() noexcept {
  try {
    if (journal_) remove_files(directory_.get(), made_);
  } catch (const std::exception&) {  // what cannot be removed now is cleared by the next run
  }
  if (directory_ || made_directory_) ::rmdir(partial_.c_str());  // only if it is empty
}

void Staging::lock() {
  made_directory_ = ::mkdir(partial_.c_str(), 0777) == 0;
  if (!made_directory_ && errno != EEXIST) fail_errno(fmt::format("making {}", display(partial_)));
  UniqueFd directory(::open(partial_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory) fail_errno(display(partial_));
  const bool locked = ::flock(directory.get(), LOCK_EX | LOCK_NB) == 0;
  if (!locked && errno == EWOULDBLOCK) {
    made_directory_ = false;  // the other one has it now
    fail(Code::Locked, "{}: locked by {}", display(out_), holder_of(partial_));
  }
  if (!locked && !made_directory_) {
    fail(Code::Locked,
         "{}: exists, and this file system has no locks to tell whether {} still runs",
         display(partial_), holder_of(partial_));
  }
  if (!same_directory(directory.get(), partial_)) {
    made_directory_ = false;
    fail(Code::Locked, "{}: another process has just finished with it", display(out_));
  }
  if (put_aside_complete()) return lock();
  clear_interrupted(directory.get());
  directory_ = std::move(directory);  // from here on the directory is ours to remove
}

/// What was written whole is never cleared, whatever its journal says of an owner: a kill before
/// the renaming leaves it, and so does somebody who gives a finished output this name.
bool Staging::put_aside_complete() {
  const auto journal = journal_for(out_, partial_);
  if (!journal || !journal->complete) return false;
  const std::string old = name_for_old(out_);
  if (!rename_to_free(partial_, old)) {
    fail_errno(fmt::format("renaming {} to {}", display(partial_), display(old)));
  }
  const UniqueFd directory(::open(old.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) fail_errno(display(old));
  remove_journal(directory.get(), old);
  flush_parent(target_);
  note(fmt::format("a complete output that never got its name is now {}", display(old)));
  return true;
}

/// Empties OUT.partial where its journal proves that all in it is an interrupted run's.
void Staging::clear_interrupted(int directory) {
  const std::vector<std::string> names = names_in(partial_);
  const auto journal = journal_for(out_, partial_);
  if (!journal && !is_as_good_as_empty(partial_)) {
    fail(Code::Exists, "{}: exists and is not a conversion of ours; move it away",
         display(partial_));
  }
  for (const std::string& name : names) {
    if (!journal || journal->names(name)) continue;
    fail(Code::Exists,
         "{}: an interrupted conversion left it, and {} in it is not of that conversion; move it "
         "away",
         display(partial_), display(name));
  }
  remove_files(directory, names);
  if (journal) note("cleared what an interrupted conversion had left");
}

/// A file is named before it is made, so that a later run can tell it from others; this run removes
/// only what it has made itself.
StagedFile Staging::make(const std::string& name, std::uint64_t size, StagedFile::Space space) {
  const std::lock_guard lock(mutex_);
  if (exists(in(partial_, name))) {
    fail(Code::Exists, "{}: {} has appeared in it while the conversion ran", display(partial_),
         display(name));
  }
  journal_.note_file(name);
  made_.push_back(name);
  try {
    return StagedFile(directory_.get(), name, size, space);
  } catch (const Error& error) {
    if (error.code() == Code::Exists) made_.pop_back();
    throw;
  }
}

StagedFile Staging::create(const std::string& name, std::uint64_t size) {
  return make(name, size, StagedFile::Space::Reserved);
}

StagedFile Staging::create_sparse(const std::string& name, std::uint64_t size) {
  return make(name, size, StagedFile::Space::Sparse);
}

void Staging::write_text(const std::string& name, const std::string& text) {
  StagedFile file = create(name, text.size());
  file.write(0, std::as_bytes(std::span(text)));
  file.finish();
}

std::string Staging::commit() {
  flush_directory(directory_.get(), partial_);
  journal_.note_complete();
  std::string old;
  if (if_exists_ == IfExists::Replace && target_.is_taken()) {
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
  if (rename_to_free(partial_, out_)) return;
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
  if (!is_directory(text) || !journal_for(text, text)) return "";
  const UniqueFd directory(::open(text.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) fail_errno(display(text));
  if (::flock(directory.get(), LOCK_EX | LOCK_NB) != 0) {
    fail(Code::Locked, "{}: locked by {}", display(text), holder_of(text));
  }
  // The run that we waited for may have done all that is left.
  if (!same_directory(directory.get(), text) || !journal_for(text, text)) return "";
  const std::string partial = text + ".partial";
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
