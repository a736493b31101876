// Bump allocation for the names and shapes of half a million tensors: no block is ever moved, so
// views into it stay valid for the arena's life, also when the arena itself is moved.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace ckptscope {

class Arena {
 public:
  std::string_view copy(std::string_view text) {
    char* at = static_cast<char*>(allocate(text.size(), 1));
    if (!text.empty()) std::memcpy(at, text.data(), text.size());
    return {at, text.size()};
  }
  std::span<const std::uint64_t> copy(std::span<const std::uint64_t> values) {
    auto* at = static_cast<std::uint64_t*>(allocate(values.size_bytes(), alignof(std::uint64_t)));
    if (!values.empty()) std::memcpy(at, values.data(), values.size_bytes());
    return {at, values.size()};
  }

 private:
  static constexpr std::size_t kBlock = 1 << 18;

  void* allocate(std::size_t bytes, std::size_t alignment) {
    used_ = (used_ + alignment - 1) / alignment * alignment;
    if (blocks_.empty() || used_ + bytes > size_) {
      size_ = bytes > kBlock ? bytes : kBlock;
      blocks_.push_back(std::make_unique_for_overwrite<std::byte[]>(size_));
      used_ = 0;
    }
    void* at = blocks_.back().get() + used_;
    used_ += bytes;
    return at;
  }

  std::vector<std::unique_ptr<std::byte[]>> blocks_;
  std::size_t used_ = 0;
  std::size_t size_ = 0;
};

}  // namespace ckptscope
