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
#if __has_include(<sanitizer/asan_interface.h>)
#include <sanitizer/asan_interface.h>  // without ASan these are empty, too
#else
#define ASAN_POISON_MEMORY_REGION(at, bytes) ((void)(at), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(at, bytes) ((void)(at), (void)(bytes))
#endif

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

  /// A place to come back to.
  struct Position {
    std::size_t block = 0;
    std::size_t used = 0;
  };
  Position position() const { return {block_, used_}; }
  /// What was handed out since then is gone; its room is handed out again.
  void rewind(const Position& to) {
    block_ = to.block;
    used_ = to.used;
    for (std::size_t i = block_; i < blocks_.size(); ++i) {  // whoever uses it yet is found
      const std::size_t from = i == block_ ? used_ : 0;
      ASAN_POISON_MEMORY_REGION(blocks_[i].bytes.get() + from, blocks_[i].size - from);
    }
  }

 private:
  // Each block is twice the one before it: one of a hundred thousand small shards takes little.
  static constexpr std::size_t kFirstBlock = 1 << 10;
  static constexpr std::size_t kMostBlock = 1 << 18;

  struct Block {
    std::unique_ptr<std::byte[]> bytes;
    std::size_t size = 0;
  };

  void* allocate(std::size_t bytes, std::size_t alignment) {
    used_ = (used_ + alignment - 1) / alignment * alignment;
    if (blocks_.empty() || used_ + bytes > blocks_[block_].size) open_block(bytes);
    std::byte* at = blocks_[block_].bytes.get() + used_;
    used_ += bytes;
    ASAN_UNPOISON_MEMORY_REGION(at, bytes);
    return at;
  }

  /// The next one, which is there behind a rewind.
  void open_block(std::size_t bytes) {
    block_ = blocks_.empty() ? 0 : block_ + 1;
    used_ = 0;
    if (block_ < blocks_.size() && blocks_[block_].size >= bytes) return;
    const std::size_t before = block_ == 0 ? 0 : blocks_[block_ - 1].size;
    const std::size_t size = std::max({bytes, kFirstBlock, std::min(2 * before, kMostBlock)});
    blocks_.resize(block_);
    blocks_.push_back({std::make_unique_for_overwrite<std::byte[]>(size), size});
  }

  std::vector<Block> blocks_;
  std::size_t block_ = 0;  // the one in use
  std::size_t used_ = 0;   // bytes of it
};

}  // namespace ckptscope
