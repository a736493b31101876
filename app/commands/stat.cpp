// Statistics of one tensor or of several, and distances to another checkpoint.
#include <algorithm>
#include <array>
#include <functional>

#include "app/commands/flags.hpp"
#include "app/planning/counterparts.hpp"
#include "app/reports/distance_table.hpp"
#include "app/reports/group_stats.hpp"
#include "app/reports/problem_lines.hpp"
#include "app/reports/stat_report.hpp"
#include "app/reports/trend_report.hpp"
#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "views/document/figures.hpp"

namespace ckptscope {
namespace {

Document stat_many(const Snapshot& snapshot, const std::vector<StatsItem>& items, const Args& args,
                   Progress& progress) {
  const Checkpoint& checkpoint = *snapshot.checkpoint;
  const bool person = snapshot.terminal;
  GroupStats group(items);
  const std::size_t kind = figure_of(args);
  const bool lists = !person || args.has("all");
  const Audience pictures = person ? Audience::Everyone : Audience::Machines;
  compute_stats(
      checkpoint, items, snapshot.workers(args), progress,
      [&](std::size_t i, const TensorStats& stats) {
        group.add(i, stats);
        progress.publish([&] { return group.document(kind, pictures, lists); });
      },
      nullptr, StatsDepth::Moments);
  group.look_for_twins(checkpoint, items, progress);
  Document document = group.document(kind, pictures, lists);
  add_unapplied_scales(document, items);
  return document;
}

// ---- against another checkpoint -----------------------------------------------------------------

struct SideFigures {
  std::string format;
  Moments moments;
  std::array<double, TensorStats::kQuantiles.size()> quantiles;
};

Table sides_table(std::vector<SideFigures> sides) {
  struct Row {
    std::string name;
    std::function<Cell(const SideFigures&)> figure;
  };
  const auto real_of = [](auto get) {
    return [get](const SideFigures& side) { return Cell(real(get(side))); };
  };
  std::vector<Row> rows{
      {"format", [](const SideFigures& side) { return Cell(side.format); }},
      {"count", [](const SideFigures& side) { return Cell(format_count(side.moments.count)); }},
      {"mean", real_of([](const SideFigures& side) { return side.moments.mean(); })},
      {"std", real_of([](const SideFigures& side) { return side.moments.deviation(); })},
      {"min", real_of([](const SideFigures& side) { return side.moments.least; })},
      {"max", real_of([](const SideFigures& side) { return side.moments.most; })},
      {"zero, %", [](const SideFigures& side) {
         return Cell(percent(side.moments.zeros, side.moments.count));
       }}};
  for (const std::size_t q : {1, 3, 4, 5, 7}) {
    rows.push_back({fmt::format("quantile {}", TensorStats::kQuantileNames[q].substr(1)),
                    real_of([q](const SideFigures& side) { return side.quantiles[q]; })});
  }
  const std::size_t count = rows.size();
  return {"",
          {{"", "figure"}, {"", "here"}, {"", "there"}},
          count,
          [rows = std::move(rows), sides = std::move(sides)](std::size_t i) -> std::vector<Cell> {
            return {rows[i].name, rows[i].figure(sides[0]), rows[i].figure(sides[1])};
          },
          Audience::People};
}

/// The figures of one tensor in both, beside each other.
void add_both_sides(Document& document, const Checkpoint& here, const Checkpoint& there,
                    const StatsItem& item, const StatsItem& other, const Workers& workers,
                    Progress& progress) {
  std::vector<SideFigures> sides;
  const auto look = [&](const Checkpoint& checkpoint, const StatsItem& one) {
    compute_stats(checkpoint, {&one, 1}, workers, progress,
                  [&](std::size_t, const TensorStats& stats) {
                    sides.push_back({format_name(one), stats.moments, stats.quantiles});
                  });
  };
  look(here, item);
  look(there, other);
  document.add(Note{""}).add(sides_table(std::move(sides)));
}

Fields sums_of(const Counterparts& both, const Meeting& meeting, const Comparison& found,
               const std::string& path) {
  const std::size_t in_both = meeting.pairs.size() + meeting.others.size();
  std::uint64_t equal = meeting.others.size() - found.unequal.size();
  for (const ValueDistance& row : found.distances) equal += row.equal() ? 1 : 0;
  return {{
      {"", "against", fmt::format("{} ({})", display(both.other->name()), both.how)},
      {"", "equal", fmt::format("{} of {}", format_count(equal), counted(in_both, "tensor"))},
      {"against", "", path},
      {"how", "", both.how},
      {"equal", "", equal},
      {"in_both", "", std::uint64_t{in_both}},
      {"bytes_differ", "", found.unequal},
      {"only_here", "", meeting.only_here},
      {"misshapen", "", meeting.misshapen},
  }};
}

/// Distances over layers and experts.
void add_pictures(Document& document, const std::vector<ValuePair>& pairs,
                  const std::vector<ValueDistance>& distances, std::size_t kind, bool person) {
  TrendCollector collector;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    collector.add(pairs[i].key, figures_of(distances[i]));
  }
  if (person) document.add(Note{""});
  add_trends(document, collector.trends(), {}, kind,
             person ? Audience::Everyone : Audience::Machines);
}

/// The first of a list that may be long.
void add_list(Document& document, std::string_view what, const std::vector<std::string>& list) {
  constexpr std::size_t kMost = 8;
  for (std::size_t i = 0; i < std::min(list.size(), kMost); ++i) {
    document.add(Note{fmt::format("  {}: {}", what, list[i])});
  }
  if (list.size() > kMost) {
    document.add(Note{fmt::format("  … and {} more; --json has all", list.size() - kMost)});
  }
}

Document stat_against(const Snapshot& snapshot, const Args& args, Progress& progress) {
  const Checkpoint& checkpoint = *snapshot.checkpoint;
  const bool person = snapshot.terminal;
  const std::size_t kind = figure_of(args);
  const Counterparts both = open_other(checkpoint, args.text("against"), progress);
  both.other->require_values("stat --against");
  const Checkpoint& other = *both.other;
  snapshot.agree_on(other, progress);
  auto [items, notes] = matching_items(checkpoint, both.here, args.operands);
  const Meeting meeting = meet(items, both.there);
  if (meeting.pairs.empty() && meeting.others.empty() && meeting.misshapen.empty()) {
    fail(Code::NoMatch, "{} and {} have no tensor in common", display(checkpoint.name()),
         display(other.name()));
  }
  confirm_reading(checkpoint, items, progress);
  const Comparison found = compare(checkpoint, other, meeting, snapshot.workers(args), progress);
  Document document{"stat"};
  document.exit = meeting.misshapen.empty() ? 0 : 1;
  add_distances(document, meeting.pairs, found.distances, person && !args.has("all"));
  if (args.has("figure")) add_pictures(document, meeting.pairs, found.distances, kind, person);
  if (person && meeting.pairs.size() == 1 && items.size() == 1) {
    const auto there =
        std::find_if(both.there.begin(), both.there.end(),
                     [key = items.front().key](const StatsItem& one) { return one.key == key; });
    if (there != both.there.end()) {
      add_both_sides(document, checkpoint, other, items.front(), *there, snapshot.workers(args),
                     progress);
    }
  }
  document.add(sums_of(both, meeting, found, args.text("against")));
  if (!meeting.only_here.empty()) {
    document.add(Fields{{{"", "only here", counted(meeting.only_here.size(), "tensor")}}});
  }
  add_list(document, "bytes differ", found.unequal);
  add_list(document, "not compared", meeting.misshapen);
  add_unapplied_scales(document, items);
  add_unapplied_scales(document, both.there);
  add_problems(document, std::move(notes));
  return document;
}

Document stat_here(const Snapshot& snapshot, const Args& args, Progress& progress) {
  const Checkpoint& checkpoint = *snapshot.checkpoint;
  MatchingItems found = matching_items(checkpoint, args.operands);
  confirm_reading(checkpoint, found.items, progress);
  const std::vector<StatsItem> items = by_cost(std::move(found.items), checkpoint);
  Document document{"stat"};
  if (items.size() > 1) {
    document = stat_many(snapshot, items, args, progress);
    add_problems(document, std::move(found.notes));
    return document;
  }
  add_problems(document, std::move(found.notes));
  compute_stats(checkpoint, items, snapshot.workers(args), progress,
                [&](std::size_t, const TensorStats& stats) {
                  describe_tensor(document, checkpoint, items.front(), stats, args);
                });
  add_unapplied_scales(document, items);
  return document;
}

Document run_stat(const Snapshot& snapshot, const Args& args, Progress& progress) {
  const Checkpoint& checkpoint = *snapshot.checkpoint;
  refuse_errors(checkpoint.problems(), checkpoint.name());
  const FetchAllowance fetching(checkpoint.location().remote.get(), args.bytes("fetch"), progress);
  return args.has("against") ? stat_against(snapshot, args, progress)
                             : stat_here(snapshot, args, progress);
}

}  // namespace

extern const Command kStat{
    .name = "stat",
    .operands = "[KEY or QUERY]",
    .summary = "statistics of the dequantised values: one tensor, a group, or all",
    .max_operands = 64,
    .flags = {{.name = "against",
               .value = "PATH",
               .help = "compare with another checkpoint: max abs, relative L2, SQNR"},
              {.name = "hist", .help = "signed histogram by power of two"},
              {.name = "linear", .help = "histogram in equal steps"},
              {.name = "all", .help = "every tensor and every expert, not what stands out alone"},
              kFigure,
              kFetch,
              kThreads},
    .examples = {"stat gpt-oss-20b model.layers.0.mlp.experts.down_proj --hist",
                 "stat gpt-oss-20b 'layers.*'",
                 "stat gpt-oss-20b 'experts.down_proj' --figure absmax",
                 "stat ft '*.experts.*_proj' --against gpt-oss-20b"},
    .exits = "nothing matches, a scale is not applied, or tensors are not compared",
    .takes_ranks = true,
    .run = run_stat,
};

}  // namespace ckptscope
