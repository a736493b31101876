// Scratch memory that only grows and is never cleared: a std::vector would fill with zeros what the
// next read overwrites.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

namespace ckptscope {

/// What direct I/O asks of file offsets, sizes and addresses.
inline constexpr std::size_t kDirectIoBlock = 4096;

class Buffer {
 public:
  /// `size` bytes of unspecified content, at an address that is `placement` modulo kDirectIoBlock;
  /// the ones taken before are gone. Bytes that will lie at offset `placement` of a file can so be
  /// written without a copy.
  std::span<std::byte> take(std::size_t size, std::size_t placement = 0) {
    const std::size_t shift = placement % kDirectIoBlock;
    if (size + shift > capacity_) grow(size + shift);
    return {data_.get() + shift, size};
  }

 private:
  void grow(std::size_t capacity);

  struct Free {
    void operator()(std::byte* data) const;
  };
  std::unique_ptr<std::byte, Free> data_;
  std::size_t capacity_ = 0;
};

}  // namespace ckptscope
