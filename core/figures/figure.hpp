// Figures that can be drawn over layers and experts, one row each.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "core/figures/oddity.hpp"
#include "core/inspect/stats.hpp"
#include "core/inspect/value_distance.hpp"

namespace ckptscope {

struct FigureKind {
  std::string_view name;  // "std"; in JSON and for --figure
  std::string_view help;
  Scale scale;            // on which it is compared
  bool of_pairs = false;  // of a tensor and its counterpart in another checkpoint
};

/// Numbers of the rows of the table.
enum FigureNumber : std::size_t {
  kStd,
  kAbsMax,
  kMean,
  kZeros,
  kSaturated,
  kScale,
  kRelativeL2,
  kSqnr
};

inline constexpr std::array kFigureKinds{
    FigureKind{"std", "standard deviation", Scale::Factors},
    FigureKind{"absmax", "largest magnitude", Scale::Factors},
    FigureKind{"mean", "mean", Scale::Differences},
    FigureKind{"zeros", "share of zeros", Scale::Differences},
    FigureKind{"saturated", "share of the largest codes, of packed weights", Scale::Differences},
    FigureKind{"scale", "log2 of the median scale, of packed weights", Scale::Differences},
    FigureKind{"rel_l2", "relative L2 of the differences", Scale::Factors, true},
    FigureKind{"sqnr", "SQNR in dB", Scale::Differences, true},
};
inline constexpr std::size_t kFigures = kFigureKinds.size();

/// All figures of one set of values, in the order of the table; NaN where it has none.
struct Figures {
  std::array<double, kFigures> values = [] {
    std::array<double, kFigures> none{};
    none.fill(std::numeric_limits<double>::quiet_NaN());
    return none;
  }();
  std::uint64_t signature = 0;  // equal sets have the same; of moments, so that others may too
  bool known = false;           // there is such a set
  Peculiar peculiar = Peculiar::No;
};

Figures figures_of(const TensorStats& stats);
/// `packed`: it has codes.
Figures figures_of(const ExpertStats& expert, bool packed);
/// NaN of what is not bounded; no SQNR of what is equal.
Figures figures_of(const ValueDistance& distance);
/// Of experts their standard deviation; NaN of one that has not been read, 0 of one without finite
/// values.
double deviation_of(const ExpertStats& expert);
/// By their deviation; see odd_scores().
std::vector<double> expert_scores(std::span<const ExpertStats> experts);

/// Of each set the figure `kind`.
std::vector<double> values_of(std::span<const Figures> sets, std::size_t kind);
/// Of each kind the median; zeros where all are.
Figures medians_of(std::span<const Figures> sets);

}  // namespace ckptscope
