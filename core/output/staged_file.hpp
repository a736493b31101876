// A file of an output while it is written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "core/base/file.hpp"

namespace ckptscope {

/// A new file of known size. Positional writes; thread-safe except for finish().
class StagedFile {
 public:
  enum class Space { Reserved, Sparse };  // Sparse: what is not written is a hole
  StagedFile(int directory, const std::string& name, std::uint64_t size,
             Space space = Space::Reserved);
  /// Writes all of `bytes` at `offset`, or throws NoSpace / Io. Whole blocks go past the page cache
  /// where the file system can and the bytes lie at an address that is the offset modulo
  /// kDirectIoBlock.
  void write(std::uint64_t offset, std::span<const std::byte> bytes);
  /// Flushes to the disk, drops it from the page cache, closes; all checked. A failed flush is
  /// final: it is never tried again, because the system may have forgotten what was not written.
  void finish();

 private:
  void put(int fd, std::uint64_t offset, std::span<const std::byte> bytes);
  bool put_direct(std::uint64_t offset, std::span<const std::byte> bytes);

  std::string name_;
  UniqueFd fd_;
  UniqueFd direct_;  // the same file, opened with O_DIRECT; may be none
};

}  // namespace ckptscope
