// Whole blocks go past the page cache, so that a conversion does not push everything else out of
// memory and costs less processor time.
#include "core/output/staged_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "core/base/buffer.hpp"
#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/error.hpp"

namespace ckptscope {
namespace {

/// Below this, one more system call costs more than the page cache.
constexpr std::uint64_t kWorthDirect = 128 * 1024;

}  // namespace

StagedFile::StagedFile(int directory, const std::string& name, std::uint64_t size, Space space)
    : name_(name) {
  fd_ = open_at(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (!fd_ && errno == EEXIST) fail(Code::Exists, "{}: is there already", display(name));
  if (!fd_) fail_errno(fmt::format("creating {}", display(name)));
  if (size == 0) return;
  if (size >= kWorthDirect) {
    direct_ = open_at(directory, name, O_WRONLY | O_DIRECT | O_NOFOLLOW | O_CLOEXEC);
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
      std::min<std::uint64_t>(bytes.size(), round_up(offset, kDirectIoBlock) - offset);
  const std::uint64_t middle = (bytes.size() - head) / kDirectIoBlock * kDirectIoBlock;
  const auto address = reinterpret_cast<std::uintptr_t>(bytes.data());
  const bool aligned = (address - offset) % kDirectIoBlock == 0 && middle >= kWorthDirect;
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

}  // namespace ckptscope
