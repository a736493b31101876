// Screen 3: what the values of a tensor really are: numbers, a histogram, one digit an expert.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/inspect/stats.hpp"
#include "views/screen/frame_view.hpp"
#include "views/screen/list_state.hpp"

namespace ckptscope {

/// One figure of every expert beside the median of all: 5 is the median, each digit one step.
struct ExpertDigits {
  std::string name;  // "std"
  std::string digits;
  std::string remark;  // "median 0.0115   step x1.19"
};

/// Statistics as far as they are known; a new one is made for every look. Immutable.
struct StatsModel {
  std::string key;
  std::string what;     // "MXFP4 [32,2880,2880]   blocks U8 + scales U8, 141 MB"
  std::string storage;  // "MXFP4", "FP8", "BF16"
  TensorStats stats;
  std::vector<ExpertDigits> digits;
  std::vector<std::size_t> odd;  // experts that stand out, the farthest first
  std::string odd_text;          // the same for people
  bool done = false;
};

/// Everything about experts, from `stats`.
void describe_experts(StatsModel& model);
/// "expert 17 of 32: mean 1.2e-05, std 0.0226, abs max 0.75, zero 10.3 %, saturated 5.2 %".
std::string expert_text(const StatsModel& model, std::size_t expert);

/// What the histogram counts: powers of two of the values, equal steps of them, or codes before
/// their scales.
enum class Bins { Powers, Steps, Codes };
/// The next one that the tensor has.
Bins next_bins(Bins bins, const StatsModel& model);

struct StatsView {
  const StatsModel& model;
  Bins bins = Bins::Powers;
  std::size_t expert = 0;
};
void draw_stats(const StatsView& view, Canvas& canvas, const Rect& body);

}  // namespace ckptscope
