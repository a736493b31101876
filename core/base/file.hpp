// Files of the operating system, read-only and exact: RAII descriptors, positional reads that
// either fill the buffer or throw, and the identity by which a change is noticed.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ckptscope {

/// Owns one descriptor; -1 owns none.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept;
  ~UniqueFd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void reset() noexcept;
  int release() { return std::exchange(fd_, -1); }
  /// Closes and throws on failure: a write error may surface only here.
  void close_checked(std::string_view name);

 private:
  int fd_ = -1;
};

/// openat(2), made again where a signal interrupts it: network file systems wait in it. `directory`
/// may be AT_FDCWD. Without a descriptor errno says why.
UniqueFd open_at(int directory, const std::string& name, int flags, unsigned mode = 0);

/// What must stay the same between planning and the end of a conversion. ctime tells of renames and
/// links too, so a difference in it alone is only a note (see same_content).
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
  std::int64_t ctime_ns = 0;

  bool same_content(const FileIdentity& other) const;
  bool same_file(const FileIdentity& other) const {
    return device == other.device && inode == other.inode;
  }
};

/// A regular file opened for reading. Thread-safe: all reads are positional.
class File {
 public:
  /// Direct: past the page cache where the file system can; offsets, sizes and addresses of reads
  /// must then be multiples of kDirectIoBlock.
  enum class Caching { Normal, Direct };

  /// Opens O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC; throws NotRegularFile for anything but a
  /// regular file (devices, pipes, sockets, directories), NotFound, NoPermission, Io.
  explicit File(std::string path, Caching caching = Caching::Normal);

  const std::string& path() const { return path_; }
  const FileIdentity& identity() const { return identity_; }
  std::uint64_t size() const { return identity_.size; }
  int fd() const { return fd_.get(); }

  /// Fills `out` from byte `offset` on, or throws Io / TruncatedSource with offset and length.
  void read(std::uint64_t offset, std::span<std::byte> out) const;
  /// As many bytes as there are, up to the size of `out`; fewer only at the end of the file.
  std::size_t read_some(std::uint64_t offset, std::span<std::byte> out) const;

 private:
  std::string path_;
  UniqueFd fd_;
  FileIdentity identity_;
};

/// The whole of a small file as text; BadConfig-like callers add context. Throws when it is larger
/// than `limit` bytes, so that a hostile file cannot exhaust memory.
std::string read_text(const std::string& path, std::uint64_t limit);
std::string read_text(const File& file, std::uint64_t limit);

/// True for an `errno` that says that the file system does not know an operation.
bool unsupported(int error);

/// What the questions below throw: whatever the file system says but that there is no such thing.
/// Silence about it would be taken for "no".
FileIdentity identity_of(const std::string& path);
enum class FileKind { Absent, Regular, Directory, Other };
FileKind kind_of(const std::string& path);  // of what a link leads to
bool is_directory(const std::string& path);
/// Bytes of a regular file; nullopt for what is none. One question: between two it may be renamed.
std::optional<std::uint64_t> regular_size(const std::string& path);
bool exists(const std::string& path);  // a link that points to nothing does
/// Names of what lies in a directory but . and .., in no order.
std::vector<std::string> names_in(const std::string& directory);
std::vector<std::string> names_in(int directory);  // that is open
/// Removes a file of an open directory; one that is gone already is none.
void remove_file(int directory, const std::string& name, int flags = 0);
/// Durability of names; a directory that cannot be flushed (network file systems) is no failure.
void flush_directory(int fd, std::string_view name);
/// What a link says; nullopt for what is no link.
std::optional<std::string> link_target(const std::string& path);
/// The path without links, of something that is there.
std::string real_path(const std::string& path);
/// What follows the last slash.
std::string last_component(const std::string& path);

}  // namespace ckptscope
