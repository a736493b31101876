// Rows are those that are done; the sums are over all.
#include "app/reports/group_stats.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <memory>

#include "app/reports/stat_report.hpp"
#include "app/reports/trend_report.hpp"
#include "core/base/bytes.hpp"
#include "core/base/natural_order.hpp"
#include "views/document/figures.hpp"

namespace ckptscope {

std::size_t figure_of(const Args& args) {
  const std::string name = args.text("figure");
  const auto found = std::find_if(kFigureKinds.begin(), kFigureKinds.end(),
                                  [&](const FigureKind& kind) { return kind.name == name; });
  if (args.has("figure") && found->of_pairs != args.has("against")) {
    fail(Code::Usage, "--figure {}: a figure of {}", name,
         found->of_pairs ? "two checkpoints, with --against" : "one checkpoint, without --against");
  }
  return static_cast<std::size_t>(found - kFigureKinds.begin());
}

GroupStats::GroupStats(const std::vector<StatsItem>& items) {
  for (const StatsItem& item : items) rows_.push_back({item.key, format_name(item)});
}

void GroupStats::Row::fill(const Moments& moments) {
  done = true;
  count = moments.count;
  zeros = moments.zeros;
  nans = moments.nans;
  infinities = moments.infinities;
  if (moments.finite() == 0) return;
  mean = moments.mean();
  deviation = moments.deviation();
  least = moments.least;
  most = moments.most;
}

void GroupStats::add(std::size_t item, const TensorStats& stats) {
  rows_[item].fill(stats.moments);
  collector_.add(rows_[item].key, stats);
}

Table GroupStats::table() const {
  const auto rows = std::make_shared<std::vector<Row>>();
  std::copy_if(rows_.begin(), rows_.end(), std::back_inserter(*rows),
               [](const Row& row) { return row.done; });
  std::sort(rows->begin(), rows->end(),
            [](const Row& a, const Row& b) { return natural_less(a.key, b.key); });
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

void GroupStats::look_for_twins(const Checkpoint& checkpoint, std::span<const StatsItem> items,
                                Progress& progress) {
  twins_ = find_twins(checkpoint, items, trends(), progress);
}

Table GroupStats::not_finite() const {
  const auto rows = std::make_shared<std::vector<Row>>();
  std::copy_if(rows_.begin(), rows_.end(), std::back_inserter(*rows),
               [](const Row& row) { return row.nans + row.infinities > 0; });
  std::sort(rows->begin(), rows->end(), [](const Row& a, const Row& b) {
    const auto bad = [](const Row& row) { return row.nans + row.infinities; };
    return bad(a) != bad(b) ? bad(a) > bad(b) : natural_less(a.key, b.key);
  });
  constexpr std::size_t kMost = 12;
  return {"",
          {{"key", "not finite"},
           {"", "count", Format::Count},
           {"", "NaN", Format::Faults},
           {"", "Inf", Format::Faults}},
          std::min(rows->size(), kMost),
          [rows](std::size_t i) -> std::vector<Cell> {
            const Row& row = (*rows)[i];
            return {row.key, row.count, row.nans, row.infinities};
          },
          Audience::People};
}

Fields GroupStats::total(bool for_people) const {
  Row sum;
  for (const Row& row : rows_) {
    sum.count += row.count;
    sum.nans += row.nans;
    sum.infinities += row.infinities;
  }
  Fields fields{{{"total.tensors", "", rows_.size()},
                 {"total.count", "", sum.count},
                 {"total.nan", "", sum.nans},
                 {"total.inf", "", sum.infinities}}};
  if (for_people && sum.nans + sum.infinities > 0) {
    fields.list.push_back(
        {"", "NaN, Inf",
         fmt::format("{}, {}", format_count(sum.nans), format_count(sum.infinities)), Format::Text,
         "", false, Role::Defect});
  }
  return fields;
}

std::string GroupStats::key_at(std::size_t row, std::size_t expert) const {
  const std::vector<Trend> found = trends();
  const auto one = std::find_if(found.begin(), found.end(), is_picture);
  const bool single =
      one != found.end() && std::find_if(one + 1, found.end(), is_picture) == found.end();
  return single && row < one->layers.size() ? one->key_of(row, expert) : "";
}

Document GroupStats::document(std::size_t kind, Audience pictures, bool lists) const {
  Document document{"stat"};
  const std::vector<Trend> found = trends();
  const bool pictured = has_pictures(found);
  const bool people = pictures != Audience::Machines;
  if (Table broken = not_finite(); people && pictured && broken.size > 0) {
    document.add(std::move(broken)).add(Note{""});
  }
  add_trends(document, found, twins_, kind, pictures);
  Table all = table();
  if (pictured && !lists) all.audience = Audience::Machines;
  if (pictured && people && lists) document.add(Note{""});
  document.add(std::move(all)).add(total(people && pictured));
  return document;
}

}  // namespace ckptscope
