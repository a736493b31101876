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
#include <vector>

#include "app/jobs/results.hpp"
#include "core/base/progress.hpp"

namespace ckptscope {

/// What a job may do besides returning its result: all thread-safe.
struct JobContext {
  Progress& progress;
  std::function<void(JobResult)> post;  // a result so far
  std::size_t width;                    // see Job
};

using JobBody = std::function<JobResult(const JobContext&)>;

struct Job {
  JobKind kind = JobKind::Command;
  std::uint64_t id = 0;
  std::string title;  // the command line that it is, for people
  std::size_t width;  // cells of a line that the screen can show
  JobBody run;
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
