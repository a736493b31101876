// Files are opened without following what could block or change under us, and read by position.
#include "core/base/file.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <memory>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/error.hpp"

namespace ckptscope {
namespace {

std::int64_t nanoseconds(const timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

FileIdentity identity_from(const struct stat& status) {
  return {static_cast<std::uint64_t>(status.st_dev), static_cast<std::uint64_t>(status.st_ino),
          static_cast<std::uint64_t>(status.st_size), nanoseconds(status.st_mtim),
          nanoseconds(status.st_ctim)};
}

bool says_absent(int error) {
  return error == ENOENT || error == ENOTDIR || error == ELOOP || error == ENAMETOOLONG;
}

UniqueFd open_for_reading(const std::string& path, File::Caching caching) {
  constexpr int kFlags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  UniqueFd fd;
  if (caching == File::Caching::Direct) fd = open_at(AT_FDCWD, path, kFlags | O_DIRECT);
  if (!fd) fd = open_at(AT_FDCWD, path, kFlags);
  if (!fd && errno == ENXIO) fail(Code::NotRegularFile, "{}: not a regular file", display(path));
  if (!fd) fail_errno(display(path));
  return fd;
}

}  // namespace

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void UniqueFd::reset() noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void UniqueFd::close_checked(std::string_view name) {
  if (::close(std::exchange(fd_, -1)) != 0) fail_errno(fmt::format("closing {}", display(name)));
}

bool FileIdentity::same_content(const FileIdentity& other) const {
  return same_file(other) && size == other.size && mtime_ns == other.mtime_ns;
}

File::File(std::string path, Caching caching)
    : path_(std::move(path)), fd_(open_for_reading(path_, caching)) {
  struct stat status {};
  if (::fstat(fd_.get(), &status) != 0) fail_errno(display(path_));
  if (!S_ISREG(status.st_mode)) {
    fail(Code::NotRegularFile, "{}: not a regular file", display(path_));
  }
  identity_ = identity_from(status);
}

void File::read(std::uint64_t offset, std::span<std::byte> out) const {
  const std::size_t got = read_some(offset, out);
  if (got == out.size()) return;
  fail(Code::TruncatedSource, "{}: source truncated at {}, expected {} bytes at offset {}",
       display(path_), offset + got, out.size(), offset);
}

std::size_t File::read_some(std::uint64_t offset, std::span<std::byte> out) const {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t got =
        ::pread(fd_.get(), out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      fail_errno(
          fmt::format("{}: reading {} bytes at offset {}", display(path_), out.size(), offset));
    }
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

std::string read_text(const std::string& path, std::uint64_t limit) {
  return read_text(File(path), limit);
}

std::string read_text(const File& file, std::uint64_t limit) {
  if (file.size() > limit) {
    fail(Code::BadJson, "{}: {} is larger than the {} that are read", display(file.path()),
         format_bytes(file.size()), format_bytes(limit));
  }
  std::string text(file.size(), '\0');
  file.read(0, std::as_writable_bytes(std::span(text)));
  return text;
}

FileIdentity identity_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) fail_errno(display(path));
  return identity_from(status);
}

namespace {

/// nullopt: there is no such thing.
std::optional<struct stat> status_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) return status;
  if (says_absent(errno)) return std::nullopt;
  fail_errno(display(path));
}

}  // namespace

FileKind kind_of(const std::string& path) {
  const auto status = status_of(path);
  return !status                    ? FileKind::Absent
         : S_ISREG(status->st_mode) ? FileKind::Regular
         : S_ISDIR(status->st_mode) ? FileKind::Directory
                                    : FileKind::Other;
}

std::optional<std::uint64_t> regular_size(const std::string& path) {
  const auto status = status_of(path);
  if (!status || !S_ISREG(status->st_mode)) return std::nullopt;
  return static_cast<std::uint64_t>(status->st_size);
}

bool is_directory(const std::string& path) {
  return kind_of(path) == FileKind::Directory;
}

bool exists(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0) return true;
  if (says_absent(errno)) return false;
  fail_errno(display(path));
}

namespace {

std::vector<std::string> names_of(DIR* opened, const std::string& directory) {
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(opened, ::closedir);
  if (!stream) fail_errno(display(directory));
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr && errno != 0) fail_errno(fmt::format("listing {}", display(directory)));
    if (entry == nullptr) return names;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
}

}  // namespace

std::vector<std::string> names_in(const std::string& directory) {
  UniqueFd fd = open_at(AT_FDCWD, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (!fd) fail_errno(display(directory));
  return names_of(::fdopendir(fd.release()), directory);
}

std::vector<std::string> names_in(int directory) {
  UniqueFd again = open_at(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (!again) fail_errno("a directory");
  return names_of(::fdopendir(again.release()), "a directory");
}

UniqueFd open_at(int directory, const std::string& name, int flags, unsigned mode) {
  int fd = -1;
  do {
    fd = ::openat(directory, name.c_str(), flags, mode);
  } while (fd < 0 && errno == EINTR);
  return UniqueFd(fd);
}

void remove_file(int directory, const std::string& name, int flags) {
  if (::unlinkat(directory, name.c_str(), flags) != 0 && errno != ENOENT) {
    fail_errno(fmt::format("removing {}", display(name)));
  }
}

void flush_directory(int fd, std::string_view name) {
  if (::fsync(fd) != 0 && !unsupported(errno))
    fail_errno(fmt::format("flushing {}", display(name)));
}

std::optional<std::string> link_target(const std::string& path) {
  std::string target(PATH_MAX, '\0');
  const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
  if (size < 0 && (errno == EINVAL || says_absent(errno))) return std::nullopt;
  if (size < 0) fail_errno(display(path));
  target.resize(static_cast<std::size_t>(size));
  return target;
}

std::string real_path(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), std::free);
  if (!real) fail_errno(display(path));
  return real.get();
}

bool unsupported(int error) {
  return error == EINVAL || error == ENOTSUP || error == EOPNOTSUPP || error == ENOSYS;
}

std::string last_component(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

}  // namespace ckptscope
