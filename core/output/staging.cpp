// Lock, journal, commit. What an interrupted run has left is told by its journal alone.
#include "core/output/staging.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>

#include "core/base/display.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"

namespace ckptscope {
namespace {

namespace fs = std::filesystem;

/// Durability of names: a directory that cannot be flushed (network file systems) is no failure.
void flush_directory(int fd, std::string_view name) {
  if (::fsync(fd) != 0 && !unsupported(errno))
    fail_errno(fmt::format("flushing {}", display(name)));
}

std::string in(const std::string& directory, std::string_view name) {
  return fmt::format("{}/{}", directory, name);
}

// ---- the journal: one line each for the run, the output, and every file
// ---------------------------

constexpr std::string_view kOutputLine = "output ";
constexpr std::string_view kFileLine = "file ";

std::string journal_head(const std::string& out) {
  char host[256] = {};
  ::gethostname(host, sizeof host - 1);
  char since[32] = {};
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::strftime(since, sizeof since, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return fmt::format("ckptscope conversion in progress\npid {}, host {}, since {}\n{}{}\n",
                     ::getpid(), host, since, kOutputLine, display(last_component(out)));
}

struct Journal {
  std::string holder;             // "pid 12, host a, since …"
  std::string output;             // last component of OUT, as displayed
  std::set<std::string> files{};  // as displayed
};

std::optional<Journal> read_journal(const std::string& directory) {
  std::ifstream file(in(directory, kJournalName));
  if (!file) return std::nullopt;
  Journal journal;
  std::string line;
  std::getline(file, line);
  std::getline(file, journal.holder);
  while (std::getline(file, line)) {
    if (line.starts_with(kOutputLine)) journal.output = line.substr(kOutputLine.size());
    if (line.starts_with(kFileLine)) journal.files.insert(line.substr(kFileLine.size()));
  }
  return journal;
}

/// The journal of `directory`, if it says that a run made the directory for `out`.
std::optional<Journal> journal_for(const std::string& out, const std::string& directory) {
  auto journal = read_journal(directory);
  if (journal && journal->output != display(last_component(out))) return std::nullopt;
  return journal;
}

std::string holder_of(const std::string& directory) {
  const auto journal = read_journal(directory);
  return journal && !journal->holder.empty() ? display(journal->holder) : "another process";
}

/// Removes the files that `journal` names and, last, the journal itself.
void clear(const std::string& directory, const Journal& journal) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory, error)) {
    if (journal.files.contains(display(entry.path().filename().string())))
      fs::remove(entry.path(), error);
  }
  fs::remove(in(directory, kJournalName), error);
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
  if (::unlinkat(directory, std::string(kJournalName).c_str(), 0) != 0) {
    fail_errno(fmt::format("{} is complete, but its {} stays", display(out), kJournalName));
  }
  flush_directory(directory, out);
}

/// One line of a journal, whole or an error.
void append(int fd, std::string_view name, const std::string& text) {
  const ssize_t put = ::write(fd, text.data(), text.size());
  if (put != static_cast<ssize_t>(text.size())) fail_errno(fmt::format("writing {}", name));
}

