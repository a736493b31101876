// The full-screen interface: a loop between a terminal, the state and the workers.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "app/jobs/worker.hpp"
#include "app/language/command.hpp"
#include "app/terminal/terminal.hpp"
#include "app/tui/ui.hpp"
#include "core/base/file.hpp"

namespace ckptscope {

/// State, workers, and what effects do. For one thread.
class Engine {
 public:
  /// `path` may be empty, `terminal` null: then nothing is copied, redrawn or suspended.
  Engine(const std::string& path, const Args& args, Terminal* terminal);

  State& state() { return state_; }
  /// A file descriptor that is readable when a worker has posted something.
  int wake_fd() const { return wake_.get(); }
  /// Somebody has quit.
  bool over() const { return over_; }
  /// Nothing runs and nothing waits.
  bool idle() const { return light_.is_idle() && heavy_.is_idle(); }

  /// Opens what there is to open.
  void begin();
  void handle(const Event& event);
  /// Handles what the workers have posted. True when there was anything.
  bool take();
  /// Tells the state how far the workers are.
  void tick();

 private:
  void apply(std::vector<Effect> effects);
  void run(StartJob& start);
  void run(StopJobs&);
  void run(StopStat&) { heavy_.stop(); }
  void run(AnswerJob& answer) { heavy_.answer(answer.yes); }
  void run(CopyText& copy);
  void run(RecordTo& to);
  void run(RecordLine& line);
  void run(Remember& remember) const;
  void run(RedrawAll&);
  void run(Suspend&);
  void run(Quit&) { over_ = true; }
  void record_failed(const std::string& what);
  void wake() const;

  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  Terminal* terminal_;
  UniqueFd wake_;
  State state_;
  std::string path_;
  std::unique_ptr<std::FILE, CloseFile> record_;
  bool over_ = false;
  Worker light_{[this] { wake(); }};  // the last members: they use the others
  Worker heavy_{[this] { wake(); }};  // what reads bytes; meanwhile keys are searched and previewed
};

/// Runs until somebody quits or the terminal is gone; `path` may be empty. `args`: flags of the
/// command line, which hold for every command. Throws Interrupted after SIGTERM and SIGHUP, and why
/// `path` cannot be opened.
void run_tui(const std::string& path, const Args& args, Terminal& terminal);

}  // namespace ckptscope
