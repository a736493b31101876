// A bar on a terminal, a line every half minute elsewhere.
#include "app/session/cli_progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "app/terminal/signals.hpp"
#include "app/terminal/terminal_output.hpp"
#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/hash.hpp"
#include "core/base/parallel.hpp"
#include "views/document/document.hpp"
#include "views/document/text_renderer.hpp"

namespace ckptscope {
namespace {

using namespace std::chrono_literals;
constexpr auto kBarInterval = 100ms;
constexpr auto kPartialInterval = 300ms;
constexpr auto kLineInterval = 30s;
constexpr int kBarWidth = 40;

/// The first lines that fit above the bar, none of which wraps; `count` is how many.
std::string partial_text(const Document& document, bool ascii, std::size_t& count) {
  winsize window{};
  ::ioctl(STDERR_FILENO, TIOCGWINSZ, &window);
  const std::size_t most = window.ws_row < 4 ? 0 : window.ws_row - 3u;
  std::string text;
  render_text(document, {.terminal = true, .ascii = ascii}, [&](std::string_view line) {
    if (count == most) return;
    ++count;
    text += elide_middle(line.substr(0, line.size() - 1), window.ws_col) + "\n";
  });
  return text;
}

}  // namespace

CliProgress::~CliProgress() {
  const std::lock_guard lock(mutex_);
  end_phase();
}

/// With -v: how long the phase took, and how busy the processors were. Where there are workers for
/// all of them and they were not, the disk set the pace.
void CliProgress::end_phase() {
  clear_bar();
  if (name_.empty()) return;
  if (!ranks_.is_first()) return tell_first();
  if (!style_.verbose) return;
  const double seconds = std::chrono::duration<double>(Clock::now() - started_).count();
  const std::uint64_t done = all().done;
  const std::string rate =
      done == 0 ? ""
                : fmt::format("   {}, {}/s", format_bytes(done),
                              format_bytes(static_cast<std::uint64_t>(static_cast<double>(done) /
                                                                      std::max(1e-3, seconds))));
  const double processor =
      static_cast<double>(std::clock() - processor_started_) / CLOCKS_PER_SEC / usable_processors();
  write_stderr(fmt::format("{:<9} took {:.2f} s{}, processors {:.0f} % busy\n", name_, seconds,
                           rate, 100 * std::min(1.0, processor / std::max(1e-3, seconds))));
}

void CliProgress::phase(std::string_view name, std::uint64_t total) {
  const std::lock_guard lock(mutex_);
  end_phase();
  Progress::phase(name, total);
  name_ = name;
  started_ = shown_ = Clock::now();
  processor_started_ = std::clock();
}

void CliProgress::advance(std::uint64_t bytes) {
  Progress::advance(bytes);
  if (style_.quiet) return;
  const std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  const bool often = style_.terminal || !ranks_.is_first();
  if (now - shown_ < (often ? Clock::duration(kBarInterval) : Clock::duration(kLineInterval))) {
    return;
  }
  if (ranks_.is_first()) return show(now);
  shown_ = now;
  tell_first();
}

void CliProgress::tell_first() {
  ranks_.report({xxh3(name_), total(), done()});
}

RankProgress CliProgress::all() const {
  const std::uint64_t phase = xxh3(name_);
  const RankProgress others = ranks_.others_in(phase);
  return {phase, total() + others.total, done() + others.done};
}

void CliProgress::line(std::string_view text) {
  if (is_quiet()) return;
  const std::lock_guard lock(mutex_);
  clear_bar();
  const std::string figures_now =
      total() > 0 && text.starts_with(name_) ? "  " + figures(Clock::now()) : "";
  write_stderr(fmt::format("{}{}\n", text, figures_now));
  shown_ = Clock::now();
}

/// On a terminal, where somebody can answer.
bool CliProgress::confirm(const std::string& question) {
  if (is_quiet() || !style_.terminal || ::isatty(STDIN_FILENO) == 0) return true;
  const std::lock_guard lock(mutex_);
  clear_bar();
  write_stderr(question + " [Y/n] ");
  std::string answer;
  if (!std::getline(std::cin, answer)) return false;
  return answer.empty() || answer.front() == 'y' || answer.front() == 'Y';
}

bool CliProgress::stop_requested() const {
  return stop_signal() != 0 || Progress::stop_requested();
}

void CliProgress::publish(const std::function<Document()>& make) {
  if (is_quiet() || !style_.terminal) return;
  const std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  if (now - std::max(published_, started_) < kPartialInterval) return;
  published_ = now;
  clear_bar();
  write_stderr(partial_text(make(), style_.ascii, lines_shown_));
  show(now);
}

void CliProgress::clear_bar() {
  if (lines_shown_ > 0) write_stderr(fmt::format("\x1b[{}A\r\x1b[J", lines_shown_));
  if (bar_shown_) write_stderr("\r\x1b[K");
  bar_shown_ = false;
  lines_shown_ = 0;
}

void CliProgress::show(Clock::time_point now) {
  shown_ = now;
  if (!style_.terminal) {
    write_stderr(fmt::format("{:<8} {}\n", name_, figures(now)));
    return;
  }
  const RankProgress shown = all();
  const double share =
      shown.total > 0 ? static_cast<double>(shown.done) / static_cast<double>(shown.total) : 0;
  const int filled = static_cast<int>(std::clamp(share, 0.0, 1.0) * kBarWidth);
  std::string bar;
  for (int i = 0; i < kBarWidth; ++i)
    bar += i < filled ? (style_.ascii ? "=" : "━") : (style_.ascii ? "-" : "─");
  write_stderr(fmt::format("\r{:<8} {} {}\x1b[K", name_, bar, figures(now)));
  bar_shown_ = true;
}

std::string CliProgress::figures(Clock::time_point now) const {
  const auto [phase, total, done] = all();
  const double seconds = std::max(1e-3, std::chrono::duration<double>(now - started_).count());
  const auto share =
      static_cast<double>(done) / static_cast<double>(std::max<std::uint64_t>(1, total));
  const double rate = static_cast<double>(done) / seconds;
  std::string text =
      fmt::format("{:3.0f} %  {} of {}  {}/s", 100 * share, format_bytes(done), format_bytes(total),
                  format_bytes(static_cast<std::uint64_t>(rate)));
  if (share < 1 && share > 0)
    text += "  " + format_duration(seconds * (1 - share) / share) + " left";
  return text;
}

}  // namespace ckptscope
