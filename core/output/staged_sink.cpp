// What is written is hashed on its way, so that reading back has something to compare with.
#include "core/output/staged_sink.hpp"

#include <algorithm>
#include <memory>

#include "core/base/display.hpp"
#include "core/output/read_back.hpp"

namespace ckptscope {

StagedSink::StagedSink(Staging& staging, const ShardLayout& layout, Progress& progress,
                       Options options)
    : staging_(staging),
      layout_(layout),
      progress_(progress),
      options_(std::move(options)),
      states_(layout.shards.size()) {
  for (std::size_t i = 0; i < states_.size(); ++i) states_[i].missing = layout.shards[i].data_bytes;
}

std::uint64_t StagedSink::read_back_bytes() const {
  std::uint64_t bytes = 0;
  for (std::size_t shard = 0; shard < states_.size(); ++shard) {
    if (options_.read_back && wants_shard(shard)) bytes += layout_.shards[shard].file_bytes();
  }
  return bytes;
}

/// A tensor lies in one shard, but for the scales of a packed one: the codes count.
void StagedSink::overflowed(std::size_t output, const std::string& key, std::uint64_t values) {
  ShardState& state = states_[layout_.shard_of[output]];
  const std::lock_guard lock(state.mutex);
  state.overflowed[key] += values;
}

void StagedSink::write(std::size_t output, std::uint64_t offset, std::span<const std::byte> bytes) {
  const std::size_t shard = layout_.shard_of[output];
  const std::uint64_t at = placement(output, offset);
  ShardState& state = states_[shard];
  open(shard, state).write(at, bytes);
  account(shard, state, at, bytes);
}

StagedFile& StagedSink::open(std::size_t shard, ShardState& state) {
  const std::lock_guard lock(state.mutex);
  if (state.failure) std::rethrow_exception(state.failure);
  if (state.file) return *state.file;
  try {
    const OutputShard& row = layout_.shards[shard];
    state.file.emplace(staging_.create(row.name, row.file_bytes()));
    const auto header = std::as_bytes(std::span(row.header));
    state.file->write(0, header);
    if (options_.read_back) state.written.add(0, header.size(), xxh3(header));
  } catch (...) {
    state.failure = std::current_exception();
    throw;
  }
  return *state.file;
}

void StagedSink::account(std::size_t shard, ShardState& state, std::uint64_t at,
                         std::span<const std::byte> bytes) {
  const std::uint64_t hash = options_.read_back ? xxh3(bytes) : 0;
  {
    const std::lock_guard lock(state.mutex);
    if (options_.read_back) state.written.add(at, bytes.size(), hash);
    state.missing -= bytes.size();
    if (state.missing > 0) return;
  }
  complete(shard, state);
}

/// Nobody else writes to this shard any more.
void StagedSink::complete(std::size_t shard, ShardState& state) {
  const OutputShard& row = layout_.shards[shard];
  state.file->finish();
  state.file.reset();
  DoneShard done{row.file_bytes(), {}, std::move(state.overflowed)};
  if (options_.read_back) {
    const std::string path = fmt::format("{}/{}", staging_.path(), unfinished_name(row.name));
    done.xxh3 = hex64(state.written.read_back(path, row.name, row.file_bytes(), progress_));
  }
  staging_.publish(row.name);
  staging_.note_done(row.name, done);
  if (options_.finished) options_.finished(shard);
}

void StagedSink::finish() {
  for (std::size_t shard = 0; shard < states_.size(); ++shard) {
    if (layout_.shards[shard].data_bytes > 0 || !wants_shard(shard)) continue;
    open(shard, states_[shard]);
    complete(shard, states_[shard]);
  }
}

}  // namespace ckptscope
