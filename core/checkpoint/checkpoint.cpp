// What an open checkpoint answers; how it is opened stands in open_checkpoint.cpp.
#include "core/checkpoint/checkpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace ckptscope {

bool Checkpoint::damaged() const {
  return count_errors(problems_) > 0;
}

void Checkpoint::require_values(std::string_view verb) const {
  if (location_.remote) location_.remote->refuse(verb);
}

std::uint64_t Checkpoint::total_bytes() const {
  std::uint64_t bytes = 0;
  for (const TensorInfo& info : tensors_) bytes += info.bytes();
  return bytes;
}

std::string Checkpoint::shard_names(const TensorInfo& info) const {
  const std::string& first = shards_[shard_of(info)].name;
  if (!info.in_pieces()) return first;
  std::set<std::uint32_t> all;
  for (const Piece& piece : pieces_of(info)) all.insert(piece.shard);
  return all.size() < 2 ? first : fmt::format("{} and {} more", first, all.size() - 1);
}

bool Checkpoint::is_damaged(const TensorInfo& info) const {
  if (!info.in_pieces()) return shards_[info.shard].damaged;
  const auto pieces = pieces_of(info);
  return std::any_of(pieces.begin(), pieces.end(),
                     [&](const Piece& piece) { return shards_[piece.shard].damaged; });
}

}  // namespace ckptscope
