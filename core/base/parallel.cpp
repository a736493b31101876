// Threads live as long as one call; an exception stops the handing out, not the running work.
#include "core/base/parallel.hpp"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <fstream>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "core/base/alternate_stack.hpp"

namespace ckptscope {
namespace {

/// CPU quota of cgroup v2 in processors, or a large number.
double cgroup_processors() {
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  std::string quota;
  double period = 0;
  if (!(file >> quota >> period) || quota == "max" || period <= 0) return 1e6;
  return std::strtod(quota.c_str(), nullptr) / period;
}

}  // namespace

void parallel_for(std::size_t count, unsigned workers,
                  const std::function<void(std::size_t, unsigned)>& body) {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::exception_ptr failure;
  std::size_t failed_at = count;
  const auto work = [&](unsigned worker) {
    for (std::size_t i = next++; i < count; i = next++) {
      try {
        body(i, worker);
      } catch (...) {
        const std::lock_guard lock(mutex);
        next = count;
        if (i < failed_at) {
          failed_at = i;
          failure = std::current_exception();
        }
      }
    }
  };
  {
    std::vector<std::jthread> threads;
    try {
      for (unsigned worker = 1; worker < workers && worker < count; ++worker) {
        threads.emplace_back([&work, worker] {
          const AlternateStack stack;
          work(worker);
        });
      }
    } catch (const std::system_error&) {  // fewer threads do the same work
    }
    work(0);
  }
  if (failure) std::rethrow_exception(failure);
}

void both(const std::function<void()>& first, const std::function<void()>& second) {
  parallel_for(2, usable_processors(),
               [&](std::size_t i, unsigned) { i == 0 ? first() : second(); });
}

unsigned usable_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  const int affinity = sched_getaffinity(0, sizeof set, &set) == 0
                           ? CPU_COUNT(&set)
                           : static_cast<int>(std::thread::hardware_concurrency());
  const double quota = std::max(1.0, cgroup_processors());
  return static_cast<unsigned>(std::max(1.0, std::min<double>(affinity, quota)));
}

}  // namespace ckptscope
