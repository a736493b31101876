// Progress on stderr: a moving bar on a terminal, lines in a log.
#pragma once

#include <chrono>
#include <cstddef>
#include <ctime>
#include <functional>
#include <mutex>
#include <string>

#include "core/base/progress.hpp"
#include "core/ranks/ranks.hpp"

namespace ckptscope {

/// Thread-safe, as Progress asks for. Asks to stop when a signal has come.
class CliProgress final : public Progress {
 public:
  struct Style {
    bool quiet = false;
    bool terminal = false;  // a bar that moves, instead of lines
    bool ascii = false;
    bool verbose = false;  // what each phase took
  };
  /// The first of several ranks shows how far all of them are; the others tell it.
  explicit CliProgress(const Style& style, Ranks& ranks = this_process())
      : style_(style), ranks_(ranks) {}
  ~CliProgress() override;

  void phase(std::string_view name, std::uint64_t total) override;
  void advance(std::uint64_t bytes) override;
  void line(std::string_view text) override;
  /// On a terminal: what there is so far, above the bar; it goes before anything else is written.
  void publish(const std::function<Document()>& make) override;
  bool confirm(const std::string& question) override;
  bool stop_requested() const override;

 private:
  using Clock = std::chrono::steady_clock;
  void clear_bar();
  void end_phase();
  void show(Clock::time_point now);
  std::string figures(Clock::time_point now) const;

  bool is_quiet() const { return style_.quiet || !ranks_.is_first(); }
  void tell_first();
  /// Of all ranks.
  RankProgress all() const;

  const Style style_;
  Ranks& ranks_;
  std::mutex mutex_;
  std::string name_;
  Clock::time_point started_;
  std::clock_t processor_started_ = 0;
  Clock::time_point shown_;
  Clock::time_point published_;
  bool bar_shown_ = false;
  std::size_t lines_shown_ = 0;  // of a partial result, above the bar
};

}  // namespace ckptscope
