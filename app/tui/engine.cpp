#include "app/tui/engine.hpp"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <set>

#include "app/session/file_outlet.hpp"
#include "app/session/user_files.hpp"
#include "app/terminal/signals.hpp"
#include "app/tui/ui.hpp"
#include "core/base/display.hpp"
#include "core/base/file.hpp"

namespace ckptscope {
namespace {

constexpr int kTickMilliseconds = 100;

/// State, workers, and what effects do.
class Engine {
 public:
  Engine(const std::string& path, const Args& args, Terminal* terminal)
      : terminal_(terminal), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (wake_.get() < 0) fail_errno("eventfd");
    state_.session = Session(args);
    path_ = path;
  }

  State& state() { return state_; }
  int wake_fd() const { return wake_.get(); }
  bool over() const { return over_; }

  void begin() { apply(ckptscope::begin(state_, path_)); }
  void handle(const Event& event) { apply(update(state_, event)); }

  /// What the workers have posted. True when there was anything.
  bool take() {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = ::read(wake_.get(), &count, sizeof count);
    bool any = false;
    for (Worker* worker : {&light_, &heavy_}) {
      for (JobEvent& event : worker->take()) {
        any = true;
        handle(event);
      }
    }
    return any;
  }
  bool idle() const { return light_.is_idle() && heavy_.is_idle(); }

  void tick() {
    const Activity heavy = heavy_.activity();
    handle(Ticked{heavy.title.empty() ? light_.activity() : heavy});
  }

 private:
  void apply(std::vector<Effect> effects) {
    for (Effect& effect : effects) {
      std::visit([this](auto& one) { run(one); }, effect);
    }
  }
  /// What reads bytes has a thread of its own: while it converts, keys are searched and previewed.
  void run(StartJob& start) {
    const bool reads = start.job.kind == JobKind::Command || start.job.kind == JobKind::Stat;
    (reads ? heavy_ : light_).start(std::move(start.job));
  }
  void run(StopJobs&) {
    heavy_.stop();
    light_.stop();
  }
  void run(StopStat&) { heavy_.stop(); }
  void run(AnswerJob& answer) { heavy_.answer(answer.yes); }
  void run(CopyText& copy) {
    if (terminal_ != nullptr) terminal_->copy(copy.text);
  }
  void run(RecordTo& to) {
    record_.reset();
    if (to.path.empty()) return;
    try {
      if (state_.session.checkpoint()) refuse_file_of(*state_.session.checkpoint(), to.path);
    } catch (const Error& error) {
      state_.message = error.what();
      state_.message_role = Role::Defect;
      return;
    }
    record_.reset(std::fopen(to.path.c_str(), "we"));
    if (!record_) record_failed(to.path);
  }
  void run(RecordLine& line) {
    if (!record_) return;
    const bool good = std::fputs((line.line + "\n").c_str(), record_.get()) >= 0 &&
                      std::fflush(record_.get()) == 0;
    if (!good) record_failed("the record");
  }
  void run(RedrawAll&) {
    if (terminal_ != nullptr) terminal_->redraw();
  }
  void run(Suspend&) {
    if (terminal_ != nullptr) terminal_->suspend();
  }
  void run(Quit&) { over_ = true; }

  void record_failed(const std::string& what) {
    state_.message = fmt::format("{} cannot be written", display(what));
    state_.message_role = Role::Defect;
    record_.reset();
  }

  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  void wake() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto sent = ::write(wake_.get(), &one, sizeof one);
  }

  Terminal* terminal_;
  UniqueFd wake_;
  State state_;
  std::string path_;
  std::unique_ptr<std::FILE, CloseFile> record_;
  bool over_ = false;
  Worker light_{[this] { wake(); }};  // the last members: they use the others
  Worker heavy_{[this] { wake(); }};
};

// ---- scripts of keys ----------------------------------------------------------------------------

bool is_known_key(const std::string& key) {
  static const std::set<std::string> kNames{
      "<Enter>",  "<Esc>",   "<Tab>",  "<S-Tab>", "<Space>",    "<Up>",     "<Down>",
      "<Left>",   "<Right>", "<Home>", "<End>",   "<PageDown>", "<PageUp>", "<Backspace>",
      "<Delete>", "<F1>",    "<lt>",   "<wait>",  "<dump>"};
  return kNames.contains(key) || (key.size() == 5 && key.starts_with("<C-"));
}

std::vector<std::string> keys_of(const std::string& script) {
  std::vector<std::string> keys;
  std::string_view rest = script;
  while (!rest.empty()) {
    std::size_t bytes = 1;
    if (rest.front() == '<') {
      const std::size_t end = rest.find('>');
      if (end == rest.npos) fail(Code::Usage, "keys: a key begins with < and does not end; <lt>");
      bytes = end + 1;
    } else {
      while (bytes < rest.size() && (static_cast<unsigned char>(rest[bytes]) & 0xC0) == 0x80)
        ++bytes;
    }
    const std::string key(rest.substr(0, bytes));
    if (key.size() > 1 && key.front() == '<' && !is_known_key(key)) {
      fail(Code::Usage, "keys: there is no key {}", display(key));
    }
    if (key != "\n") keys.push_back(key == " " ? "<Space>" : key == "<lt>" ? "<" : key);
    rest.remove_prefix(bytes);
  }
  return keys;
}

