// Statistics of one tensor or of several, and distances to another checkpoint.
#include <algorithm>

#include "app/commands/flags.hpp"
#include "app/planning/counterparts.hpp"
#include "app/reports/distance_table.hpp"
#include "app/reports/problem_lines.hpp"
#include "app/reports/stat_report.hpp"
#include "app/reports/trend_report.hpp"
#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/natural_order.hpp"
#include "views/document/figures.hpp"

namespace ckptscope {
namespace {

/// What a row of the table keeps of a tensor's statistics.
struct Row {
  std::string key;
  std::string format;
  std::uint64_t count = 0;
  std::uint64_t zeros = 0;
  std::uint64_t nans = 0;
  std::uint64_t infinities = 0;
  Cell mean{};
  Cell deviation{};
  Cell least{};
  Cell most{};
  bool done = false;

  void fill(const Moments& m) {
    done = true;
    count = m.count;
    zeros = m.zeros;
    nans = m.nans;
    infinities = m.infinities;
    if (m.finite() == 0) return;
    mean = m.mean();
    deviation = m.deviation();
    least = m.least;
    most = m.most;
  }
};

Table stats_table(const std::shared_ptr<const std::vector<Row>>& rows) {
  Table table{"tensors",
              {{"key", "key"},
               {"format", "format", Format::Text, 4},
               {"count", "count", Format::Count, 5},
               {"mean", "mean", Format::Real, 3},
               {"std", "std", Format::Real},
               {"min", "min", Format::Real, 2},
               {"max", "max", Format::Real, 1},
               {"zero", "zero", Format::Percent},
               {"nan", "NaN", Format::Faults},
               {"inf", "Inf", Format::Faults}},
              rows->size(),
              [rows](std::size_t i) -> std::vector<Cell> {
                const Row& row = (*rows)[i];
                return {row.key,       row.format,    row.count, row.mean,
                        row.deviation, row.least,     row.most,  share(row.zeros, row.count),
                        row.nans,      row.infinities};
              }};
  table.main = true;
  return table;
}

/// The cheapest first, so that results come soon.
std::vector<StatsItem> by_cost(std::vector<StatsItem> items, const Checkpoint& checkpoint) {
  std::stable_sort(items.begin(), items.end(), [&](const StatsItem& a, const StatsItem& b) {
    return stored_bytes(checkpoint, *a.value) < stored_bytes(checkpoint, *b.value);
  });
  return items;
}

std::shared_ptr<std::vector<Row>> finished_rows(const std::vector<Row>& rows) {
  auto finished = std::make_shared<std::vector<Row>>();
  for (const Row& row : rows) {
    if (row.done) finished->push_back(row);
  }
  std::sort(finished->begin(), finished->end(),
            [](const Row& a, const Row& b) { return natural_less(a.key, b.key); });
  return finished;
}

std::size_t figure_of(const Args& args) {
  const std::string name = args.text("figure");
  const auto found = std::find_if(kFigureKinds.begin(), kFigureKinds.end(),
                                  [&](const FigureKind& kind) { return kind.name == name; });
  return static_cast<std::size_t>(found - kFigureKinds.begin());
}

/// Several tensors while they are looked at.
class ManyTensors {
 public:
  ManyTensors(const std::vector<StatsItem>& items, const Args& args, bool person)
      : kind_(figure_of(args)), person_(person), lists_(!person || args.has("all")) {
    for (const StatsItem& item : items) rows_.push_back({item.key, format_name(item)});
  }

  void add(std::size_t item, const TensorStats& stats) {
    rows_[item].fill(stats.moments);
    trends_.add(rows_[item].key, stats);
  }

  /// Pictures where there are layers; the table of all tensors where it is asked for, or they are
  /// few.
  Document so_far() const {
    Document document{"stat"};
    const std::vector<Trend> trends = trends_.trends();
    const bool pictures = has_pictures(trends);
    add_trends(document, trends, kind_, person_ ? Audience::Everyone : Audience::Machines);
    Table table = stats_table(finished_rows(rows_));
    if (pictures && !lists_) table.audience = Audience::Machines;
    if (pictures && person_ && lists_) document.add(Note{""});
    document.add(std::move(table));
    return document;
  }

  Fields total() const {
    Row total;
    for (const Row& row : rows_) {
      total.count += row.count;
      total.nans += row.nans;
      total.infinities += row.infinities;
    }
    Fields fields{{{"total.tensors", "", rows_.size()},
                   {"total.count", "", total.count},
                   {"total.nan", "", total.nans},
                   {"total.inf", "", total.infinities}}};
    if (person_ && total.nans + total.infinities > 0) {
      fields.list.push_back(
          {"", "NaN, Inf",
           fmt::format("{}, {}", format_count(total.nans), format_count(total.infinities)),
           Format::Text, "", false, Role::Defect});
    }
    return fields;
  }

