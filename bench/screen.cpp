// The full screen on half a million tensors, driven by keys, without a terminal and with one.
#include "bench/screen.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <vector>

#include "app/tui/ui.hpp"
#include "bench/measure.hpp"
#include "core/base/bytes.hpp"

namespace ckptscope::bench {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
  return 1e3 * std::chrono::duration<double>(Clock::now() - start).count();
}

/// What somebody does in the tree, in the flat list, searching, and elsewhere.
std::vector<std::string> keys() {
  std::vector<std::string> all;
  const auto add = [&](const std::string& key, int times) {
    for (int i = 0; i < times; ++i) all.push_back(key);
  };
  const auto type = [&](const std::string& text) {
    for (const char c : text) all.emplace_back(1, c);
  };
  const auto walk = [&] {
    add("j", 40);
    add("<C-f>", 20);
    add("k", 10);
    type("GgG");
    add("<C-u>", 10);
  };
  type("1");  // from the overview
  walk();
  type("*");
  walk();
  type("*hhlll]]][");
  type("t");
  walk();
  type("/experts.2.up");
  all.push_back("<Enter>");
  add("n", 20);
  add("N", 5);
  type("t");
  add("n", 20);
  type("sb");
  walk();
  type("I");
  type("skt");
  type("2jjj1345?q1");
  return all;
}

struct Took {
  std::string key;
  double milliseconds;
};

void report_keys(const std::string& name, std::vector<Took> all) {
  std::sort(all.begin(), all.end(),
            [](const Took& a, const Took& b) { return a.milliseconds < b.milliseconds; });
  report(fmt::format("{:<24} {} keys: median {:.2f} ms, 95 % {:.2f} ms, largest {:.2f} ms (\"{}\")",
                     name, all.size(), all[all.size() / 2].milliseconds,
                     all[all.size() * 95 / 100].milliseconds, all.back().milliseconds,
                     all.back().key));
}

/// update() and draw() alone. Jobs run between the keys, untimed, as the worker would run them;
/// taking their results is timed as a key of its own.
void bench_update(const std::string& checkpoint) {
  State state;
  state.size = {30, 100};
  std::vector<Took> took;
  Progress progress;
  std::vector<Effect> effects = begin(state, checkpoint);
  const auto timed = [&](const std::string& name, const Event& event) {
    const auto start = Clock::now();
    std::vector<Effect> more = update(state, event);
    draw(state);
    took.push_back({name, milliseconds_since(start)});
    effects.insert(effects.end(), std::make_move_iterator(more.begin()),
                   std::make_move_iterator(more.end()));
  };
  const auto settle = [&] {
    while (!effects.empty()) {
      std::vector<Effect> now = std::exchange(effects, {});
      for (Effect& effect : now) {
        auto* start = std::get_if<StartJob>(&effect);
        if (start == nullptr) continue;
        const Job& job = start->job;
        JobEvent event{job.kind, job.id, true, {}, {}};
        try {
          event.result = job.run({progress, [](JobResult) {}, 100});
        } catch (const Error& error) {
          event.result = Failed{error.code(), error.what()};
        }
        timed("result of " + job.title, event);
      }
    }
  };
  settle();
  for (const std::string& key : keys()) {
    timed(key, KeyPressed{key});
    settle();
  }
  report_keys("update and draw", std::move(took));
}

std::string bytes_of(const std::string& key) {
  if (key == "<Enter>") return "\r";
  if (key.starts_with("<C-")) return std::string(1, static_cast<char>(key[3] - 'a' + 1));
  return key;
}

/// The program in a terminal of its own.
class Screen {
 public:
  explicit Screen(const std::string& checkpoint) {
    winsize size{};
    size.ws_row = 30;
    size.ws_col = 100;
    start_ = Clock::now();
    process_ = ::forkpty(&terminal_, nullptr, nullptr, &size);
    if (process_ != 0) return;
    ::setenv("TERM", "xterm-256color", 1);
    ::execl(CKPTSCOPE_BINARY, CKPTSCOPE_BINARY, checkpoint.c_str(), nullptr);
    std::_Exit(127);
  }
  ~Screen() {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    ::close(terminal_);
  }
  /// Milliseconds since the start when `text` came.
  double appears(const std::string& text) {
    while (seen_.find(text) == seen_.npos) {
      if (!read_some(60'000)) return -1;
    }
    return milliseconds_since(start_);
  }
  /// From a key to the last byte of what it changes on the screen.
  double answers(const std::string& key) {
    while (read_some(30)) continue;
    const std::string bytes = bytes_of(key);
    const auto start = Clock::now();
    if (::write(terminal_, bytes.data(), bytes.size()) < 0) return -1;
    if (!read_some(200)) return 0;  // changes nothing
    double last = milliseconds_since(start);
    while (read_some(8)) last = milliseconds_since(start);
    return last;
  }
  Memory memory() const { return memory_of(process_); }

 private:
  bool read_some(int milliseconds) {
    pollfd ready{terminal_, POLLIN, 0};
    if (::poll(&ready, 1, milliseconds) <= 0) return false;
    char buffer[1 << 16];
    const ssize_t got = ::read(terminal_, buffer, sizeof buffer);
    if (got <= 0) return false;
    seen_.append(buffer, static_cast<std::size_t>(got));
    return true;
  }
  int terminal_ = -1;
  pid_t process_ = -1;
  Clock::time_point start_;
  std::string seen_;
};

void bench_terminal(const std::string& checkpoint) {
  Screen screen(checkpoint);
  const double frame = screen.appears("Overview");
  const double overview = screen.appears("as BF16");
  report(fmt::format("{:<24} frame {:.0f} ms, overview {:.0f} ms, peak resident {}",
                     "screen of 496,620", frame, overview,
                     format_memory(screen.memory().peak_resident)));
  std::vector<Took> took;
  for (const std::string& key : keys()) {
    const double milliseconds = screen.answers(key);
    if (milliseconds > 0) took.push_back({key, milliseconds});
  }
  report_keys("key to screen", std::move(took));
  report(fmt::format("{:<24} peak resident {}", "after all keys",
                     format_memory(screen.memory().peak_resident)));
}

}  // namespace

void bench_screen(const std::string& checkpoint) {
  bench_terminal(checkpoint);  // warm headers from here on
  bench_terminal(checkpoint);
  bench_update(checkpoint);
}

}  // namespace ckptscope::bench
