// The statistics of one tensor as a Document.
#pragma once

#include <string>

#include "app/command.hpp"
#include "core/stats.hpp"

namespace ckptscope {

/// "MXFP4", "FP8", or the dtype.
std::string format_name(const Value& value);

inline double share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

/// Moments, quantiles, scales, codes, magnitudes; with --hist and --linear histograms; the experts
/// that are least like the others, or --all.
void describe_tensor(Document& document, const Checkpoint& checkpoint, const StatsItem& item,
                     const TensorStats& stats, const Args& args);

}  // namespace ckptscope
