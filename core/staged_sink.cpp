#include "core/staged_sink.hpp"

#include <algorithm>
#include <memory>

#include "core/buffer.hpp"
#include "core/display.hpp"

namespace ckptscope {
namespace {

constexpr std::uint64_t kReadChunk = 4ull << 20;

std::uint64_t hash_of(std::span<const std::byte> bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

struct HashState {
  HashState() : state(XXH3_createState(), XXH3_freeState) { reset(); }
  void reset() { XXH3_64bits_reset(state.get()); }
  void add(std::span<const std::byte> bytes) {
    XXH3_64bits_update(state.get(), bytes.data(), bytes.size());
  }
  std::uint64_t digest() const { return XXH3_64bits_digest(state.get()); }
  std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state;
};

}  // namespace

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
  const std::uint64_t at = layout_.offset_of[output] + offset;
  ShardState& state = states_[shard];
  open(shard, state).write(at, bytes);
  account(shard, state, {at, bytes.size(), hash_of(bytes)}, bytes.size());
}

StagedFile& StagedSink::open(std::size_t shard, ShardState& state) {
  const std::lock_guard lock(state.mutex);
  if (!state.file) {
    const OutputShard& row = layout_.shards[shard];
    state.file.emplace(staging_.create(row.name, row.file_bytes()));
    const auto header = std::as_bytes(std::span(row.header));
    state.file->write(0, header);
    state.written.push_back({0, header.size(), hash_of(header)});
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

std::uint64_t StagedSink::read_back(std::size_t shard, Progress& progress) const {
  const OutputShard& row = layout_.shards[shard];
  std::vector<Written> written = states_[shard].written;
  std::sort(written.begin(), written.end(),
            [](const Written& a, const Written& b) { return a.offset < b.offset; });
  const File file(staging_.path() + "/" + row.name);
  Buffer buffer;
  HashState whole;
  HashState part;
  for (const Written& range : written) {
    part.reset();
    for (std::uint64_t done = 0; done < range.bytes;) {
      progress.check_stop();
      const auto chunk = buffer.take(std::min(kReadChunk, range.bytes - done));
      file.read(range.offset + done, chunk);
      whole.add(chunk);
      part.add(chunk);
      done += chunk.size();
      progress.advance(chunk.size());
    }
    if (part.digest() == range.hash) continue;
    fail(Code::Mismatch, "{}: read back {} for bytes {} to {}, written was {}", display(row.name),
         hex64(part.digest()), range.offset, range.offset + range.bytes, hex64(range.hash));
  }
  return whole.digest();
}

}  // namespace ckptscope
