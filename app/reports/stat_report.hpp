// The statistics of one tensor as a Document.
#pragma once

#include <string>
#include <vector>

#include "app/language/command.hpp"
#include "core/inspect/stats.hpp"

namespace ckptscope {

/// "MXFP4", "FP8", the dtype, or "F8_E4M3 codes" where a scale is not applied.
std::string format_name(const StatsItem& item);
/// A problem for each item whose figures are of codes, and exit 1: nobody may take them for values.
void add_unapplied_scales(Document& document, const std::vector<StatsItem>& items);

/// "key   MXFP4 [32, 2880, 2880] = _blocks U8 + _scales U8, 141.0 MB", behind the key.
std::string item_heading(const Checkpoint& checkpoint, const StatsItem& item);
/// Before a lot is read: asks, and throws Interrupted when the answer is no. Throws ValuesElsewhere
/// for what may not be fetched.
void confirm_reading(const Checkpoint& checkpoint, const std::vector<StatsItem>& items,
                     Progress& progress);

/// Moments, quantiles, scales, codes, magnitudes; with --hist and --linear histograms; the experts
/// that are least like the others, or --all.
void describe_tensor(Document& document, const Checkpoint& checkpoint, const StatsItem& item,
                     const TensorStats& stats, const Args& args);

}  // namespace ckptscope
