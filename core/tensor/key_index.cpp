// Linear probing; at most half of the slots are taken.
#include "core/tensor/key_index.hpp"

#include <array>
#include <bit>
#include <random>

#include "core/base/hash.hpp"

namespace ckptscope {
namespace {

std::uint64_t hash_of(std::string_view name) {
  static const std::uint64_t seed = std::random_device()();
  return xxh3(name, seed);
}

std::uint32_t tag_of(std::uint64_t hash) {
  return static_cast<std::uint32_t>(hash >> 32);
}

}  // namespace

/// The table is larger than the caches: every name's slot is asked for some names ahead of its
/// turn.
KeyIndex::KeyIndex(std::span<const TensorInfo> tensors, const Twice& twice)
    : slots_(std::bit_ceil(2 * tensors.size() + 1)) {
  constexpr std::size_t kAhead = 16;  // names
  std::array<std::uint64_t, kAhead> hashes{};
  for (std::size_t next = 0; next < tensors.size() + kAhead; ++next) {
    std::uint64_t& hash = hashes[next % kAhead];
    if (next >= kAhead) insert(tensors, static_cast<std::uint32_t>(next - kAhead), hash, twice);
    if (next >= tensors.size()) continue;
    hash = hash_of(tensors[next].name);
    __builtin_prefetch(&slots_[hash & (slots_.size() - 1)], /*to write*/ 1);
  }
}

std::size_t KeyIndex::slot_of(std::span<const TensorInfo> tensors, std::string_view name,
                              std::uint64_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  const auto is_other = [&](const Slot& slot) {
    return slot.id != kEmpty && (slot.tag != tag_of(hash) || tensors[slot.id].name != name);
  };
  std::size_t at = hash & mask;
  while (is_other(slots_[at])) at = (at + 1) & mask;
  return at;
}

void KeyIndex::insert(std::span<const TensorInfo> tensors, std::uint32_t id, std::uint64_t hash,
                      const Twice& twice) {
  Slot& slot = slots_[slot_of(tensors, tensors[id].name, hash)];
  if (slot.id == kEmpty) {
    slot = {id, tag_of(hash)};
    ++size_;
  } else if (twice) {
    twice(id, slot.id);
  }
}

std::optional<std::uint32_t> KeyIndex::find(std::span<const TensorInfo> tensors,
                                            std::string_view name) const {
  if (slots_.empty()) return std::nullopt;
  const std::uint32_t id = slots_[slot_of(tensors, name, hash_of(name))].id;
  return id == kEmpty ? std::nullopt : std::optional(id);
}

}  // namespace ckptscope
