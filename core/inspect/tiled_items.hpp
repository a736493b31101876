// Items whose tiles are worked on by several threads and ranks, in any order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/parallel.hpp"
#include "core/ranks/message.hpp"
#include "core/ranks/ranks.hpp"

namespace ckptscope {

/// Puts the results of tiles together, item by item. `Tile` has a member `item`. `Steps` say how:
///
///   Sums                       what is known of an item; carry() and a default
///   count(tile, worker)        the result of one tile; from several threads at once
///   merge(sums, tile, part, first)   puts it to its item's; holds up this item alone
///   merge(sums, others)        the same of what another rank knows
///   look(item, sums)           while more tiles are to come
///   finish(sums)               after the last; holds up nobody
///   tell(item, sums)           after that; one thread at a time over all items, as is what runs
///                              under telling()
///   bytes(item)                of its Sums, about
///
/// Sums are made with an item's first tile and go with its last, so that only items under work take
/// memory; several ranks meet after every 64 MiB of them.
template <typename Tile, typename Steps>
class TiledItems {
 public:
  TiledItems(std::size_t items, const Workers& workers, Steps& steps)
      : workers_(workers), steps_(steps), items_(items) {}

  /// Tiles come in the order of their items; `bytes` are what count() advances the progress by.
  void add(Tile tile, std::uint64_t bytes) {
    tiles_.push_back(std::move(tile));
    bytes_.push_back(bytes);
  }

  void run(std::string_view phase, Progress& progress) {
    const std::vector<Batch> batches = batches_of_this_rank();
    std::uint64_t bytes = 0;
    for (const Batch& batch : batches) {
      for (const std::size_t tile : batch.mine) bytes += bytes_[tile];
    }
    progress.phase(phase, bytes);
    for (const Batch& batch : batches) {
      run_tiles(batch, progress);
      if (!workers_.ranks.is_one()) meet(batch, progress);
    }
  }
  std::mutex& telling() { return telling_; }

 private:
  using Sums = typename Steps::Sums;
  struct Item {
    std::mutex mutex;
    std::size_t left = 0;  // tiles of this rank
    std::unique_ptr<Sums> sums;
  };
  /// Between two meetings of ranks; all there is where there is one rank.
  struct Batch {
    std::size_t begin;              // of tiles
    std::size_t end;                // of tiles
    std::vector<std::size_t> mine;  // of those, this rank's
  };

  std::vector<Batch> batches_of_this_rank() const {
    std::vector<Batch> batches;
    for (std::size_t begin = 0; begin < tiles_.size();) {
      Batch batch{begin, workers_.ranks.is_one() ? tiles_.size() : end_of_batch(begin), {}};
      const auto bytes = std::span(bytes_).subspan(begin, batch.end - begin);
      const std::vector<std::size_t> rank_of = deal_in_order(bytes, workers_.ranks.count());
      for (std::size_t i = begin; i < batch.end; ++i) {
        if (rank_of[i - begin] == workers_.ranks.number()) batch.mine.push_back(i);
      }
      begin = batch.end;
      batches.push_back(std::move(batch));
    }
    return batches;
  }

  std::size_t end_of_batch(std::size_t begin) const {
    constexpr std::uint64_t kMostBytes = 64ull << 20;
    std::uint64_t bytes = 0;
    std::size_t end = begin;
    while (end < tiles_.size()) {
      const std::size_t item = tiles_[end].item;
      bytes += steps_.bytes(item);
      if (bytes > kMostBytes && end > begin) break;
      while (end < tiles_.size() && tiles_[end].item == item) ++end;
    }
    return end;
  }

  void run_tiles(const Batch& batch, const Progress& progress) {
    for (const std::size_t tile : batch.mine) ++items_[tiles_[tile].item].left;
    parallel_for(batch.mine.size(), workers_.threads, [&](std::size_t i, unsigned worker) {
      progress.check_stop();
      const Tile& tile = tiles_[batch.mine[i]];
      add(tile, steps_.count(tile, worker));
    });
  }

  void add(const Tile& tile, auto part) {
    Item& item = items_[tile.item];
    {
      const std::lock_guard lock(item.mutex);
      const bool first = !item.sums;
      if (first) item.sums = std::make_unique<Sums>();
      steps_.merge(*item.sums, tile, std::move(part), first);
      if (--item.left > 0) return steps_.look(tile.item, *item.sums);
    }
    if (workers_.ranks.is_one()) end(tile.item);
  }

  /// Nobody has tiles of this item any more.
  void end(std::size_t number) {
    Item& item = items_[number];
    steps_.finish(*item.sums);
    const std::lock_guard lock(telling_);
    steps_.tell(number, *item.sums);
    item.sums.reset();
  }

  /// What each rank knows of the batch's items, to all of them.
  void meet(const Batch& batch, const Progress& progress) {
    const std::size_t first = tiles_[batch.begin].item;
    const std::size_t last = tiles_[batch.end - 1].item;
    MessageWriter message;
    for (std::size_t i = first; i <= last; ++i) {
      if (items_[i].sums) message(i, *items_[i].sums);
      items_[i].sums.reset();
    }
    for (const std::string& text : workers_.ranks.exchange(message.take(), progress)) {
      for (MessageReader reader(text); !reader.is_at_end();) {
        std::size_t number = 0;
        auto sums = std::make_unique<Sums>();
        reader(number, *sums);
        if (!items_[number].sums) {
          items_[number].sums = std::move(sums);
        } else {
          steps_.merge(*items_[number].sums, *sums);
        }
      }
    }
    for (std::size_t i = first; i <= last; ++i) {
      if (items_[i].sums) end(i);
    }
  }

  const Workers workers_;
  Steps& steps_;
  std::vector<Item> items_;
  std::vector<Tile> tiles_;
  std::vector<std::uint64_t> bytes_;  // by tile
  std::mutex telling_;
};

}  // namespace ckptscope