bool same_directory(int fd, const std::string& path) {
  struct stat opened {};
  struct stat named {};
  return ::fstat(fd, &opened) == 0 && ::stat(path.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

}  // namespace

Staging::Staging(const OutputPath& out, IfExists if_exists)
    : target_(out), out_(out.text()), partial_(out_ + ".partial"), if_exists_(if_exists) {
  finish_commit(out);
  if (out.is_taken() && (if_exists == IfExists::Fail || !is_directory(out_))) {
    fail(Code::Exists, "{}: exists; --if-exists replace keeps the old one beside it",
         display(out_));
  }
  try {
    lock();
    open_journal();
  } catch (...) {
    remove();  // a constructor that throws is not destroyed
    throw;
  }
}

Staging::~Staging() {
  if (!committed_) remove();
}

/// Removes what was written, and the directory: nothing of a failure stays.
void Staging::remove() noexcept {
  if (!directory_) return;
  try {
    if (journal_) clear(partial_, read_journal(partial_).value_or(Journal{}));
  } catch (const std::exception&) {  // what cannot be removed cannot be helped
  }
  ::rmdir(partial_.c_str());
}

void Staging::lock() {
  const bool made = ::mkdir(partial_.c_str(), 0777) == 0;
  if (!made && errno != EEXIST) fail_errno(fmt::format("making {}", display(partial_)));
  UniqueFd directory(::open(partial_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory) fail_errno(display(partial_));
  const bool locked = ::flock(directory.get(), LOCK_EX | LOCK_NB) == 0;
  if (!locked && errno == EWOULDBLOCK) {
    fail(Code::Locked, "{}: locked by {}", display(out_), holder_of(partial_));
  }
  if (!locked && !made) {
    fail(Code::Locked,
         "{}: exists, and this file system has no locks to tell whether {} still runs",
         display(partial_), holder_of(partial_));
  }
  if (!same_directory(directory.get(), partial_)) {
    fail(Code::Locked, "{}: another process has just finished with it", display(out_));
  }
  clear_interrupted();
  directory_ = std::move(directory);  // from here on the directory is ours to remove
}

/// Empties OUT.partial where its journal proves that all in it is an interrupted run's.
void Staging::clear_interrupted() {
  if (fs::is_empty(partial_)) return;
  const auto journal = journal_for(out_, partial_);
  if (!journal) {
    fail(Code::Exists, "{}: exists and is not a conversion of ours; move it away",
         display(partial_));
  }
  for (const fs::directory_entry& entry : fs::directory_iterator(partial_)) {
    const std::string name = entry.path().filename().string();
    if (name == kJournalName || journal->files.contains(display(name))) continue;
    fail(Code::Exists,
         "{}: an interrupted conversion left it, and {} in it is not of that conversion; move it "
         "away",
         display(partial_), display(name));
  }
  clear(partial_, *journal);
  cleared_ = true;
}

void Staging::open_journal() {
  const std::string name(kJournalName);
  journal_ =
      UniqueFd(::openat(directory_.get(), name.c_str(),
                        O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (!journal_) fail_errno(fmt::format("creating {}", name));
  append(journal_.get(), name, journal_head(out_));
}

/// A file is named before it is made: what has no name in the journal is never removed.
void Staging::note(const std::string& name) {
  append(journal_.get(), kJournalName, fmt::format("{}{}\n", kFileLine, display(name)));
}

StagedFile Staging::create(const std::string& name, std::uint64_t size) {
  note(name);
  return StagedFile(directory_.get(), name, size);
}

StagedFile Staging::create_sparse(const std::string& name, std::uint64_t size) {
  note(name);
  return StagedFile(directory_.get(), name, size, StagedFile::Space::Sparse);
}

void Staging::write_text(const std::string& name, const std::string& text) {
  StagedFile file = create(name, text.size());
  file.write(0, std::as_bytes(std::span(text)));
  file.finish();
}

std::string Staging::commit() {
  flush_directory(directory_.get(), partial_);
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
  std::error_code error;
  if (fs::is_empty(out_, error) && ::rmdir(out_.c_str()) == 0) {
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

std::string finish_commit(const OutputPath& out) {
  if (!is_directory(out.text()) || !journal_for(out.text(), out.text())) return "";
  const UniqueFd directory(
      ::open(out.text().c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory) fail_errno(display(out.text()));
  if (::flock(directory.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    fail(Code::Locked, "{}: locked by {}", display(out.text()), holder_of(out.text()));
  }
  const std::string partial = out.text() + ".partial";
  std::string old;
  if (is_directory(partial) && !exists(in(partial, kJournalName))) {
    old = name_for_old(out.text());
    if (!rename_to_free(partial, old))
      fail_errno(fmt::format("renaming {} to {}", display(partial), display(old)));
    flush_parent(out);
  }
  remove_journal(directory.get(), out.text());
  return old;
}

}  // namespace ckptscope
