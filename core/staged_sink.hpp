// Writes the outputs of a plan to the shards of a staging directory, and reads them back.
#pragma once

#include <xxhash.h>

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/executor.hpp"
#include "core/receipt.hpp"
#include "core/shard_layout.hpp"
#include "core/staging.hpp"

namespace ckptscope {

/// A shard's file is made when its first bytes come and flushed and closed when its last ones have:
/// with tiles handed out in order, about one file per worker is open at a time.
class StagedSink final : public TensorSink {
 public:
  /// `finished(shard number)` is called, from any worker, when a shard is complete on disk.
  StagedSink(Staging& staging, const ShardLayout& layout,
             std::function<void(std::size_t)> finished = {});

  void write(std::size_t output, std::uint64_t offset, std::span<const std::byte> bytes) override;
  /// Makes the files of shards without data. Called after the last write.
  void finish();

  /// Reads a finished shard from the disk and compares it with what was written: throws Mismatch.
  /// Returns the xxh3-64 of the whole file. Thread-safe for different shards.
  std::uint64_t read_back(std::size_t shard, Progress& progress) const;

 private:
  struct Written {  // one call of write, and the header
    std::uint64_t offset;
    std::uint64_t bytes;
    std::uint64_t hash;
  };
  struct ShardState {
    std::mutex mutex;
    std::optional<StagedFile> file;
    std::uint64_t missing = 0;  // data bytes still to come
    std::vector<Written> written;
  };
  StagedFile& open(std::size_t shard, ShardState& state);
  void account(std::size_t shard, ShardState& state, Written written, std::uint64_t data_bytes);

  Staging& staging_;
  const ShardLayout& layout_;
  std::function<void(std::size_t)> finished_;
  std::vector<ShardState> states_;
};

}  // namespace ckptscope
