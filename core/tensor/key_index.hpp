// From a tensor's name to its number, for millions of names: 8 bytes a slot, no copies.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/tensor/tensor_info.hpp"

namespace ckptscope {

/// An open-addressing table of indices into a span of tensors that the caller passes to every call.
/// The hash is seeded per process: names come from files, and must not be able to choose
/// collisions.
class KeyIndex {
 public:
  /// Hears of a tensor whose name another one has, which stays in the index; may throw.
  using Twice = std::function<void(std::uint32_t id, std::uint32_t other)>;

  KeyIndex() = default;
  /// Of all names, in the order of their numbers.
  explicit KeyIndex(std::span<const TensorInfo> tensors, const Twice& twice = {});

  std::optional<std::uint32_t> find(std::span<const TensorInfo> tensors,
                                    std::string_view name) const;
  std::size_t size() const { return size_; }  // names, each once

 private:
  static constexpr std::uint32_t kEmpty = 0xFFFFFFFF;
  /// The tag is the upper half of the name's hash: names of other tensors, which lie far apart in
  /// memory, are hardly ever looked at.
  struct Slot {
    std::uint32_t id = kEmpty;
    std::uint32_t tag = 0;
  };
  void insert(std::span<const TensorInfo> tensors, std::uint32_t id, std::uint64_t hash,
              const Twice& twice);
  std::size_t slot_of(std::span<const TensorInfo> tensors, std::string_view name,
                      std::uint64_t hash) const;

  std::vector<Slot> slots_;
  std::size_t size_ = 0;
};

}  // namespace ckptscope
