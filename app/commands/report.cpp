// One page of HTML to hand on.
#include <algorithm>

#include "app/commands/flags.hpp"
#include "app/planning/decoded_items.hpp"
#include "app/reports/group_stats.hpp"
#include "app/reports/overview.hpp"
#include "app/reports/plan_report.hpp"
#include "app/reports/problem_lines.hpp"
#include "app/reports/stat_report.hpp"
#include "app/reports/trend_report.hpp"
#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/output/new_file.hpp"
#include "views/document/html_renderer.hpp"

namespace ckptscope {
namespace {

constexpr std::size_t kMostHistograms = 6;

/// What the conversion to the other side would do, where a family is known.
void add_mapping(Document& document, const Checkpoint& checkpoint, const Args& args) {
  document.add(Heading{"Mapping"});
  try {
    const PlannedConversion planned = plan_conversion(checkpoint, args.conversion());
    document.add(Note{plan_heading(planned, planned.plan.hash()), /*escaped=*/true});
    document.add(plan_account(planned.plan, args.resources()));
    add_problem_lines(document, planned.plan.problems);
  } catch (const Error& error) {
    document.add(Note{error.what(), /*escaped=*/true});
  }
}

/// The tensors that stand out, each with the histogram of its values.
void add_histograms(Document& document, const Checkpoint& checkpoint,
                    const std::vector<Trend>& trends, std::size_t kind, const Args& args,
                    Progress& progress) {
  std::vector<std::string> keys;
  for (const std::string& key : odd_keys(trends, kind)) {
    if (keys.size() < kMostHistograms) keys.push_back(key);
  }
  if (keys.empty()) return;
  document.add(Heading{"Values of what stands out"});
  Args histograms = args;
  histograms.flags["hist"] = {};
  for (const std::string& key : keys) {
    const std::vector<StatsItem> items = matching_items(checkpoint, {key}).items;
    if (items.size() != 1) continue;  // a whole layer of experts
    compute_stats(checkpoint, items, args.resources().threads, progress,
                  [&](std::size_t i, const TensorStats& stats) {
                    describe_tensor(document, checkpoint, items[i], stats, histograms);
                  });
  }
}

void add_values(Document& document, const Checkpoint& checkpoint, const Args& args,
                Progress& progress) {
  MatchingItems found;
  try {
    found = matching_items(checkpoint, std::vector<std::string>{});
  } catch (const Error& error) {
    if (error.code() != Code::NoMatch) throw;
    document.add(Note{error.what(), /*escaped=*/true});  // nothing holds numbers
    return;
  }
  confirm_reading(checkpoint, found.items, progress);
  const std::vector<StatsItem> items = by_cost(std::move(found.items), checkpoint);
  GroupStats group(items);
  compute_stats(
      checkpoint, items, args.resources().threads, progress,
      [&](std::size_t i, const TensorStats& stats) { group.add(i, stats); }, nullptr,
      StatsDepth::Moments);
  const std::size_t kind = figure_of(args);
  const std::vector<Trend> trends = group.trends();
  group.look_for_twins(checkpoint, items, progress);
  document.add(Heading{has_pictures(trends) ? "Layers and experts" : "Tensors"});
  Document pictures = group.document(kind, Audience::People, false);
  for (Block& block : pictures.blocks) {
    if (!std::holds_alternative<Heading>(block)) document.add(std::move(block));
  }
  if (std::count_if(trends.begin(), trends.end(), is_picture) > 1) {  // of one it is there already
    for (const Trend& trend : trends) {
      if (!is_picture(trend) || !trend.has_experts()) continue;
      document.add(heat_map_of(trend, kind, twins_of(trend, trends, group.twins())));
    }
  }
  add_unapplied_scales(document, items);
  add_histograms(document, checkpoint, trends, kind, args, progress);
}

Document run_report(const Snapshot& snapshot, const Args& args, Progress& progress) {
  const Checkpoint& checkpoint = *snapshot.checkpoint;
  if (!args.has("output")) fail(Code::Usage, "report: -o FILE.html is missing");
  const OutputPath out(args.text("output"));
  if (!args.has("headers")) checkpoint.require_values("report without --headers");
  Document page = overview_of(checkpoint, args.text("adapter")).document;
  if (!checkpoint.damaged() && !args.has("headers")) add_values(page, checkpoint, args, progress);
  if (!checkpoint.damaged()) add_mapping(page, checkpoint, args);
  page.add(Note{args.has("headers") || checkpoint.damaged()
                    ? "made by ckptscope from the headers alone; no value was read"
                    : "made by ckptscope; parts, layers and defects are told by headers, "
                      "statistics by the values"});
  std::string html;
  render_html(page, [&](std::string_view text) { html += text; });
  write_new_text(out, html);
  Document document{"report"};
  document.exit = page.exit;
  document.problems = std::move(page.problems);
  document.add(Fields{
      {{"", "written", fmt::format("{}   {}", display(out.text()), format_bytes(html.size()))},
       {"output", "", out.text()},
       {"bytes", "", std::uint64_t{html.size()}}}});
  return document;
}

}  // namespace

extern const Command kReport{
    .name = "report",
    .summary = "one page of HTML: parts, layers, experts, what stands out, defects, mapping",
    .flags = {kOutput, kHeaders, kAdapter, kFigure, kMemory, kThreads},
    .examples = {"report gpt-oss-20b -o gpt-oss-20b.html", "report hy3 --headers -o hy3.html"},
    .exits = "the headers have a defect, or a scale is not applied",
    .run = run_report,
};

}  // namespace ckptscope
