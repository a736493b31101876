// Work over a range of numbers on a fixed number of threads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "core/base/bytes.hpp"

namespace ckptscope {

/// Processors this process may use: affinity and the cgroup's CPU quota, at least 1.
unsigned usable_processors();

/// Runs body(i, worker) for every i in [0, count), on up to `workers` threads (the calling one is
/// worker 0), which take the next number as they get free. Numbers are handed out in order. When a
/// call throws, no further number is handed out and the exception of the lowest number is rethrown.
void parallel_for(std::size_t count, unsigned workers,
                  const std::function<void(std::size_t index, unsigned worker)>& body);

/// Two things, at once where two processors may be used; throws as parallel_for does.
void both(const std::function<void()>& first, const std::function<void()>& second);

/// Calls use(i, find(i)) for every i in [0, count): `use` in order, by the calling thread, and
/// `find` by several, some ten thousand numbers ahead. What is found must have a default
/// constructor. Throws as parallel_for does.
template <typename Find, typename Use>
void find_ahead(std::size_t count, const Find& find, const Use& use) {
  constexpr std::size_t kAhead = 1 << 15;
  constexpr std::size_t kPart = 1 << 10;
  for (std::size_t begin = 0; begin < count; begin += kAhead) {
    const std::size_t size = std::min(kAhead, count - begin);
    std::vector<decltype(find(begin))> found(size);
    parallel_for(ceil_div(size, kPart), usable_processors(), [&](std::size_t part, unsigned) {
      const std::size_t end = std::min(size, (part + 1) * kPart);
      for (std::size_t i = part * kPart; i < end; ++i) found[i] = find(begin + i);
    });
    for (std::size_t i = 0; i < size; ++i) use(begin + i, found[i]);
  }
}

/// One thing for each worker of a parallel_for, made by the worker itself when it first asks.
template <typename T>
class PerWorker {
 public:
  explicit PerWorker(unsigned workers) : made_(std::max(1u, workers)) {}

  template <typename... Args>
  T& of(unsigned worker, Args&&... args) {
    std::unique_ptr<T>& one = made_[worker];
    if (!one) one = std::make_unique<T>(std::forward<Args>(args)...);
    return *one;
  }

 private:
  std::vector<std::unique_ptr<T>> made_;
};

}  // namespace ckptscope
