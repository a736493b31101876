// ckptscope-mpi: the program as ranks of one MPI run. All that is known of MPI is here.
#include <mpi.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "app/cli.hpp"
#include "app/terminal/terminal_output.hpp"
#include "core/base/error.hpp"
#include "core/ranks/message.hpp"

namespace ckptscope {
namespace {

using namespace std::chrono_literals;

constexpr int kFirst = 0;
constexpr auto kPoll = 1ms;  // waiting costs no processor: threads of this machine still work
constexpr auto kListen = 20ms;

/// Messages to the first rank, by tag.
enum Tag : int { kProgress = 1, kError = 2 };

class MpiRanks final : public Ranks {
 public:
  MpiRanks(int& argc, char**& argv) {
    int provided = 0;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &number_);
    MPI_Comm_size(MPI_COMM_WORLD, &count_);
    if (provided < MPI_THREAD_MULTIPLE && count_ > 1) {
      write_stderr("ckptscope-mpi: this MPI is built without MPI_THREAD_MULTIPLE\n");
      MPI_Abort(MPI_COMM_WORLD, 3);
    }
    MPI_Comm_dup(MPI_COMM_WORLD, &to_first_);
    if (number_ == kFirst && count_ > 1) {
      listener_ = std::jthread([this](const std::stop_token& stop) { listen(stop); });
    }
  }
  ~MpiRanks() override {
    if (listener_.joinable()) {
      listener_.request_stop();
      listener_.join();
    }
    MPI_Finalize();
  }

  std::size_t number() const override { return static_cast<std::size_t>(number_); }
  std::size_t count() const override { return static_cast<std::size_t>(count_); }

  std::vector<std::string> exchange(std::string mine, const Progress& progress) override {
    auto round = std::make_unique<Round>();
    try {
      exchange(*round, std::move(mine), progress);
      return std::move(round->all);
    } catch (...) {
      (void)round.release();  // MPI may still write to it
      throw;
    }
  }

  void report(const RankProgress& progress) override {
    const std::lock_guard lock(reporting_);
    MPI_Send(&progress, sizeof progress, MPI_BYTE, kFirst, kProgress, to_first_);
  }

  RankProgress others_in(std::uint64_t phase) const override {
    const std::lock_guard lock(reporting_);
    RankProgress sum{phase, 0, 0};
    for (const auto& [rank_and_phase, progress] : others_) {
      if (rank_and_phase.second != phase) continue;
      sum.total += progress.total;
      sum.done += progress.done;
    }
    return sum;
  }

  int give_up(const Error& error, const Tell& tell) override {
    if (count_ == 1) return tell(error);
    if (number_ == kFirst) end_all(error, tell);
    MessageWriter message;
    Code code = error.code();
    std::string text = error.what();
    message(code, text);
    const std::string bytes = message.take();
    MPI_Send(bytes.data(), static_cast<int>(bytes.size()), MPI_BYTE, kFirst, kError, to_first_);
    std::this_thread::sleep_for(10s);  // the first rank ends us
    MPI_Abort(MPI_COMM_WORLD, row_of(code).exit);
    std::_Exit(row_of(code).exit);
  }

  void tell_errors_by(Tell tell) override {
    const std::lock_guard lock(reporting_);
    tell_ = std::move(tell);
  }

 private:
  struct Round {
    std::uint64_t size = 0;
    std::vector<std::uint64_t> sizes;
    std::vector<std::string> all;
  };

  void exchange(Round& round, std::string mine, const Progress& progress) const {
    round.size = mine.size();
    round.sizes.resize(count());
    round.all.resize(count());
    MPI_Request request{};
    MPI_Iallgather(&round.size, 1, MPI_UINT64_T, round.sizes.data(), 1, MPI_UINT64_T,
                   MPI_COMM_WORLD, &request);
    wait_for(request, progress);
    round.all[number()] = std::move(mine);
    for (std::size_t rank = 0; rank < round.all.size(); ++rank) {
      round.all[rank].resize(round.sizes[rank]);
      broadcast(round.all[rank], static_cast<int>(rank), progress);
    }
  }

  static void wait_for(MPI_Request& request, const Progress& progress) {
    for (int done = 0;;) {
      MPI_Test(&request, &done, MPI_STATUS_IGNORE);
      if (done != 0) return;
      progress.check_stop();
      std::this_thread::sleep_for(kPoll);
    }
  }

  static void broadcast(std::string& bytes, int from, const Progress& progress) {
    constexpr std::size_t kMost = 1u << 30;  // counts of MPI are ints
    for (std::size_t done = 0; done < bytes.size(); done += kMost) {
      const std::size_t part = std::min(kMost, bytes.size() - done);
      MPI_Request request{};
      MPI_Ibcast(bytes.data() + done, static_cast<int>(part), MPI_BYTE, from, MPI_COMM_WORLD,
                 &request);
      wait_for(request, progress);
    }
  }

  // ---- the first rank's listener ---------------------------------------------------------------

  void listen(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (auto bytes = receive(kProgress)) note_progress(*bytes);
      if (const auto bytes = receive(kError)) tell_error(*bytes);
      std::this_thread::sleep_for(kListen);
    }
  }

  struct Received {
    int rank = 0;
    std::string bytes;
  };
  std::optional<Received> receive(Tag tag) const {
    int there = 0;
    MPI_Status status{};
    MPI_Iprobe(MPI_ANY_SOURCE, tag, to_first_, &there, &status);
    if (there == 0) return std::nullopt;
    int size = 0;
    MPI_Get_count(&status, MPI_BYTE, &size);
    Received received{status.MPI_SOURCE, std::string(static_cast<std::size_t>(size), '\0')};
    MPI_Recv(received.bytes.data(), size, MPI_BYTE, received.rank, tag, to_first_,
             MPI_STATUS_IGNORE);
    return received;
  }

  void note_progress(const Received& received) {
    const std::lock_guard lock(reporting_);
    RankProgress progress;
    MessageReader(received.bytes)(progress);
    others_[{received.rank, progress.phase}] = progress;
  }

  /// What all ranks run into the first tells by itself.
  void tell_error(const Received& received) {
    std::this_thread::sleep_for(1s);
    Code code{};
    std::string text;
    MessageReader(received.bytes)(code, text);
    Tell tell = [](const Error& error) { return row_of(error.code()).exit; };
    {
      const std::lock_guard lock(reporting_);
      if (tell_) tell = tell_;
    }
    end_all(Error(code, fmt::format("rank {}: {}", received.rank, text)), tell);
  }

  [[noreturn]] static void end_all(const Error& error, const Tell& tell) {
    static std::mutex once;
    once.lock();  // who comes second waits for the end
    const int exit = tell(error);
    std::fflush(nullptr);
    MPI_Abort(MPI_COMM_WORLD, exit);
    std::_Exit(exit);
  }

  int number_ = 0;
  int count_ = 1;
  MPI_Comm to_first_ = MPI_COMM_NULL;
  mutable std::mutex reporting_;                                  // guards the next two
  std::map<std::pair<int, std::uint64_t>, RankProgress> others_;  // by rank and phase
  Tell tell_;
  std::jthread listener_;
};

}  // namespace
}  // namespace ckptscope

int main(int argc, char** argv) {
  int exit = 0;
  {
    ckptscope::streams_are_passed_on();
    ckptscope::MpiRanks ranks(argc, argv);
    exit = ckptscope::run_cli(argc, argv, ranks);
    if (!ranks.is_first()) exit = 0;  // the first says it for all
  }
  return exit;
}
