#include "core/executor.hpp"

#include <algorithm>

#include "core/buffer.hpp"
#include "core/bytes.hpp"
#include "core/display.hpp"
#include "core/evaluator.hpp"
#include "core/parallel.hpp"

namespace ckptscope {
namespace {

constexpr std::uint64_t kShare = 48'000'000;    // of one worker: its tile and its scratch
constexpr std::uint64_t kApart = 64'000'000;    // left to everything that is not a worker
constexpr std::uint64_t kScratch = 4ull << 20;  // of an Evaluator
constexpr std::uint64_t kMaxTile = 32ull << 20;
constexpr std::uint64_t kMinTile = 1ull << 20;

struct Tile {
  std::size_t output;
  std::uint64_t offset;  // bytes from the start of the output
  std::uint64_t bytes;
  Region region;
};

std::vector<Tile> cut_tiles(const std::vector<ValuePtr>& values, std::uint64_t tile_bytes) {
  std::vector<Tile> tiles;
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::uint64_t offset = 0;
    for (Region& region : row_bands(values[i]->shape, size_of(values[i]->dtype), tile_bytes)) {
      const std::uint64_t bytes = byte_count(values[i]->dtype, region.extent);
      tiles.push_back({i, offset, bytes, std::move(region)});
      offset += bytes;
    }
  }
  return tiles;
}

/// A worker's own things; made when it takes its first tile.
struct Worker {
  std::unique_ptr<TensorSource> source;
  std::unique_ptr<Evaluator> evaluator;
  Buffer tile;
};

}  // namespace

unsigned Resources::workers() const {
  const std::uint64_t fit = memory > kApart ? (memory - kApart) / kShare : 0;
  return static_cast<unsigned>(std::clamp<std::uint64_t>(fit, 1, std::max(1u, threads)));
}

std::uint64_t Resources::tile_bytes() const {
  const std::uint64_t share = memory > kScratch ? (memory - kScratch) / workers() : 0;
  return std::clamp(share > kScratch ? share - kScratch : 0, kMinTile, kMaxTile);
}

std::uint64_t buffer_bytes(const Plan& plan, const Resources& resources) {
  const std::uint64_t tile = std::min(resources.tile_bytes(), plan.account().largest);
  return resources.workers() * (tile + kScratch);
}

void execute(const Plan& plan, const MakeSource& make_source, TensorSink& sink,
             const Resources& resources, Progress& progress) {
  std::vector<ValuePtr> values;
  for (const Output& output : plan.outputs) values.push_back(as_bytes(output.value));
  const std::vector<Tile> tiles = cut_tiles(values, resources.tile_bytes());
  std::vector<Worker> workers(resources.workers());
  parallel_for(tiles.size(), resources.workers(), [&](std::size_t i, unsigned number) {
    progress.check_stop();
    const Tile& tile = tiles[i];
    Worker& worker = workers[number];
    if (!worker.source) {
      worker.source = make_source();
      worker.evaluator = std::make_unique<Evaluator>(*worker.source);
    }
    const std::span<std::byte> bytes =
        worker.tile.take(tile.bytes, sink.placement(tile.output, tile.offset));
    with_context(display(plan.outputs[tile.output].key),
                 [&] { worker.evaluator->evaluate(*values[tile.output], tile.region, bytes); });
    progress.advance(tile.bytes);  // first: the last write of a shard reports it as finished
    sink.write(tile.output, tile.offset, bytes);
  });
}

}  // namespace ckptscope