 private:
  std::size_t kind_;
  bool person_;
  bool lists_;
  std::vector<Row> rows_;
  TrendCollector trends_;
};

Document stat_many(const Checkpoint& checkpoint, const std::vector<StatsItem>& items,
                   const Args& args, bool person, Progress& progress) {
  ManyTensors many(items, args, person);
  compute_stats(checkpoint, items, args.resources().threads, progress,
                [&](std::size_t i, const TensorStats& stats) {
                  many.add(i, stats);
                  progress.publish([&] { return many.so_far(); });
                });
  Document document = many.so_far();
  document.add(many.total());
  add_unapplied_scales(document, items);
  return document;
}

// ---- against another checkpoint -----------------------------------------------------------------

Document stat_against(const Checkpoint& checkpoint, const Args& args, Progress& progress) {
  const Counterparts both = open_other(checkpoint, args.text("against"));
  const Checkpoint& other = *both.other;
  auto [items, notes] = matching_items(checkpoint, both.here, args.operands);
  const Meeting meeting = meet(items, both.there);
  if (meeting.pairs.empty() && meeting.others.empty() && meeting.misshapen.empty()) {
    fail(Code::NoMatch, "{} and {} have no tensor in common", display(checkpoint.name()),
         display(other.name()));
  }
  confirm_reading(checkpoint, items, progress);
  const Comparison found = compare(checkpoint, other, meeting, args.resources().threads, progress);
  Document document{"stat"};
  document.exit = meeting.misshapen.empty() ? 0 : 1;
  document.add(distance_table(meeting.pairs, found.distances));
  const std::size_t in_both = meeting.pairs.size() + meeting.others.size();
  std::uint64_t equal = meeting.others.size() - found.unequal.size();
  for (const ValueDistance& row : found.distances) equal += row.equal() ? 1 : 0;
  document.add(Fields{{
      {"", "against", fmt::format("{} ({})", display(other.name()), both.how)},
      {"", "equal", fmt::format("{} of {}", format_count(equal), counted(in_both, "tensor"))},
      {"against", "", args.text("against")},
      {"how", "", both.how},
      {"equal", "", equal},
      {"in_both", "", std::uint64_t{in_both}},
      {"bytes_differ", "", found.unequal},
      {"only_here", "", meeting.only_here},
      {"misshapen", "", meeting.misshapen},
  }});
  if (!meeting.only_here.empty()) {
    document.add(Fields{{{"", "only here", counted(meeting.only_here.size(), "tensor")}}});
  }
  for (const std::string& one : found.unequal) document.add(Note{"  bytes differ: " + one});
  for (const std::string& one : meeting.misshapen) document.add(Note{"  not compared: " + one});
  add_unapplied_scales(document, items);
  add_unapplied_scales(document, both.there);
  add_problems(document, std::move(notes));
  return document;
}

Document stat_here(const Checkpoint& checkpoint, const Args& args, bool person,
                   Progress& progress) {
  MatchingItems found = matching_items(checkpoint, args.operands);
  confirm_reading(checkpoint, found.items, progress);
  const std::vector<StatsItem> items = by_cost(std::move(found.items), checkpoint);
  Document document{"stat"};
  if (items.size() > 1) {
    document = stat_many(checkpoint, items, args, person, progress);
    add_problems(document, std::move(found.notes));
    return document;
  }
  add_problems(document, std::move(found.notes));
  compute_stats(checkpoint, items, args.resources().threads, progress,
                [&](std::size_t, const TensorStats& stats) {
                  describe_tensor(document, checkpoint, items.front(), stats, args);
                });
  add_unapplied_scales(document, items);
  return document;
}

Document run_stat(const Snapshot& snapshot, const Args& args, Progress& progress) {
  const Checkpoint& checkpoint = *snapshot.checkpoint;
  refuse_errors(checkpoint.problems(), checkpoint.name());
  return args.has("against") ? stat_against(checkpoint, args, progress)
                             : stat_here(checkpoint, args, snapshot.terminal, progress);
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
              {.name = "figure",
               .value = "FIGURE",
               .help = "what is drawn over layers and experts",
               .choices = "std|absmax|mean|zeros|saturated|scale",
               .fallback = "std"},
              kThreads},
    .examples = {"stat gpt-oss-20b model.layers.0.mlp.experts.down_proj --hist",
                 "stat gpt-oss-20b 'layers.*'",
                 "stat gpt-oss-20b 'experts.down_proj' --figure absmax",
                 "stat ft '*.experts.*_proj' --against gpt-oss-20b"},
    .exits = "nothing matches, a scale is not applied, or tensors are not compared",
    .run = run_stat,
};

}  // namespace ckptscope
