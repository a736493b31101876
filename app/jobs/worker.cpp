// The thread, the queue of jobs, and the progress that a job reports to.
#include "app/jobs/worker.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>

#include "app/session/run_command.hpp"
#include "core/base/alternate_stack.hpp"

namespace ckptscope {

namespace {
using Clock = std::chrono::steady_clock;
constexpr auto kPublishInterval = std::chrono::milliseconds(150);
}  // namespace

/// Progress of one job, as the screen asks for it.
class Worker::JobProgress final : public Progress {
 public:
  JobProgress(const Job& job, std::function<void(JobResult)> post)
      : title_(job.title), kind_(job.kind), width_(job.width), post_(std::move(post)) {}

  void phase(std::string_view name, std::uint64_t total) override {
    const std::lock_guard lock(mutex_);
    end_phase();
    Progress::phase(name, total);
    phases_.push_back({std::string(name), 0, total, 0, false});
    started_ = Clock::now();
  }

  void line(std::string_view text) override { post_(Said{std::string(text)}); }

  void publish(const std::function<Document()>& make) override {
    {
      const std::lock_guard lock(mutex_);
      const auto now = Clock::now();
      if (now - published_ < kPublishInterval) return;
      published_ = now;
    }
    post_(command_done(make(), width_));
  }

  bool confirm(const std::string& question) override {
    post_(Question{question});
    std::unique_lock lock(mutex_);
    answered_.wait(lock, [&] { return answer_.has_value() || stop_requested(); });
    return answer_.value_or(false);
  }
  void answer(bool yes) {
    const std::lock_guard lock(mutex_);
    answer_ = yes;
    answered_.notify_all();
  }
  void stop() {
    request_stop();
    const std::lock_guard lock(mutex_);
    answered_.notify_all();
  }

  Activity activity() const {
    const std::lock_guard lock(mutex_);
    Activity now{title_, kind_, phases_};
    if (!now.phases.empty()) {
      now.phases.back().done = done();
      now.phases.back().seconds = std::chrono::duration<double>(Clock::now() - started_).count();
    }
    return now;
  }

 private:
  void end_phase() {
    if (phases_.empty()) return;
    phases_.back().done = done();
    phases_.back().seconds = std::chrono::duration<double>(Clock::now() - started_).count();
    phases_.back().over = true;
  }

  const std::string title_;
  const JobKind kind_;
  const std::size_t width_;
  const std::function<void(JobResult)> post_;
  mutable std::mutex mutex_;
  std::condition_variable answered_;
  std::vector<PhaseLine> phases_;
  Clock::time_point started_;
  Clock::time_point published_;
  std::optional<bool> answer_;
};

Worker::Worker(std::function<void()> wake)
    : wake_(std::move(wake)), thread_([this] {
        const AlternateStack stack;
        loop();
      }) {}

Worker::~Worker() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    waiting_.clear();
    if (running_) running_->stop();
  }
  changed_.notify_all();
  thread_.join();
}

/// With the mutex held.
void Worker::forget(const std::function<bool(const Job&)>& which) {
  for (const Job& job : waiting_) {
    if (which(job)) {
      posted_.push_back({job.kind, job.id, true, Failed{Code::Interrupted, "stopped"}, {}});
    }
  }
  std::erase_if(waiting_, which);
}

void Worker::start(Job job) {
  const std::lock_guard lock(mutex_);
  if (job.kind != JobKind::Command) forget([&](const Job& one) { return one.kind == job.kind; });
  waiting_.push_back(std::move(job));
  changed_.notify_all();
}

void Worker::stop() {
  {
    const std::lock_guard lock(mutex_);
    forget([](const Job&) { return true; });
    if (running_) running_->stop();
  }
  wake_();
}

void Worker::answer(bool yes) {
  const std::lock_guard lock(mutex_);
  if (running_) running_->answer(yes);
}

std::vector<JobEvent> Worker::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(posted_, {});
}

Activity Worker::activity() const {
  const std::lock_guard lock(mutex_);
  return running_ ? running_->activity() : Activity{};
}

bool Worker::is_idle() const {
  const std::lock_guard lock(mutex_);
  return !running_ && waiting_.empty();
}

void Worker::loop() {
  // Signals are for the thread that waits for keys: here they would wake nobody.
  sigset_t signals;
  sigfillset(&signals);
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) sigdelset(&signals, fault);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  for (;;) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return ending_ || !waiting_.empty(); });
      if (ending_) return;
      job = std::move(waiting_.front());
      waiting_.pop_front();
      const auto send = [this, kind = job.kind, id = job.id](JobResult result) {
        post({kind, id, false, std::move(result), {}});
      };
      running_ = std::make_shared<JobProgress>(job, send);
    }
    run(std::move(job));
  }
}

void Worker::run(Job job) {
  JobEvent event{job.kind, job.id, true, {}, {}};
  const std::shared_ptr<JobProgress> progress = running_;
  const JobContext context{*progress,
                           [&](JobResult result) {
                             post({job.kind, job.id, false, std::move(result), {}});
                           },
                           job.width};
  try {
    with_translated_exceptions([&] { event.result = job.run(context); });
  } catch (const Error& error) {
    event.result = Failed{error.code(), error.what()};
  }
  event.phases = progress->activity().phases;
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(event));
    running_.reset();
  }
  wake_();
}

void Worker::post(JobEvent event) {
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(event));
  }
  wake_();
}

}  // namespace ckptscope
