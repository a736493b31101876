// Work over a range of numbers on a fixed number of threads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace ckptscope {

/// Runs body(i, worker) for every i in [0, count), on up to `workers` threads (the calling one is
/// worker 0), which take the next number as they get free. Numbers are handed out in order. When a
/// call throws, no further number is handed out and the exception of the lowest number is rethrown.
void parallel_for(std::size_t count, unsigned workers,
                  const std::function<void(std::size_t index, unsigned worker)>& body);

/// Two things, at once where two processors may be used; throws as parallel_for does.
void both(const std::function<void()>& first, const std::function<void()>& second);

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

/// Processors this process may use: affinity and the cgroup's CPU quota, at least 1.
unsigned usable_processors();

}  // namespace ckptscope
