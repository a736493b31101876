// Progress on stderr: a moving bar on a terminal, lines in a log.
#pragma once

#include <chrono>
#include <mutex>
#include <string>

#include "core/progress.hpp"

namespace ckptscope {

/// Thread-safe, as Progress asks for. Asks to stop when a signal has come.
class CliProgress final : public Progress {
 public:
  struct Style {
    bool quiet = false;
    bool terminal = false;  // a bar that moves, instead of lines
    bool ascii = false;
    bool verbose = false;  // time and rate of each phase
  };
  explicit CliProgress(const Style& style) : style_(style) {}
  ~CliProgress() override;

  void phase(std::string_view name, std::uint64_t total) override;
  void advance(std::uint64_t bytes) override;
  void line(std::string_view text) override;
  bool confirm(const std::string& question) override;
  bool stop_requested() const override;

 private:
  using Clock = std::chrono::steady_clock;
  void clear_bar();
  void end_phase();
  void show(Clock::time_point now);
  std::string figures(Clock::time_point now) const;

  const Style style_;
  std::mutex mutex_;
  std::string name_;
  Clock::time_point started_;
  Clock::time_point shown_;
  bool bar_shown_ = false;
};

}  // namespace ckptscope
