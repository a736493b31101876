// Statistics are the same to the last bit for every number of threads; each tensor is told once;
// work ends when it is asked to.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <thread>

#include "app/planning/decoded_items.hpp"
#include "core/inspect/stats.hpp"
#include "tests/support/slow_stats.hpp"

namespace ckptscope::testing {
namespace {

using Tensors = std::vector<StoredTensor>;

/// Several tiles each; the second ends in the middle of blocks.
Tensors large_tensors() {
  return {stored_tensor("experts", Dtype::BF16, {3, 1501, 1001}),
          stored_tensor("blocks.weight", Dtype::F8_E4M3, {4300, 4001}),
          stored_tensor("blocks.weight_scale_inv", Dtype::F32, {34, 32}),
          stored_tensor("floats", Dtype::F32, {2200, 2003}),
          stored_tensor("x_blocks", Dtype::U8, {3, 700, 60, 16}, Filling::Raw),
          stored_tensor("x_scales", Dtype::U8, {3, 700, 60}, Filling::Raw),
          stored_tensor("each.weight", Dtype::F8_E4M3, {3, 901, 701}),
          stored_tensor("each.weight_scale", Dtype::F32, {3, 1, 1}),
          stored_tensor("small", Dtype::F16, {3, 3}),
          stored_tensor("none", Dtype::F16, {0})};
}

using Figures = std::vector<std::uint64_t>;

void put(Figures& figures, const Moments& m) {
  figures.insert(figures.end(),
                 {m.count, m.zeros, m.negative_zeros, m.nans, m.infinities,
                  std::bit_cast<std::uint64_t>(m.least), std::bit_cast<std::uint64_t>(m.most),
                  std::bit_cast<std::uint64_t>(m.sum.value()),
                  std::bit_cast<std::uint64_t>(m.squares.value())});
}

/// All that is told of a tensor, bit by bit.
Figures figures_of(const TensorStats& stats) {
  Figures figures;
  put(figures, stats.moments);
  for (const double one : stats.quantiles) figures.push_back(std::bit_cast<std::uint64_t>(one));
  for (int i = 0; i < 2 * 257; ++i) {
    figures.push_back(stats.distribution.at(i / 2 - 128, i % 2 == 0));
  }
  const auto bins = stats.distribution.linear(-2, 2, 97);
  figures.insert(figures.end(), bins.begin(), bins.end());
  if (const auto& codes = stats.codes) {
    figures.insert(figures.end(), {codes->used, codes->saturated, codes->subnormal});
  }
  if (const auto& scales = stats.scales) {
    figures.insert(figures.end(), {scales->count, scales->zeros, scales->all_ones,
                                   std::bit_cast<std::uint64_t>(scales->least),
                                   std::bit_cast<std::uint64_t>(scales->most)});
    figures.insert(figures.end(), scales->powers.begin(), scales->powers.end());
  }
  for (const ExpertStats& expert : stats.experts) {
    put(figures, expert.moments);
    figures.push_back(expert.saturated);
  }
  return figures;
}

TEST(Stats, AreTheSameForEveryNumberOfThreads) {
  const Tensors tensors = large_tensors();
  const TempDir dir;
  const Checkpoint checkpoint = open_with(dir, tensors);
  const Found expected = stats_of(checkpoint, 1);
  const std::map<std::string, SlowTensor> slow{
      {"experts", slow_plain(tensors[0])},
      {"blocks.weight", slow_fp8(tensors[1], tensors[2], 128, 128)},
      {"floats", slow_plain(tensors[3])},
      {"x", slow_mxfp4(tensors[4], tensors[5])},
      {"each.weight", slow_fp8(tensors[6], tensors[7], 0, 0)}};
  for (const auto& [key, one] : slow) {
    SCOPED_TRACE(key);
    expect_stats(expected.at(key), one, key == "x" ? Dtype::U8 : Dtype::F8_E4M3);
  }
  for (const unsigned threads : {2, 3, 8}) {
    for (const auto& [key, stats] : stats_of(checkpoint, threads)) {
      EXPECT_TRUE(figures_of(stats) == figures_of(expected.at(key))) << key << " " << threads;
    }
  }
}

// ---- done, and not -----------------------------------------------------------------------------

/// Is stopped once the first tensor is read, which then still is told.
struct StopsSoon final : Progress {
  void advance(std::uint64_t bytes) override {
    Progress::advance(bytes);
    request_stop();
  }
};

struct Outcome {
  Code code = Code::Internal;
  std::vector<int> done;  // times, by item
};

/// 60 tensors of which every tenth is empty, each twice in the list.
Outcome run_with(Progress& progress, unsigned threads) {
  Tensors tensors;
  for (std::uint64_t i = 0; i < 60; ++i) {
    tensors.push_back(stored_tensor(fmt::format("t{}", i), Dtype::BF16, {i % 10, 100}));
  }
  const TempDir dir;
  const Checkpoint checkpoint = open_with(dir, tensors);
  std::vector<StatsItem> items = logical_items(checkpoint);
  const std::vector<StatsItem> once = items;
  items.insert(items.end(), once.begin(), once.end());
  Outcome run{Code::Internal, std::vector<int>(items.size())};
  std::atomic<int> inside = 0;
  try {
    compute_stats(checkpoint, items, threads, progress, [&](std::size_t i, const TensorStats&) {
      EXPECT_EQ(++inside, 1) << "one at a time";
      ++run.done[i];
      std::this_thread::sleep_for(std::chrono::microseconds(100));
      --inside;
    });
  } catch (const Error& error) {
    run.code = error.code();
  }
  return run;
}

TEST(Stats, EachIsToldOnce) {
  for (const unsigned threads : {1, 2, 8}) {
    Progress progress;
    EXPECT_EQ(run_with(progress, threads).done, std::vector<int>(120, 1));
    EXPECT_EQ(progress.done(), progress.total());
  }
}

TEST(Stats, StopWhenAsked) {
  for (const unsigned threads : {1, 2, 8}) {
    Progress stopped;
    stopped.request_stop();
    const Outcome none = run_with(stopped, threads);
    EXPECT_EQ(none.code, Code::Interrupted);
    EXPECT_EQ(std::count(none.done.begin(), none.done.end(), 1), 12) << "the empty ones";
    StopsSoon soon;
    const Outcome some = run_with(soon, threads);
    EXPECT_EQ(some.code, Code::Interrupted);
    EXPECT_GE(std::count(some.done.begin(), some.done.end(), 1), 12 + 1);
    EXPECT_LE(std::count(some.done.begin(), some.done.end(), 1), 12 + threads);
  }
}

}  // namespace
}  // namespace ckptscope::testing
