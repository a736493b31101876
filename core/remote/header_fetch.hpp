// Headers of shards behind URLs: one range of each shard, as long as its header probably is, all of
// them at once; then what is missing, from the signed addresses that were given for the first.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/base/progress.hpp"
#include "core/remote/remote_files.hpp"

namespace ckptscope {

struct RemoteShard {
  std::string name;  // within the copy
  std::string url;
  std::optional<std::uint64_t> size{};  // that it must have, where that is known
  std::string bytes{};                  // of its beginning: eight of length, and the header
};

/// Called for an answer of 4xx; throws what it means, or returns where the shard may be absent.
using RefuseShard = std::function<void(const HttpAnswer& answer, const RemoteShard& shard)>;

/// Gives each shard that is there its size and its bytes. `index_bytes` are those of the index that
/// names them, from which the length of headers is guessed; 0 without one. What is no safetensors
/// file gets the bytes that were read: to judge it is for who opens it. `progress` may be null.
/// Throws BadAnswer where a shard is not as large as it must be, or all headers together take more
/// than a GB, and what RemoteFiles throws.
void fetch_headers(RemoteFiles& files, std::span<RemoteShard> shards, std::uint64_t index_bytes,
                   const RefuseShard& refuse, Progress* progress);

/// The names of shards in an index, as far as it can be read: what is wrong with it is told by who
/// opens it.
std::set<std::string> shards_of_index(const std::string& text);

}  // namespace ckptscope
