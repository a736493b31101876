// Bytes at places: of a part of a file, or of memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "core/base/file.hpp"

namespace ckptscope {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual std::uint64_t size() const = 0;
  /// Fills `out` from byte `at` on; the range must lie inside. Throws Io, TruncatedSource.
  virtual void read(std::uint64_t at, std::span<std::byte> out) const = 0;
};

/// Bytes [begin, begin + size) of a file, which must outlive it. Thread-safe.
class FileBytes final : public ByteSource {
 public:
  explicit FileBytes(const File& file) : FileBytes(file, 0, file.size()) {}
  FileBytes(const File& file, std::uint64_t begin, std::uint64_t size)
      : file_(file), begin_(begin), size_(size) {}
  std::uint64_t size() const override { return size_; }
  void read(std::uint64_t at, std::span<std::byte> out) const override {
    file_.read(begin_ + at, out);
  }

 private:
  const File& file_;
  std::uint64_t begin_;
  std::uint64_t size_;
};

/// Thread-safe.
class MemoryBytes final : public ByteSource {
 public:
  explicit MemoryBytes(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}
  std::uint64_t size() const override { return bytes_.size(); }
  void read(std::uint64_t at, std::span<std::byte> out) const override {
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(at), out.size(), out.begin());
  }

 private:
  std::vector<std::byte> bytes_;
};

/// Reads on from a place, through a buffer. Not thread-safe.
class ByteStream {
 public:
  ByteStream(const ByteSource& source, std::uint64_t at)
      : source_(source), size_(source.size()), next_(at) {}

  /// The place of the next byte.
  std::uint64_t at() const { return next_ - (end_ - begin_); }
  std::uint64_t left() const { return size_ - at(); }
  /// There must be one.
  std::uint8_t byte() {
    if (begin_ == end_) fill();
    return static_cast<std::uint8_t>(buffer_.data()[begin_++]);
  }
  /// Little endian, of at most 8 bytes; as many must be left.
  std::uint64_t number(unsigned bytes) {
    std::uint64_t value = 0;
    if (end_ - begin_ >= sizeof(value)) {
      std::memcpy(&value, buffer_.data() + begin_, sizeof(value));
      begin_ += bytes;
      return bytes == sizeof(value) ? value : value & ((std::uint64_t{1} << (8 * bytes)) - 1);
    }
    for (unsigned i = 0; i < bytes; ++i) value |= std::uint64_t{byte()} << (8 * i);
    return value;
  }
  /// As many must be left.
  void read(std::span<std::byte> out);
  /// Likewise.
  void skip(std::uint64_t bytes) {
    if (bytes <= end_ - begin_) {
      begin_ += bytes;
    } else {
      next_ = at() + bytes;
      begin_ = end_ = 0;
    }
  }
  /// So many bytes where they lie, until the next call; empty where they do not lie together.
  std::span<const std::byte> peek(std::uint64_t bytes) const {
    return bytes <= end_ - begin_ ? std::span(buffer_).subspan(begin_, bytes)
                                  : std::span<const std::byte>();
  }

 private:
  void fill();

  const ByteSource& source_;
  std::uint64_t size_;
  std::uint64_t next_;  // the place behind the buffer
  std::vector<std::byte> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace ckptscope
