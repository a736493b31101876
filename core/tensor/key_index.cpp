// Linear probing; at most half of the slots are taken.
#include "core/tensor/key_index.hpp"

#include <bit>
#include <random>

#include "core/base/hash.hpp"

namespace ckptscope {
namespace {

std::uint64_t hash_of(std::string_view name) {
  static const std::uint64_t seed = std::random_device()();
  return xxh3(name, seed);
}

}  // namespace

KeyIndex::KeyIndex(std::size_t count) : slots_(std::bit_ceil(2 * count + 1), kEmpty) {}

std::size_t KeyIndex::slot_of(std::span<const TensorInfo> tensors, std::string_view name) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash_of(name) & mask;
  while (slots_[at] != kEmpty && tensors[slots_[at]].name != name) at = (at + 1) & mask;
  return at;
}

std::optional<std::uint32_t> KeyIndex::insert(std::span<const TensorInfo> tensors,
                                              std::uint32_t id) {
  std::uint32_t& slot = slots_[slot_of(tensors, tensors[id].name)];
  if (slot != kEmpty) return slot;
  slot = id;
  return std::nullopt;
}

std::optional<std::uint32_t> KeyIndex::find(std::span<const TensorInfo> tensors,
                                            std::string_view name) const {
  if (slots_.empty()) return std::nullopt;
  const std::uint32_t id = slots_[slot_of(tensors, name)];
  return id == kEmpty ? std::nullopt : std::optional(id);
}

}  // namespace ckptscope
