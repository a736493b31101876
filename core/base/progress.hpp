// How long work tells of itself and is told to stop.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/base/error.hpp"

namespace ckptscope {

struct Document;

/// Shared between the thread that works and the one that watches. All methods are thread-safe.
/// Subclasses show it; this base counts and does nothing else, which is enough for tests.
class Progress {
 public:
  virtual ~Progress() = default;

  /// A new phase ("write", "read back") of `total` bytes begins.
  virtual void phase(std::string_view name, std::uint64_t total);
  /// `bytes` more of the phase are done.
  virtual void advance(std::uint64_t bytes);
  /// A line worth keeping: a shard finished, a note.
  virtual void line(std::string_view) {}
  /// A partial result to show while the work goes on; made only where somebody looks.
  virtual void publish(const std::function<Document()>&) {}
  /// Asks before something long; without anybody to ask the answer is yes.
  virtual bool confirm(const std::string&) { return true; }

  void request_stop() { stop_ = true; }
  virtual bool stop_requested() const { return stop_; }
  /// Throws Interrupted once a stop was requested. Called at least once per tile.
  void check_stop() const {
    if (stop_requested()) fail(Code::Interrupted, "stopped");
  }

  std::uint64_t done() const { return done_; }
  std::uint64_t total() const { return total_; }

 private:
  std::atomic<bool> stop_{false};
  std::atomic<std::uint64_t> done_{0};
  std::atomic<std::uint64_t> total_{0};
};

}  // namespace ckptscope
