// Writes the outputs of a plan to the shards of a staging directory, and reads them back.
#pragma once

#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/base/hash.hpp"
#include "core/base/progress.hpp"
#include "core/output/read_back.hpp"
#include "core/output/shard_layout.hpp"
#include "core/output/staging.hpp"
#include "core/run/tensor_sink.hpp"

namespace ckptscope {

/// A shard's file is made when its first bytes come. When its last ones have it is flushed, read
/// back where that is asked for, gets its name and its record: with tiles handed out in order,
/// about one file per worker is open at a time.
class StagedSink final : public TensorSink {
 public:
  struct Options {
    bool read_back = true;
    std::vector<bool> wanted{};  // by shard; empty: all
    /// Called, from any worker, when a shard is done.
    std::function<void(std::size_t shard)> finished{};
  };
  StagedSink(Staging& staging, const ShardLayout& layout, Progress& progress, Options options);

  void write(std::size_t output, std::uint64_t offset, std::span<const std::byte> bytes) override;
  bool wants(std::size_t output) const override { return wants_shard(layout_.shard_of[output]); }
  void overflowed(std::size_t output, const std::string& key, std::uint64_t values) override;
  std::uint64_t placement(std::size_t output, std::uint64_t offset) const override {
    return layout_.offset_of[output] + offset;
  }
  std::uint64_t read_back_bytes() const override;
  std::span<const std::uint32_t> order() const override { return layout_.order; }
  /// Makes the files of shards without data. Called after the last write.
  void finish();

 private:
  struct ShardState {
    std::mutex mutex;
    std::optional<StagedFile> file;
    std::exception_ptr failure;  // of making it: every worker that wants it gets this one
    std::uint64_t missing = 0;   // data bytes still to come
    WrittenRanges written;
    std::map<std::string, std::uint64_t> overflowed;  // by key
  };
  bool wants_shard(std::size_t shard) const {
    return options_.wanted.empty() || options_.wanted[shard];
  }
  StagedFile& open(std::size_t shard, ShardState& state);
  void account(std::size_t shard, ShardState& state, std::uint64_t at,
               std::span<const std::byte> bytes);
  void complete(std::size_t shard, ShardState& state);

  Staging& staging_;
  const ShardLayout& layout_;
  Progress& progress_;
  const Options options_;
  std::vector<ShardState> states_;
};

}  // namespace ckptscope
