#include "core/staging.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "core/buffer.hpp"
#include "core/bytes.hpp"
#include "core/display.hpp"
#include "core/error.hpp"
#include "core/receipt.hpp"

namespace ckptscope {
namespace {

namespace fs = std::filesystem;

/// Below this, one more system call costs more than the page cache.
constexpr std::uint64_t kWorthDirect = 128 * 1024;

bool unsupported(int error) {
  return error == EINVAL || error == ENOTSUP || error == EOPNOTSUPP || error == ENOSYS;
}

/// Durability of names: a directory that cannot be flushed (network file systems) is no failure.
void flush_directory(int fd, std::string_view name) {
  if (::fsync(fd) != 0 && !unsupported(errno))
    fail_errno(fmt::format("flushing {}", display(name)));
}

std::string journal_text() {
  char host[256] = {};
  ::gethostname(host, sizeof host - 1);
  char since[32] = {};
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::strftime(since, sizeof since, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return fmt::format("ckptscope conversion in progress\npid {}, host {}, since {}\n", ::getpid(),
                     host, since);
}

std::string holder_of(const std::string& partial) {
  std::ifstream journal(partial + "/" + std::string(kJournalName));
  std::string first, second;
  std::getline(journal, first);
  std::getline(journal, second);
  return second.empty() ? "another process" : display(second);
}

bool same_directory(int fd, const std::string& path) {
  struct stat opened {};
  struct stat named {};
  return ::fstat(fd, &opened) == 0 && ::stat(path.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

}  // namespace

StagedFile::StagedFile(int directory, const std::string& name, std::uint64_t size, Space space)
    : name_(name) {
  fd_ = UniqueFd(::openat(directory, name.c_str(),
                          O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (!fd_) fail_errno(fmt::format("creating {}", display(name)));
  if (size == 0) return;
  if (size >= kWorthDirect) {
    direct_ =
        UniqueFd(::openat(directory, name.c_str(), O_WRONLY | O_DIRECT | O_NOFOLLOW | O_CLOEXEC));
  }
  // Space that is reserved now cannot run out in the middle.
  const bool reserved =
      space == Space::Reserved && ::fallocate(fd_.get(), 0, 0, static_cast<off_t>(size)) == 0;
  if (reserved) return;
  if (space == Space::Reserved && !unsupported(errno))
    fail_errno(fmt::format("reserving {} bytes for {}", size, display(name)));
  if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) {
    fail_errno(fmt::format("sizing {} to {} bytes", display(name), size));
  }
}

void StagedFile::write(std::uint64_t offset, std::span<const std::byte> bytes) {
  const std::uint64_t head =
      std::min<std::uint64_t>(bytes.size(), round_up(offset, kBlock) - offset);
  const std::uint64_t middle = (bytes.size() - head) / kBlock * kBlock;
  const auto address = reinterpret_cast<std::uintptr_t>(bytes.data());
  const bool aligned = (address - offset) % kBlock == 0 && middle >= kWorthDirect;
  if (!aligned || !put_direct(offset + head, bytes.subspan(head, middle))) {
    return put(fd_.get(), offset, bytes);
  }
  // Blocks that are shared with a neighbour go through the page cache; no other block does.
  put(fd_.get(), offset, bytes.first(head));
  put(fd_.get(), offset + head + middle, bytes.subspan(head + middle));
}

bool StagedFile::put_direct(std::uint64_t offset, std::span<const std::byte> bytes) {
  if (!direct_) return false;
  const ssize_t first =
      ::pwrite(direct_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
  if (first < 0) return false;  // the buffered way tries again and reports what is wrong
  put(fd_.get(), offset + static_cast<std::uint64_t>(first),
      bytes.subspan(static_cast<std::size_t>(first)));
  return true;
}

void StagedFile::put(int fd, std::uint64_t offset, std::span<const std::byte> bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t put =
        ::pwrite(fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) {
      fail_errno(
          fmt::format("{}: writing {} bytes at offset {}", display(name_), bytes.size(), offset));
    }
    done += static_cast<std::size_t>(put);
  }
  // Writing to the disk starts now, so that the flush at the end has little left to do.
  if (bytes.size() >= kWorthDirect) {
    ::sync_file_range(fd, static_cast<off_t>(offset), static_cast<off_t>(bytes.size()),
                      SYNC_FILE_RANGE_WRITE);
  }
}

void StagedFile::finish() {
  if (::fsync(fd_.get()) != 0) fail_errno(fmt::format("flushing {}", display(name_)));
  ::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_DONTNEED);
  fd_.close_checked(name_);
}

Staging::Staging(const OutputPath& out, IfExists if_exists)
    : target_(out), out_(out.text()), partial_(out_ + ".partial"), if_exists_(if_exists) {
  if (out.is_taken() && (if_exists == IfExists::Fail || !is_directory(out_))) {
    fail(Code::Exists, "{}: exists; --if-exists replace keeps the old one beside it",
         display(out_));
  }
  try {
    lock();
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
    clear();
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
  const bool empty = fs::is_empty(partial_);
  // A run that was killed between its last two steps has left its receipt, but no journal.
  const bool ours = exists(partial_ + "/" + std::string(kJournalName)) ||
                    exists(partial_ + "/" + std::string(kReceiptName));
  if (!empty && !ours) {
    fail(Code::Exists, "{}: exists and is not a conversion of ours; move it away",
         display(partial_));
  }
  directory_ = std::move(directory);
  cleared_ = !empty;
  clear();
  write_text(std::string(kJournalName), journal_text());
}

/// Removes the files in the staging directory; a journal says that they are ours.
void Staging::clear() {
  std::error_code error;
  std::string journal;
  for (const fs::directory_entry& entry : fs::directory_iterator(partial_, error)) {
    if (entry.path().filename() == kJournalName) {
      journal = entry.path().string();
    } else if (entry.symlink_status().type() != fs::file_type::directory) {
      fs::remove(entry.path(), error);
    }
  }
  if (!journal.empty()) fs::remove(journal, error);  // last: it is what makes the rest ours
}

StagedFile Staging::create(const std::string& name, std::uint64_t size) {
  return StagedFile(directory_.get(), name, size);
}

StagedFile Staging::create_sparse(const std::string& name, std::uint64_t size) {
  return StagedFile(directory_.get(), name, size, StagedFile::Space::Sparse);
}

void Staging::write_text(const std::string& name, const std::string& text) {
  StagedFile file = create(name, text.size());
  file.write(0, std::as_bytes(std::span(text)));
  file.finish();
}

std::string Staging::commit() {
  ::unlinkat(directory_.get(), std::string(kJournalName).c_str(), 0);
  flush_directory(directory_.get(), partial_);
  std::string old;
  if (if_exists_ == IfExists::Replace && target_.is_taken()) {
    old = exchange();
  } else {
    rename_new();
  }
  committed_ = true;
  const UniqueFd parent(::open(target_.parent().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (parent) flush_directory(parent.get(), target_.parent());
  return old;
}

void Staging::rename_new() {
  if (::renameat2(AT_FDCWD, partial_.c_str(), AT_FDCWD, out_.c_str(), RENAME_NOREPLACE) == 0)
    return;
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
  std::string old;
  for (int n = 1; old.empty() || exists(old); ++n) old = fmt::format("{}.old-{}", out_, n);
  if (::renameat2(AT_FDCWD, partial_.c_str(), AT_FDCWD, out_.c_str(), RENAME_EXCHANGE) != 0) {
    fail_errno(fmt::format("exchanging {} and {}", display(partial_), display(out_)));
  }
  committed_ = true;  // from here on OUT.partial is the user's old directory
  if (::renameat2(AT_FDCWD, partial_.c_str(), AT_FDCWD, old.c_str(), RENAME_NOREPLACE) != 0) {
    return partial_;
  }
  return old;
}

}  // namespace ckptscope
