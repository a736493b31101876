// Where every output tensor lies: which file, at which byte. Known before the first byte is
// written.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/plan/plan.hpp"

namespace ckptscope {

struct OutputShard {
  std::string name;       // "model-00001-of-00016.safetensors", or "model.safetensors"
  std::string header;     // length field and JSON, padded to kHeaderAlignment
  std::size_t first = 0;  // outputs [first, last) of ShardLayout::order lie here, one after another
  std::size_t last = 0;
  std::uint64_t data_bytes = 0;

  std::uint64_t file_bytes() const { return header.size() + data_bytes; }
};

/// Tensor data starts at a multiple of this, so that windows of the file can be aligned.
inline constexpr std::uint64_t kHeaderAlignment = 4096;

/// The largest file where nobody asks for another.
inline constexpr std::uint64_t kMaxShardBytes = 5'000'000'000;

struct ShardLayout {
  bool as_published = false;             // files are those of the plan's PublishedForm
  std::vector<std::uint32_t> order;      // numbers of all outputs, as they lie in the files
  std::vector<OutputShard> shards;       // at least one, maybe empty
  std::vector<std::uint32_t> shard_of;   // by output
  std::vector<std::uint64_t> offset_of;  // by output: bytes from the start of its file

  std::uint64_t file_bytes() const;  // of all shards
  /// model.safetensors.index.json; empty for a single shard.
  std::string index_json(const Plan& plan) const;
};

/// Packs outputs in their order: a shard is closed when the next tensor would take its data beyond
/// `max_shard_bytes`; a tensor that is larger has a shard of its own. Without that number the files
/// are those of the plan's PublishedForm where it has one for every output, else as large as
/// kMaxShardBytes.
ShardLayout lay_out(const Plan& plan, std::optional<std::uint64_t> max_shard_bytes,
                    const std::map<std::string, std::string>& metadata);

}  // namespace ckptscope
