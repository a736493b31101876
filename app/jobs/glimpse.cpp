// What is small is read while somebody moves over the keys.
#include <fmt/format.h>

#include "app/jobs/jobs.hpp"
#include "app/planning/decoded_items.hpp"
#include "app/reports/stat_report.hpp"
#include "core/base/bytes.hpp"
#include "core/figures/oddity.hpp"
#include "core/inspect/stats.hpp"
#include "views/document/figures.hpp"
#include "views/look/pictures.hpp"

namespace ckptscope {
namespace {

constexpr std::uint64_t kMostBytes = 64'000'000;  // some hundredths of a second

/// A block a power of two, from the least to the largest.
void add_magnitudes(std::vector<DetailLine>& lines, const TensorStats& stats) {
  const std::vector<MagnitudeBin> bins = magnitude_bins(stats);
  if (bins.size() < 2) return;
  std::vector<double> counts;
  for (auto bin = bins.rbegin(); bin != bins.rend(); ++bin) {
    counts.push_back(static_cast<double>(bin->negative + bin->positive));
  }
  constexpr std::size_t kCells = 22;
  lines.push_back({"|x|", spark(counts, kCells, /*least=*/0)});
  lines.push_back(
      {"", fmt::format("{} to {}", bins.back().label, bins.front().label), Role::Faint, true});
}

std::vector<DetailLine> figure_lines(const StatsItem& item, const TensorStats& stats) {
  const Moments& m = stats.moments;
  const std::uint64_t bad = m.nans + m.infinities;
  std::vector<DetailLine> lines{
      {"format", format_name(item)},
      {"count", format_count(m.count)},
      {"zero", percent(m.zeros, m.count) + " %"},
      {"NaN, Inf", fmt::format("{}, {}", format_count(m.nans), format_count(m.infinities)),
       bad > 0 ? Role::Defect : Role::Plain}};
  if (m.finite() > 0) {
    lines.push_back({"mean", real(m.mean())});
    lines.push_back({"std", real(m.deviation())});
    lines.push_back({"min", real(m.least)});
    lines.push_back({"max", real(m.most)});
  }
  if (stats.codes && stats.codes->format != CodeFormat::Other) {
    lines.push_back({"largest", percent(stats.codes->saturated, m.count) + " % of codes"});
  }
  add_magnitudes(lines, stats);
  if (const std::size_t experts = stats.experts.size(); experts > 1) {
    const std::size_t odd = odd_places(expert_scores(stats.experts)).size();
    lines.push_back({"experts", odd == 0 ? fmt::format("{}, none stands out", experts)
                                         : fmt::format("{}, {} stand out", experts, odd)});
  }
  lines.push_back({"", "x shows all of it", Role::Faint});
  return lines;
}

}  // namespace

JobBody glimpse_job(const CheckpointPtr& checkpoint, const std::string& key) {
  return [=](const JobContext& context) -> JobResult {
    refuse_errors(checkpoint->problems(), checkpoint->name());
    const MatchingItems found = matching_items(*checkpoint, {key});
    const StatsItem& item = found.items.front();
    const std::uint64_t bytes = stored_bytes(*checkpoint, *item.value);
    if (checkpoint->location().remote) {  // nothing is fetched on the way
      return Glimpsed{key, {{"", fmt::format("{} elsewhere: x fetches it", format_bytes(bytes))}}};
    }
    if (bytes > kMostBytes) {
      return Glimpsed{key, {{"", fmt::format("{}: x reads it", format_bytes(bytes))}}};
    }
    Glimpsed glimpse{key, {}};
    compute_stats(
        *checkpoint, {&item, 1}, 1, context.progress,
        [&](std::size_t, const TensorStats& stats) { glimpse.lines = figure_lines(item, stats); });
    return glimpse;
  };
}

}  // namespace ckptscope
