// One file of tensors, read by position: what the page cache holds comes from there, large pieces
// of the rest straight from the disk. A checkpoint that is read once does not push everything else
// out of memory, and costs a fraction of the processor time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/base/buffer.hpp"
#include "core/base/file.hpp"

namespace ckptscope {

/// Not thread-safe. Nothing is read through a memory map: that would be a signal where a file is
/// truncated meanwhile.
class ShardReader {
 public:
  explicit ShardReader(File file);
  ~ShardReader();
  ShardReader(ShardReader&& other) noexcept;
  ShardReader& operator=(ShardReader&&) = delete;

  const File& file() const { return file_; }

  /// As File::read(). `scratch` is for pieces past the page cache, at most some MiB of it.
  void read(std::uint64_t offset, std::span<std::byte> out, Buffer& scratch);
  /// The same somewhere in `buffer`, which is spared a copy; valid until that is taken anew.
  std::span<const std::byte> fetch(std::uint64_t offset, std::uint64_t bytes, Buffer& buffer);

 private:
  bool goes_direct(std::uint64_t offset, std::uint64_t bytes) const;
  bool is_cached(std::uint64_t offset, std::uint64_t bytes) const;
  std::span<const std::byte> read_blocks(std::uint64_t offset, std::uint64_t bytes, Buffer& buffer);

  File file_;
  std::optional<File> direct_;      // the same, past the page cache
  const std::byte* map_ = nullptr;  // never looked into: it is what the kernel is asked about
};

}  // namespace ckptscope
