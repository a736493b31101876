// One thread that does what takes time. Jobs run one after the other; what they find is posted, for
// the thread that draws to take.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "core/base/progress.hpp"
#include "core/inspect/key_list.hpp"
#include "views/document/document.hpp"
#include "views/screen/convert_view.hpp"
#include "views/screen/mapping_view.hpp"
#include "views/screen/page_view.hpp"
#include "views/screen/stats_view.hpp"

namespace ckptscope {

/// What a job is for. A newer job of the same kind makes results of older ones stale.
enum class JobKind { Open, List, Search, Map, Stat, Command };
inline constexpr std::size_t kJobKinds = 6;

struct Opened {
  std::string path;  // as it was asked for
  std::shared_ptr<const KeyList> list;
  std::string summary;
  bool whole = true;  // false: the first shard alone, the rest follows
};
struct Listed {
  std::shared_ptr<const KeyList> list;
  std::shared_ptr<const std::vector<std::uint32_t>> order;  // ids; null: natural order
  bool flat = false;
  std::string filter;  // as typed
};
struct Found {
  std::shared_ptr<const KeyList> list;  // that was searched, in this order
  std::shared_ptr<const std::vector<std::uint32_t>> order;
  std::string pattern;
  std::vector<std::uint32_t> places;  // in the order that was searched, rising
};
struct PlanReady {
  std::shared_ptr<const MapModel> model;
};
struct StatsReady {
  std::shared_ptr<const StatsModel> model;
};
/// What a command says.
struct CommandDone {
  std::string verb;
  std::vector<PageLine> lines;
  int exit = 0;
  std::vector<std::string> keys{};  // of the tensors of a table of statistics, raw, from line 1 on
};
/// Lines to run.
struct Script {
  std::string text;
};
struct Failed {
  Code code = Code::Internal;
  std::string message;
};
struct Line {
  std::string text;
};
struct Question {
  std::string text;
};
using JobResult = std::variant<Opened, Listed, Found, PlanReady, StatsReady, CommandDone, Script,
                               Failed, Line, Question>;

struct JobEvent {
  JobKind kind = JobKind::Command;
  std::uint64_t id = 0;
  bool last = false;  // the job is over
  JobResult result;
  std::vector<PhaseLine> phases{};  // of the job, with the last event
};

/// What a job may do besides returning its result: all thread-safe.
struct JobContext {
  Progress& progress;
  std::function<void(JobResult)> post;  // a result so far
};

struct Job {
  JobKind kind = JobKind::Command;
  std::uint64_t id = 0;
  std::string title;  // the command line that it is, for people
  std::function<JobResult(const JobContext&)> run;
};

/// What is going on.
struct Activity {
  std::string title;  // empty: nothing
  JobKind kind = JobKind::Command;
  std::vector<PhaseLine> phases;
};

/// All methods are thread-safe.
class Worker {
 public:
  /// `wake` is called from the worker's thread whenever something is posted.
  explicit Worker(std::function<void()> wake);
  /// Asks the running job to stop, and waits for it.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Behind the jobs that wait. Waiting jobs of the same kind are forgotten, but for commands.
  /// Every job has its last event: a forgotten one that it was interrupted.
  void start(Job job);
  /// Asks the running job to stop, and forgets those that wait.
  void stop();
  /// To a Question.
  void answer(bool yes);

  std::vector<JobEvent> take();
  Activity activity() const;
  bool is_idle() const;

 private:
  class JobProgress;
  void loop();
  void run(Job job);
  void post(JobEvent event);
  void forget(const std::function<bool(const Job&)>& which);

  const std::function<void()> wake_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> waiting_;
  std::vector<JobEvent> posted_;
  std::shared_ptr<JobProgress> running_;
  bool ending_ = false;
  std::thread thread_;  // the last member: it uses the others
};

}  // namespace ckptscope