/// Until nothing runs, or something asks.
void settle(Engine& engine) {
  for (;;) {
    const bool idle = engine.idle();  // asked first: what it posted before is there then
    const bool any = engine.take();
    if (idle && !any) break;
    if (engine.state().prompt && engine.state().prompt->kind == PromptKind::Question) break;
    if (stop_signal() != 0) fail(Code::Interrupted, "stopped");
    if (!any) ::usleep(500);
  }
  engine.tick();
}

/// The terminal is given back before the workers are waited for: a second signal may end that.
class GiveBack {
 public:
  explicit GiveBack(Terminal& terminal) : terminal_(terminal) {}
  GiveBack(const GiveBack&) = delete;
  GiveBack& operator=(const GiveBack&) = delete;
  ~GiveBack() { terminal_.give_back(); }

 private:
  Terminal& terminal_;
};

/// Lines that were typed are kept however the loop ends.
class HistoryAtEnd {
 public:
  explicit HistoryAtEnd(State& state) : state_(state) {}
  HistoryAtEnd(const HistoryAtEnd&) = delete;
  HistoryAtEnd& operator=(const HistoryAtEnd&) = delete;
  ~HistoryAtEnd() { append_history(state_.session.history()); }

 private:
  State& state_;
};

}  // namespace

void run_tui(const std::string& path, const Args& args, Terminal& terminal) {
  keep_after_interrupt();
  Engine engine(path, args, &terminal);
  State& state = engine.state();
  state.size = terminal.size();
  state.ascii = terminal.is_ascii() || args.has("ascii");
  try {
    read_user_config(state.session);
  } catch (const Error& error) {
    state.message = error.what();
    state.message_role = Role::Defect;
  }
  state.history = read_history_lines();
  const HistoryAtEnd history(state);
  const GiveBack back(terminal);
  engine.begin();
  bool drawn = false;
  auto ticked = std::chrono::steady_clock::now();
  while (!engine.over()) {
    if (!drawn) terminal.show(draw(state));
    drawn = true;
    const Terminal::Woken woken =
        terminal.wait(engine.wake_fd(), engine.idle() ? -1 : kTickMilliseconds);
    const int signal = stop_signal();
    if (signal == SIGINT) {
      clear_stop_signal();
      engine.handle(KeyPressed{"<C-c>"});
    } else if (signal != 0) {
      fail(Code::Interrupted, "stopped");
    }
    if (woken == Terminal::Woken::Closed) return;
    if (woken == Terminal::Woken::Resized) engine.handle(Resized{terminal.size()});
    for (std::string key = terminal.next_key(); !key.empty() && !engine.over();
         key = terminal.next_key()) {
      engine.handle(KeyPressed{key});
    }
    const bool any = engine.take();
    const auto now = std::chrono::steady_clock::now();
    if (any || now - ticked >= std::chrono::milliseconds(kTickMilliseconds)) {
      engine.tick();
      ticked = now;
    }
    drawn = false;
  }
}

std::string run_key_script(const std::string& path, const Args& args, const std::string& script,
                           Size size) {
  Engine engine(path, args, nullptr);
  engine.state().size = size;
  engine.state().ascii = args.has("ascii");
  engine.state().hides_figures = true;
  const std::vector<std::string> keys = keys_of(script);
  engine.begin();
  settle(engine);
  std::string screens;
  for (const std::string& key : keys) {
    if (engine.over()) break;
    if (key == "<wait>") {
      settle(engine);
    } else if (key == "<dump>") {
      screens += draw(engine.state()).to_text();
    } else {
      engine.handle(KeyPressed{key});
    }
  }
  settle(engine);
  return screens + (engine.over() ? "" : draw(engine.state()).to_text());
}

Size parse_size(const std::string& text) {
  Size size;
  const char* end = text.data() + text.size();
  const auto columns = std::from_chars(text.data(), end, size.columns);
  const bool crossed = columns.ptr != end && *columns.ptr == 'x';
  const auto rows = crossed ? std::from_chars(columns.ptr + 1, end, size.rows) : columns;
  const bool good = columns.ec == std::errc() && crossed && rows.ec == std::errc() &&
                    rows.ptr == end && size.columns > 0 && size.rows > 0 && size.columns <= 1000 &&
                    size.rows <= 1000;
  if (!good) fail(Code::Usage, "--screen {}: COLUMNSxROWS is expected, like 100x30", display(text));
  return size;
}

}  // namespace ckptscope
