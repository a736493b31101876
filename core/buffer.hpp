// Scratch memory that only grows and is never cleared: a std::vector would fill with zeros what the
// next read overwrites.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

namespace ckptscope {

class Buffer {
 public:
  /// `size` bytes of unspecified content; the ones taken before are gone.
  std::span<std::byte> take(std::size_t size) {
    if (size > capacity_) {
      data_ = std::make_unique_for_overwrite<std::byte[]>(size);
      capacity_ = size;
    }
    return {data_.get(), size};
  }
  std::byte* data() { return data_.get(); }

 private:
  std::unique_ptr<std::byte[]> data_;
  std::size_t capacity_ = 0;
};

}  // namespace ckptscope
