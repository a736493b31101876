// Processes that share one run. Each has the whole checkpoint before it and computes a part of what
// is asked for; what one of them has found all of them have afterwards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/progress.hpp"

namespace ckptscope {

/// How far a rank is in a phase, in bytes.
struct RankProgress {
  std::uint64_t phase = 0;  // xxh3 of its name
  std::uint64_t total = 0;
  std::uint64_t done = 0;
};

/// All ranks make the same calls of exchange() in the same order. This base is a process by itself:
/// rank 0 of 1.
class Ranks {
 public:
  virtual ~Ranks() = default;
  virtual std::size_t number() const { return 0; }
  virtual std::size_t count() const { return 1; }
  /// What each of them says, by rank; waits for the last. Throws Interrupted when `progress` asks
  /// to stop.
  virtual std::vector<std::string> exchange(std::string mine, const Progress& progress);
  /// Tells the first rank, now and then; thread-safe.
  virtual void report(const RankProgress&) {}
  /// Of the first rank: what the others have told last of that phase, together; thread-safe.
  virtual RankProgress others_in(std::uint64_t /*phase*/) const { return {}; }
  using Tell = std::function<int(const Error&)>;  // returns the exit code
  /// This rank cannot go on, so none can. One process tells, and returns the exit code; the first
  /// of several tells and ends all, once; another hands the error to the first. Those two do not
  /// return.
  virtual int give_up(const Error& error, const Tell& tell) { return tell(error); }
  /// How the first rank tells of another's error, from a thread of its own.
  virtual void tell_errors_by(Tell) {}

  bool is_first() const { return number() == 0; }
  bool is_one() const { return count() == 1; }
};

Ranks& this_process();

/// Who shares some work: threads of this process, and other processes.
struct Workers {
  Workers(unsigned of_threads, Ranks& of_ranks = this_process())
      : threads(of_threads), ranks(of_ranks) {}

  unsigned threads;
  Ranks& ranks;
};

/// Who does what, by item: the longest first, each to the rank that has least to do; ties by
/// number.
std::vector<std::size_t> deal(std::span<const std::uint64_t> costs, std::size_t ranks);
/// The same in runs of neighbours: what lies beside each other on disk is read by one.
std::vector<std::size_t> deal_in_order(std::span<const std::uint64_t> costs, std::size_t ranks);

/// Throws Mismatch in all ranks when not all of them see the same. One rank need not look.
void agree(Ranks& ranks, std::string_view what, const std::function<std::string()>& see,
           const Progress& progress);

}  // namespace ckptscope
