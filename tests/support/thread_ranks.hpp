// Ranks that are threads of the test: what several processes do, under the eyes of sanitizers.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/ranks/ranks.hpp"

namespace ckptscope::testing {

/// What each rank's `body` returns. The first exception ends the waiting of the others, and is
/// rethrown.
inline std::vector<std::string> on_ranks(std::size_t count,
                                         const std::function<std::string(Ranks&)>& body) {
  struct Meeting {
    std::mutex mutex;
    std::condition_variable all_here;
    std::size_t here = 0;
    std::size_t number = 0;
    std::vector<std::string> saying;
    std::vector<std::string> said;
    std::exception_ptr failure;
  };
  class Rank final : public Ranks {
   public:
    Rank(Meeting& meeting, std::size_t number) : meeting_(meeting), number_(number) {}
    std::size_t number() const override { return number_; }
    std::size_t count() const override { return meeting_.saying.size(); }
    std::vector<std::string> exchange(std::string mine, const Progress&) override {
      std::unique_lock lock(meeting_.mutex);
      meeting_.saying[number_] = std::move(mine);
      if (++meeting_.here == count()) {
        meeting_.said = meeting_.saying;
        meeting_.here = 0;
        ++meeting_.number;
        meeting_.all_here.notify_all();
        return meeting_.said;
      }
      const std::size_t before = meeting_.number;
      meeting_.all_here.wait(lock, [&] { return meeting_.number != before || meeting_.failure; });
      if (meeting_.number == before) fail(Code::Interrupted, "another rank has failed");
      return meeting_.said;
    }

   private:
    Meeting& meeting_;
    const std::size_t number_;
  };

  Meeting meeting;
  meeting.saying.resize(count);
  std::vector<std::string> results(count);
  {
    std::vector<std::jthread> threads;
    for (std::size_t number = 0; number < count; ++number) {
      threads.emplace_back([&, number] {
        Rank rank(meeting, number);
        try {
          results[number] = body(rank);
        } catch (...) {
          const std::lock_guard lock(meeting.mutex);
          if (!meeting.failure) meeting.failure = std::current_exception();
          meeting.all_here.notify_all();
        }
      });
    }
  }
  if (meeting.failure) std::rethrow_exception(meeting.failure);
  return results;
}

}  // namespace ckptscope::testing
