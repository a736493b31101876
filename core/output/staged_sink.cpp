// What is written is hashed on its way, so that reading back has something to compare with.
#include "core/output/staged_sink.hpp"

#include <algorithm>
#include <memory>

#include "core/base/display.hpp"
#include "core/output/read_back.hpp"

namespace ckptscope {
StagedSink::StagedSink(Staging& staging, const ShardLayout& layout,
                       std::function<void(std::size_t)> finished)
    : staging_(staging),
      layout_(layout),
      finished_(std::move(finished)),
      states_(layout.shards.size()) {
  for (std::size_t i = 0; i < states_.size(); ++i) states_[i].missing = layout.shards[i].data_bytes;
}

void StagedSink::write(std::size_t output, std::uint64_t offset, std::span<const std::byte> bytes) {
  const std::size_t shard = layout_.shard_of[output];
  const std::uint64_t at = placement(output, offset);
  ShardState& state = states_[shard];
  open(shard, state).write(at, bytes);
  account(shard, state, {at, bytes.size(), xxh3(bytes)}, bytes.size());
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
    state.written.push_back({0, header.size(), xxh3(header)});
  } catch (...) {
    state.failure = std::current_exception();
    throw;
  }
  return *state.file;
}

void StagedSink::account(std::size_t shard, ShardState& state, Written written,
                         std::uint64_t data_bytes) {
  {
    const std::lock_guard lock(state.mutex);
    state.written.push_back(written);
    state.missing -= data_bytes;
    if (state.missing > 0) return;
  }
  // Nobody else writes to this shard any more.
  state.file->finish();
  state.file.reset();
  if (finished_) finished_(shard);
}

void StagedSink::finish() {
  for (std::size_t shard = 0; shard < states_.size(); ++shard) {
    if (layout_.shards[shard].data_bytes > 0) continue;
    open(shard, states_[shard]).finish();
    states_[shard].file.reset();
    if (finished_) finished_(shard);
  }
}

/// Hashes the bytes of one window range by range; `range` is the one at hand and `part` its state.
void StagedSink::compare_window(const std::string& name, std::uint64_t at,
                                std::span<const std::byte> bytes, Ranges::const_iterator& range,
                                RunningXxh3& part) {
  while (!bytes.empty()) {
    const std::uint64_t end = range->offset + range->bytes;
    const std::uint64_t now = std::min<std::uint64_t>(bytes.size(), end - at);
    part.add(bytes.first(now));
    bytes = bytes.subspan(now);
    at += now;
    if (at < end) return;
    if (part.digest() != range->hash) {
      fail(Code::Mismatch, "{}: read back {} for bytes {} to {}, written was {}", display(name),
           hex64(part.digest()), range->offset, end, hex64(range->hash));
    }
    part.reset();
    ++range;
  }
}

std::uint64_t StagedSink::read_back(std::size_t shard, Progress& progress) const {
  const OutputShard& row = layout_.shards[shard];
  Ranges written = states_[shard].written;
  std::sort(written.begin(), written.end(),
            [](const Written& a, const Written& b) { return a.offset < b.offset; });
  RunningXxh3 part;
  auto range = written.cbegin();
  return hash_on_disk(staging_.path() + "/" + row.name, row.file_bytes(), progress,
                      [&](std::uint64_t at, std::span<const std::byte> window) {
                        compare_window(row.name, at, window, range, part);
                      });
}

}  // namespace ckptscope
