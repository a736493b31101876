// mincore() tells which pages of a file are in memory; O_DIRECT reads whole blocks around what is
// wanted.
#include "core/source/shard_reader.hpp"

#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"

namespace ckptscope {
namespace {

/// Below this a call of its own costs more than the page cache.
constexpr std::uint64_t kWorthDirect = std::uint64_t{256} << 10;
constexpr std::uint64_t kPiece = std::uint64_t{4} << 20;

/// File systems over a network read ahead of us and keep what they have read, which is worth more
/// there. Numbers of statfs(2).
bool is_remote(int fd) {
  constexpr std::array<std::uint32_t, 10> kRemote{
      0x6969,      // NFS
      0x517B,      // SMB
      0xFF534D42,  // CIFS
      0xFE534D42,  // SMB2
      0x65735546,  // FUSE
      0x0BD00BD0,  // Lustre
      0x00C36400,  // Ceph
      0x47504653,  // GPFS
      0x19830326,  // BeeGFS
      0x01021997,  // 9P
  };
  struct statfs status {};
  if (::fstatfs(fd, &status) != 0) return true;
  return std::find(kRemote.begin(), kRemote.end(), static_cast<std::uint32_t>(status.f_type)) !=
         kRemote.end();
}

}  // namespace

ShardReader::ShardReader(File file) : file_(std::move(file)) {
  if (file_.size() < kWorthDirect || is_remote(file_.fd())) return;
  void* const map = ::mmap(nullptr, file_.size(), PROT_NONE, MAP_SHARED, file_.fd(), 0);
  if (map != MAP_FAILED) map_ = static_cast<const std::byte*>(map);
}

ShardReader::~ShardReader() {
  if (map_ != nullptr) ::munmap(const_cast<std::byte*>(map_), file_.size());
}

ShardReader::ShardReader(ShardReader&& other) noexcept
    : file_(std::move(other.file_)),
      direct_(std::move(other.direct_)),
      map_(std::exchange(other.map_, nullptr)) {}

void ShardReader::read(std::uint64_t offset, std::span<std::byte> out, Buffer& scratch) {
  if (!goes_direct(offset, out.size())) return file_.read(offset, out);
  for (std::size_t done = 0; done < out.size();) {
    const auto rest = out.subspan(done);
    const auto piece =
        read_blocks(offset + done, std::min<std::uint64_t>(kPiece, rest.size()), scratch);
    if (piece.empty()) return file_.read(offset + done, rest);
    std::memcpy(rest.data(), piece.data(), piece.size());
    done += piece.size();
  }
}

std::span<const std::byte> ShardReader::fetch(std::uint64_t offset, std::uint64_t bytes,
                                              Buffer& buffer) {
  if (goes_direct(offset, bytes)) {
    const auto read = read_blocks(offset, bytes, buffer);
    if (!read.empty()) return read;
  }
  const std::span<std::byte> out = buffer.take(bytes);
  file_.read(offset, out);
  return out;
}

bool ShardReader::goes_direct(std::uint64_t offset, std::uint64_t bytes) const {
  const bool inside = offset <= file_.size() && bytes <= file_.size() - offset;
  return map_ != nullptr && inside && bytes >= kWorthDirect && !is_cached(offset, bytes);
}

/// Most of it is. Of a file of somebody else the kernel says so of everything.
bool ShardReader::is_cached(std::uint64_t offset, std::uint64_t bytes) const {
  static const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  constexpr std::size_t kPages = 1024;  // asked about at a time
  std::array<unsigned char, kPages> resident;
  std::uint64_t cached = 0;
  const std::uint64_t begin = offset / page * page;
  const std::uint64_t end = offset + bytes;
  for (std::uint64_t at = begin; at < end; at += kPages * page) {
    const std::uint64_t now = std::min(kPages * page, end - at);
    if (::mincore(const_cast<std::byte*>(map_ + at), now, resident.data()) != 0) return true;
    const std::span pages(resident.data(), ceil_div(now, page));
    cached += static_cast<std::uint64_t>(std::count_if(
        pages.begin(), pages.end(), [](unsigned char one) { return (one & 1) != 0; }));
  }
  return 2 * cached * page >= end - begin;
}

/// Empty where the file system does not take it: the same is then read as usual, which also says
/// what is wrong.
std::span<const std::byte> ShardReader::read_blocks(std::uint64_t offset, std::uint64_t bytes,
                                                    Buffer& buffer) {
  try {
    if (!direct_) direct_.emplace(file_.path(), File::Caching::Direct);
    if (!direct_->identity().same_content(file_.identity())) return {};
    const std::uint64_t skip = offset % kDirectIoBlock;
    const auto blocks = buffer.take(round_up(skip + bytes, kDirectIoBlock));
    const bool all = direct_->read_some(offset - skip, blocks) >= skip + bytes;
    return all ? blocks.subspan(skip, bytes) : std::span<std::byte>();
  } catch (const Error&) {
    return {};
  }
}

}  // namespace ckptscope
