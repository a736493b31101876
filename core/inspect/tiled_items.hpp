// Items whose tiles are worked on by several workers, in any order.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace ckptscope {

/// Puts the results of tiles together, item by item. `Sums` is made with an item's first tile and
/// goes with its last, so that only items under work take memory. Thread-safe but for expect().
template <typename Sums>
class TiledItems {
 public:
  explicit TiledItems(std::size_t items) : items_(items) {}

  /// Before the work begins: how many tiles an item has.
  void expect(std::size_t item, std::size_t tiles) { items_[item].left = tiles; }

  /// One tile is done: merge(sums, first), then look(sums) while more are to come; after the last,
  /// finish(sums) and tell(sums). Merging and looking hold up this item alone, finishing nobody;
  /// telling is for one thread at a time over all items, as is what runs under telling().
  void add(std::size_t number, const auto& merge, const auto& look, const auto& finish,
           const auto& tell) {
    Item& item = items_[number];
    {
      const std::lock_guard lock(item.mutex);
      const bool first = !item.sums;
      if (first) item.sums = std::make_unique<Sums>();
      merge(*item.sums, first);
      if (--item.left > 0) return look(*item.sums);
    }
    finish(*item.sums);  // nobody else has tiles of this item any more
    const std::lock_guard lock(telling_);
    tell(*item.sums);
    item.sums.reset();
  }
  std::mutex& telling() { return telling_; }

 private:
  struct Item {
    std::mutex mutex;
    std::size_t left = 0;
    std::unique_ptr<Sums> sums;
  };
  std::vector<Item> items_;
  std::mutex telling_;
};

}  // namespace ckptscope
