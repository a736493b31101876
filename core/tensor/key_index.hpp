// From a tensor's name to its number, for half a million names: 4 bytes a slot, no copies.
#pragma once

#include <cstdint>
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
  KeyIndex() = default;
  /// Room for `count` names.
  explicit KeyIndex(std::size_t count);

  /// Adds tensors[id]; returns the id that already has this name, if any (and adds nothing then).
  std::optional<std::uint32_t> insert(std::span<const TensorInfo> tensors, std::uint32_t id);
  std::optional<std::uint32_t> find(std::span<const TensorInfo> tensors,
                                    std::string_view name) const;

 private:
  static constexpr std::uint32_t kEmpty = 0xFFFFFFFF;
  std::size_t slot_of(std::span<const TensorInfo> tensors, std::string_view name) const;

  std::vector<std::uint32_t> slots_;
};

}  // namespace ckptscope
