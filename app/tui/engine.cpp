// Effects done, results taken, and the loop of a person at a terminal.
#include "app/tui/engine.hpp"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>
#include <csignal>

#include "app/session/file_outlet.hpp"
#include "app/session/user_files.hpp"
#include "app/terminal/signals.hpp"
#include "core/base/display.hpp"

namespace ckptscope {

Engine::Engine(const std::string& path, const Args& args, Terminal* terminal)
    : terminal_(terminal), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), path_(path) {
  if (wake_.get() < 0) fail_errno("eventfd");
  state_.session = Session(args);
}

void Engine::begin() {
  apply(ckptscope::begin(state_, path_));
}

void Engine::handle(const Event& event) {
  apply(update(state_, event));
}

bool Engine::take() {
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

void Engine::tick() {
  const Activity heavy = heavy_.activity();
  handle(Ticked{heavy.title.empty() ? light_.activity() : heavy});
}

void Engine::apply(std::vector<Effect> effects) {
  for (Effect& effect : effects) {
    std::visit([this](auto& one) { run(one); }, effect);
  }
}

void Engine::run(StartJob& start) {
  const bool reads = start.job.kind == JobKind::Command || start.job.kind == JobKind::Stat;
  (reads ? heavy_ : light_).start(std::move(start.job));
}

void Engine::run(StopJobs&) {
  heavy_.stop();
  light_.stop();
}

void Engine::run(CopyText& copy) {
  if (terminal_ != nullptr) terminal_->copy(copy.text);
}

void Engine::run(RecordTo& to) {
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

void Engine::run(RecordLine& line) {
  if (!record_) return;
  const bool good =
      std::fputs((line.line + "\n").c_str(), record_.get()) >= 0 && std::fflush(record_.get()) == 0;
  if (!good) record_failed("the record");
}

void Engine::run(Remember& remember) const {
  if (terminal_ != nullptr) remember_recent(remember.path);  // a person's
}

void Engine::run(RedrawAll&) {
  if (terminal_ != nullptr) terminal_->redraw();
}

void Engine::run(Suspend&) {
  if (terminal_ != nullptr) terminal_->suspend();
}

void Engine::record_failed(const std::string& what) {
  state_.message = fmt::format("{} cannot be written", display(what));
  state_.message_role = Role::Defect;
  record_.reset();
}

void Engine::wake() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto sent = ::write(wake_.get(), &one, sizeof one);
}

namespace {

constexpr int kTickMilliseconds = 100;

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

/// What the state takes from the terminal and from files of the user's.
void prepare(State& state, const Args& args, Terminal& terminal) {
  state.size = terminal.size();
  state.ascii = terminal.is_ascii() || args.has("ascii");
  state.colored = terminal.is_colored() && !state.ascii;
  try {
    read_user_config(state.session);
  } catch (const Error& error) {
    state.message = error.what();
    state.message_role = Role::Defect;
  }
  state.history = read_history_lines();
  state.session.recent() = read_recent();
}

/// ^C is a key like any other; signals that end a program end this one.
void handle_signal(Engine& engine) {
  const int signal = stop_signal();
  if (signal == 0) return;
  if (signal != SIGINT) fail(Code::Interrupted, "stopped");
  clear_stop_signal();
  engine.handle(KeyPressed{"<C-c>"});
}

/// A program that was started on what cannot be opened ends, rather than show an empty screen.
void fail_unopened(const State& state) {
  if (!state.not_opened) return;
  fail(state.not_opened->code, "{}", state.not_opened->message);
}

void handle_keys(Engine& engine, Terminal& terminal) {
  for (std::string key = terminal.next_key(); !key.empty() && !engine.over();
       key = terminal.next_key()) {
    engine.handle(KeyPressed{key});
  }
}

}  // namespace

void run_tui(const std::string& path, const Args& args, Terminal& terminal) {
  keep_after_interrupt();
  Engine engine(path, args, &terminal);
  prepare(engine.state(), args, terminal);
  const HistoryAtEnd history(engine.state());
  const GiveBack back(terminal);
  engine.begin();
  bool opened = false;  // anything, ever
  auto ticked = std::chrono::steady_clock::now();
  while (!engine.over()) {
    terminal.show(draw(engine.state()));
    const Terminal::Woken woken =
        terminal.wait(engine.wake_fd(), engine.idle() ? -1 : kTickMilliseconds);
    handle_signal(engine);
    if (woken == Terminal::Woken::Closed) return;
    if (woken == Terminal::Woken::Resized) engine.handle(Resized{terminal.size()});
    handle_keys(engine, terminal);
    const bool any = engine.take();
    opened = opened || engine.state().all || engine.state().overview.document;
    if (!opened && !path.empty()) fail_unopened(engine.state());
    const auto now = std::chrono::steady_clock::now();
    if (any || now - ticked >= std::chrono::milliseconds(kTickMilliseconds)) {
      engine.tick();
      ticked = now;
    }
  }
}

}  // namespace ckptscope
