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

  /// One tile is done: merge(sums, first), then look(sums) while more are to come, or finish(sums)
  /// after the last. Merging holds up the item alone; look and finish are called by one thread at a
  /// time over all items.
  void add(std::size_t number, const auto& merge, const auto& look, const auto& finish) {
    Item& item = items_[number];
    const std::lock_guard lock(item.mutex);
    const bool first = !item.sums;
    if (first) item.sums = std::make_unique<Sums>();
    merge(*item.sums, first);
    const std::lock_guard telling(telling_);
    if (--item.left > 0) return look(*item.sums);
    finish(*item.sums);
    item.sums.reset();
  }

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
