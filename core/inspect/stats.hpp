// Statistics of what weights really are: of the dequantised values, streamed, in memory that does
// not depend on their size. Codes are counted, not values: every figure follows from the counts.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/progress.hpp"
#include "core/checkpoint/checkpoint.hpp"
#include "core/inspect/code_stats.hpp"
#include "core/numbers/moments.hpp"
#include "core/ranks/ranks.hpp"
#include "core/value/value.hpp"

namespace ckptscope {

/// One element of the first of three dimensions.
struct ExpertStats {
  Moments moments;
  std::uint64_t saturated = 0;
};

struct TensorStats {
  static constexpr std::array<double, 9> kQuantiles{0.001, 0.01, 0.05, 0.25, 0.5,
                                                    0.75,  0.95, 0.99, 0.999};
  static constexpr std::array<std::string_view, 9> kQuantileNames{
      "p0_1", "p1", "p5", "p25", "p50", "p75", "p95", "p99", "p99_9"};
  static constexpr std::size_t kLinearBins = 32;

  Moments moments;
  std::array<double, kQuantiles.size()> quantiles{};
  Distribution distribution{Distribution::Range::None};
  std::optional<CodeStats> codes;
  std::optional<ScaleStats> scales;
  std::vector<ExpertStats> experts;  // of tensors of three dimensions
};

/// A tensor to look at: a source, or a decoded pair of sources; transposes and casts of the value
/// do not matter to what is counted.
struct StatsItem {
  std::string key;  // logical
  SharedValue value;
  std::string
      unapplied_scale{};  // FP8 codes that nothing decodes: the key of the scale beside them
};

/// Values of one power of two, or of one label: counts by sign.
struct MagnitudeBin {
  std::string label;  // "2^-7", "inf"
  std::uint64_t negative = 0;
  std::uint64_t positive = 0;
};
/// By power of two of |x|, those that occur, the largest first; without zeros.
std::vector<MagnitudeBin> magnitude_bins(const TensorStats& stats);
/// The codes themselves, before their scales, the largest first: FP4 by value, FP8 by power of two,
/// then zeros, and what is no number. Empty where the format has no codes of that kind.
std::vector<MagnitudeBin> code_bins(const CodeStats& codes);

/// The packed form that is stored: "mxfp4", "fp8", …; empty for plain numbers.
std::string_view stored_form(const Value& value);
/// Shape of the decoded values as they lie on disk, and bytes of all that is read.
Shape stored_shape(const Value& value);
std::uint64_t stored_bytes(const Checkpoint& checkpoint, const Value& value);
/// True for what stat can read: floats, and decoded pairs of them.
bool has_statistics(const Value& value);

enum class StatsDepth {
  Full,
  Moments,  // neither distribution nor quantiles, which small tensors spend most of their time on
};
using StatsSeen = std::function<void(std::size_t item, const TensorStats& stats)>;

/// Looks at every item, in the order given, several at a time; `done(i, stats)` is called once for
/// each, from one thread at a time, in the order in which they finish. Throws what reading throws,
/// and Interrupted. `partial(i, stats)`, where it is given, is called now and then, in the same
/// way, for an item that takes long: what is known so far, without quantiles. Of several ranks each
/// is told of every item, `partial` of its own share.
void compute_stats(const Checkpoint& checkpoint, std::span<const StatsItem> items,
                   const Workers& workers, Progress& progress, const StatsSeen& done,
                   const StatsSeen& partial = nullptr, StatsDepth depth = StatsDepth::Full);

}  // namespace ckptscope
