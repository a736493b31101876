// The worker: one job after the other, results posted as they come, stopped when asked. Run with
// TSan: everything here crosses threads.

#include "app/jobs/worker.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>

namespace ckptscope::testing {
namespace {

using namespace std::chrono_literals;

Job job(JobKind kind, std::uint64_t id, std::function<JobResult(const JobContext&)> run) {
  return {kind, id, "job " + std::to_string(id), 80, std::move(run)};
}

std::string text_of(const JobEvent& event) {
  if (const auto* line = std::get_if<Said>(&event.result)) return line->text;
  if (const auto* failed = std::get_if<Failed>(&event.result)) return "failed: " + failed->message;
  if (const auto* question = std::get_if<Question>(&event.result)) return question->text;
  if (const auto* told = std::get_if<CommandDone>(&event.result)) return "told " + told->verb;
  return "?";
}

class Working : public ::testing::Test {
 protected:
  /// Events until the worker is idle; `seen` is called for each.
  std::vector<std::string> wait(const std::function<void(const JobEvent&)>& seen = nullptr) {
    std::vector<std::string> texts;
    for (bool idle = false; !idle;) {
      idle = worker_.is_idle();
      for (const JobEvent& event : worker_.take()) {
        texts.push_back(std::to_string(event.id) + (event.last ? "! " : ": ") + text_of(event));
        if (seen) seen(event);
      }
      std::this_thread::sleep_for(1ms);
    }
    return texts;
  }

  std::atomic<int> woken_{0};
  Worker worker_{[this] { ++woken_; }};
};

TEST_F(Working, RunsOneAfterTheOtherAndPostsInOrder) {
  for (std::uint64_t id = 1; id <= 3; ++id) {
    worker_.start(job(JobKind::Command, id, [id](const JobContext& context) -> JobResult {
      context.progress.line("line of " + std::to_string(id));
      context.post(Said{"so far"});
      return Said{"done"};
    }));
  }
  EXPECT_EQ(wait(), (std::vector<std::string>{"1: line of 1", "1: so far", "1! done",
                                              "2: line of 2", "2: so far", "2! done",
                                              "3: line of 3", "3: so far", "3! done"}));
  EXPECT_GE(woken_, 9);
}

TEST_F(Working, NewerLooksReplaceOlderOnesThatWait) {
  std::atomic<bool> go{false};
  worker_.start(job(JobKind::Command, 1, [&](const JobContext&) -> JobResult {
    while (!go) std::this_thread::sleep_for(1ms);
    return Said{"first"};
  }));
  for (std::uint64_t id = 2; id <= 5; ++id) {
    worker_.start(job(JobKind::Search, id, [](const JobContext&) { return Said{"found"}; }));
  }
  worker_.start(job(JobKind::Command, 6, [](const JobContext&) { return Said{"last"}; }));
  go = true;
  // Each has its last event: whoever waits for one is told.
  EXPECT_EQ(wait(),
            (std::vector<std::string>{"2! failed: stopped", "3! failed: stopped",
                                      "4! failed: stopped", "1! first", "5! found", "6! last"}));
}

TEST_F(Working, StopsWhatRunsAndForgetsWhatWaits) {
  std::atomic<bool> started{false};
  worker_.start(job(JobKind::Command, 1, [&](const JobContext& context) -> JobResult {
    started = true;
    for (;;) {
      context.progress.check_stop();
      std::this_thread::sleep_for(1ms);
    }
  }));
  worker_.start(job(JobKind::Command, 2, [](const JobContext&) { return Said{"never"}; }));
  while (!started) std::this_thread::sleep_for(1ms);
  worker_.stop();
  EXPECT_EQ(wait(), (std::vector<std::string>{"2! failed: stopped", "1! failed: stopped"}));
}

TEST_F(Working, AsksAndGoesOnWithTheAnswer) {
  for (const bool answer : {true, false}) {
    worker_.start(job(JobKind::Command, 1, [](const JobContext& context) -> JobResult {
      return Said{context.progress.confirm("read it?") ? "read" : "not read"};
    }));
    const auto texts = wait([&](const JobEvent& event) {
      if (std::holds_alternative<Question>(event.result)) worker_.answer(answer);
    });
    EXPECT_EQ(texts, (std::vector<std::string>{"1: read it?", answer ? "1! read" : "1! not read"}));
  }
}

TEST_F(Working, AQuestionIsStoppedToo) {
  worker_.start(job(JobKind::Command, 1, [](const JobContext& context) -> JobResult {
    return Said{context.progress.confirm("read it?") ? "read" : "not read"};
  }));
  const auto texts = wait([&](const JobEvent& event) {
    if (std::holds_alternative<Question>(event.result)) worker_.stop();
  });
  EXPECT_EQ(texts.back(), "1! not read");
}

TEST_F(Working, TellsOfPhases) {
  std::atomic<int> step{0};
  worker_.start(job(JobKind::Command, 1, [&](const JobContext& context) -> JobResult {
    context.progress.phase("write", 100);
    context.progress.advance(40);
    step = 1;
    while (step == 1) std::this_thread::sleep_for(1ms);
    context.progress.phase("read back", 50);
    context.progress.advance(50);
    return Said{"done"};
  }));
  while (step == 0) std::this_thread::sleep_for(1ms);
  const Activity now = worker_.activity();
  EXPECT_EQ(now.title, "job 1");
  ASSERT_EQ(now.phases.size(), 1u);
  EXPECT_EQ(now.phases[0].name, "write");
  EXPECT_EQ(now.phases[0].done, 40u);
  EXPECT_EQ(now.phases[0].total, 100u);
  EXPECT_FALSE(now.phases[0].over);
  step = 2;
  wait([](const JobEvent& event) {
    ASSERT_EQ(event.phases.size(), 2u);
    EXPECT_TRUE(event.phases[0].over);
    EXPECT_EQ(event.phases[1].done, 50u);
  });
  EXPECT_EQ(worker_.activity().title, "");
}

TEST_F(Working, ExceptionsAreResults) {
  worker_.start(job(JobKind::Command, 1,
                    [](const JobContext&) -> JobResult { throw std::runtime_error("broken"); }));
  worker_.start(
      job(JobKind::Command, 2, [](const JobContext&) -> JobResult { throw std::bad_alloc(); }));
  const auto texts = wait();
  ASSERT_EQ(texts.size(), 2u);
  EXPECT_EQ(texts[0], "1! failed: broken; this is a defect, please report it");
  EXPECT_EQ(texts[1], "2! failed: memory ran out");
}

/// Partial documents are made only now and then, whoever publishes them.
TEST_F(Working, PublishesNowAndThen) {
  worker_.start(job(JobKind::Command, 1, [](const JobContext& context) -> JobResult {
    int made = 0;
    for (int i = 0; i < 1000; ++i) {
      context.progress.publish([&] {
        ++made;
        return Document{"stat"};
      });
    }
    return Said{std::to_string(made)};
  }));
  EXPECT_EQ(wait(), (std::vector<std::string>{"1: told stat", "1! 1"}));
}

TEST(Worker, EndsWhileAJobRuns) {
  std::atomic<bool> started{false};
  {
    Worker worker([] {});
    worker.start(job(JobKind::Command, 1, [&](const JobContext& context) -> JobResult {
      started = true;
      for (;;) {
        context.progress.check_stop();
        std::this_thread::sleep_for(1ms);
      }
    }));
    while (!started) std::this_thread::sleep_for(1ms);
  }
  SUCCEED();  // its thread was joined
}

}  // namespace
}  // namespace ckptscope::testing
