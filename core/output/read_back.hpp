// What was written, as the disk has it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/progress.hpp"

namespace ckptscope {

/// Reads `bytes` bytes of a file from its start, past the page cache where the file system can, a
/// few MiB at a time: visit(offset, window). Returns their xxh3-64. Throws Mismatch for a shorter
/// file, and what reading throws, `visit` too.
std::uint64_t hash_on_disk(
    const std::string& path, std::uint64_t bytes, Progress& progress,
    const std::function<void(std::uint64_t offset, std::span<const std::byte> window)>& visit = {});

/// What was written to one file, range by range, so that reading back has something to compare
/// with. Not thread-safe.
class WrittenRanges {
 public:
  /// `hash` is the xxh3-64 of `bytes` bytes from `offset` on. Ranges do not overlap.
  void add(std::uint64_t offset, std::uint64_t bytes, std::uint64_t hash) {
    ranges_.push_back({offset, bytes, hash});
  }
  /// Reads the file at `path`, called `name`, from the disk: throws Mismatch where it is not what
  /// was written. Returns the xxh3-64 of all its `bytes`. Every one of them must have been added.
  std::uint64_t read_back(const std::string& path, std::string_view name, std::uint64_t bytes,
                          Progress& progress);

 private:
  struct Range {
    std::uint64_t offset;
    std::uint64_t bytes;
    std::uint64_t hash;
  };
  std::vector<Range> ranges_;
};

}  // namespace ckptscope
