// Writes the outputs of a plan to the shards of a staging directory, and reads them back.
#pragma once

#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/base/hash.hpp"
#include "core/base/progress.hpp"
#include "core/output/shard_layout.hpp"
#include "core/output/staging.hpp"
#include "core/run/tensor_sink.hpp"

namespace ckptscope {

/// A shard's file is made when its first bytes come and flushed and closed when its last ones have:
/// with tiles handed out in order, about one file per worker is open at a time.
class StagedSink final : public TensorSink {
 public:
  /// `finished(shard number)` is called, from any worker, when a shard is complete on disk.
  StagedSink(Staging& staging, const ShardLayout& layout,
             std::function<void(std::size_t)> finished = {});

  void write(std::size_t output, std::uint64_t offset, std::span<const std::byte> bytes) override;
  std::uint64_t placement(std::size_t output, std::uint64_t offset) const override {
    return layout_.offset_of[output] + offset;
  }
  std::span<const std::uint32_t> order() const override { return layout_.order; }
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
  using Ranges = std::vector<Written>;
  static void compare_window(const std::string& name, std::uint64_t at,
                             std::span<const std::byte> bytes, Ranges::const_iterator& range,
                             RunningXxh3& part);
  struct ShardState {
    std::mutex mutex;
    std::optional<StagedFile> file;
    std::exception_ptr failure;  // of making it: every worker that wants it gets this one
    std::uint64_t missing = 0;   // data bytes still to come
    Ranges written;
  };
  StagedFile& open(std::size_t shard, ShardState& state);
  void account(std::size_t shard, ShardState& state, Written written, std::uint64_t data_bytes);

  Staging& staging_;
  const ShardLayout& layout_;
  std::function<void(std::size_t)> finished_;
  std::vector<ShardState> states_;
};

}  // namespace ckptscope
