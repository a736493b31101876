// Bump allocation for the names, shapes and values of half a million tensors: no block is ever
// moved, so views into it stay valid for the arena's life, also when the arena itself is moved.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace ckptscope {

class Arena {
 public:
  std::string_view copy(std::string_view text) {
    const auto kept = copy(std::span<const char>(text));
    return {kept.data(), kept.size()};
  }
  std::span<const std::uint64_t> copy(const std::vector<std::uint64_t>& values) {
    return copy(std::span(values));
  }
  template <typename T>
  std::span<const T> copy(std::span<const T> values) {
    const std::span<T> kept = room<T>(values.size());
    if (!values.empty()) std::memcpy(kept.data(), values.data(), values.size_bytes());
    return kept;
  }
  /// Room for so many, which hold nothing yet.
  template <typename T>
  std::span<T> room(std::size_t count) {
    static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);
    return {static_cast<T*>(allocate(count * sizeof(T), alignof(T))), count};
  }

 private:
  // Each block is twice the one before it: one of a hundred thousand small shards takes little.
  static constexpr std::size_t kFirstBlock = 1 << 10;
  static constexpr std::size_t kMostBlock = 1 << 18;

  void* allocate(std::size_t bytes, std::size_t alignment) {
    used_ = (used_ + alignment - 1) / alignment * alignment;
    if (blocks_.empty() || used_ + bytes > size_) {
      size_ = std::max({bytes, kFirstBlock, std::min(2 * size_, kMostBlock)});
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
