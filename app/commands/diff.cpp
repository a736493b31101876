// Two checkpoints: as they lie on disk, or as the values that they decode to.
#include "core/inspect/diff.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "app/commands/flags.hpp"
#include "app/planning/counterparts.hpp"
#include "app/reports/distance_table.hpp"
#include "app/reports/problem_lines.hpp"
#include "app/reports/stat_report.hpp"
#include "core/base/bytes.hpp"
#include "core/names/key_pattern.hpp"

namespace ckptscope {

namespace {

constexpr std::uint64_t kMostOfAList = 20;

/// What is not equal of two checkpoints whose values are compared.
struct Unequal {
  std::vector<ValuePair> pairs;  // of floats, with their distances
  std::vector<ValueDistance> distances;
  std::vector<std::string> bytes;  // keys of others
};

Unequal unequal_of(const Meeting& meeting, Comparison comparison) {
  Unequal unequal;
  for (std::size_t i = 0; i < meeting.pairs.size(); ++i) {
    if (comparison.distances[i].equal()) continue;
    unequal.pairs.push_back(meeting.pairs[i]);
    unequal.distances.push_back(comparison.distances[i]);
  }
  unequal.bytes = std::move(comparison.unequal);
  return unequal;
}

/// The first of them a line each, and how many more there are.
void add_list(Document& document, const std::string& label, const std::vector<std::string>& keys,
              std::uint64_t most) {
  const std::size_t shown = std::min<std::size_t>(keys.size(), most);
  for (std::size_t i = 0; i < shown; ++i) document.add(Fields{{{"", label, keys[i]}}});
  if (shown < keys.size()) document.add(Note{fmt::format("… {} more", keys.size() - shown)});
}

void add_lists(Document& document, const Counterparts& both, const Meeting& meeting,
               const Unequal& unequal, std::uint64_t most) {
  add_list(document, "only A", meeting.only_here, most);
  add_list(document, "only B", meeting.only_there, most);
  add_list(document, "dropped", both.dropped_here, most);
  add_list(document, "dropped", both.dropped_there, most);
  add_list(document, "unlike", meeting.misshapen, most);
  add_list(document, "bytes", unequal.bytes, most);
}

Fields sums_of(const Counterparts& both, const Meeting& meeting, const Unequal& unequal) {
  const std::uint64_t in_both = meeting.pairs.size() + meeting.others.size();
  const std::uint64_t equal = in_both - unequal.pairs.size() - unequal.bytes.size();
  return {{
      {"", "keys meet", both.how},
      {"", "in both",
       fmt::format("{}, of which {} equal in every dequantised value", format_count(in_both),
                   format_count(equal))},
      {"in_both", "", in_both},
      {"equal", "", equal},
      {"only_a", "", meeting.only_here},
      {"only_b", "", meeting.only_there},
      {"misshapen", "", meeting.misshapen},
      {"bytes_differ", "", unequal.bytes},
      {"dropped_a", "", both.dropped_here},
      {"dropped_b", "", both.dropped_there},
  }};
}

/// Without rows there is nothing for people to see; for machines there are no rows.
Table shown_if_any(Table table) {
  if (table.size == 0) table.audience = Audience::Machines;
  return table;
}

/// Rows of one kind whose keys differ in numbers alone, for people.
Table folded_rows(const DiffReport& report) {
  struct Fold {
    const DiffRow* first;
    std::size_t count = 0;
    KeySet keys;
    bool differ = false;  // not all have the detail of the first
  };
  std::vector<Fold> folds;
  std::map<std::pair<DiffRow::Kind, std::string>, std::size_t> places;
  for (const DiffRow& row : report.rows) {
    std::vector<std::uint64_t> numbers;
    const std::string pattern = generalise(row.key, numbers);
    const auto [place, is_new] = places.try_emplace({row.kind, pattern}, folds.size());
    if (is_new) folds.push_back({&row, 0, KeySet(pattern)});
    Fold& fold = folds[place->second];
    ++fold.count;
    fold.keys.add(numbers);
    fold.differ = fold.differ || row.detail != fold.first->detail;
  }
  std::vector<std::vector<Cell>> rows;
  for (const Fold& fold : folds) {
    rows.push_back({std::string(name_of(fold.first->kind)), fold.keys.text(),
                    std::uint64_t{fold.count},
                    fold.first->detail + (fold.differ ? ", and others" : "")});
  }
  const std::size_t count = rows.size();
  return {"",
          {{"", "what"}, {"", "key"}, {"", "tensors", Format::Count}, {"", "detail"}},
          count,
          [rows = std::move(rows)](std::size_t i) { return rows[i]; },
          Audience::People};
}

Heading verdict(std::size_t different) {
  if (different == 0) return {"EQUAL", false, Role::Good};
  return {fmt::format("DIFFERENT  {}", counted(different, "tensor")), false, Role::Defect};
}

/// Values as they are when decoded, whatever either side is stored as.
Document diff_decoded(const Snapshot& snapshot, const Args& args, Progress& progress) {
  const Checkpoint& a = *snapshot.checkpoint;
  a.require_values("diff --decoded");
  const Counterparts both = open_other(a, args.operands.front(), progress);
  both.other->require_values("diff --decoded");
  snapshot.agree_on(*both.other, progress);
  const Meeting meeting = meet(both.here, both.there);
  const Unequal unequal =
      unequal_of(meeting, compare(a, *both.other, meeting, snapshot.workers(args), progress));
  const std::size_t different = unequal.pairs.size() + unequal.bytes.size() +
                                meeting.only_here.size() + meeting.only_there.size() +
                                meeting.misshapen.size();
  Document document{"diff"};
  document.exit = different == 0 ? 0 : 1;
  add_unapplied_scales(document, both.here);
  add_unapplied_scales(document, both.there);
  add_distances(document, unequal.pairs, unequal.distances, snapshot.terminal && !args.has("all"));
  add_lists(document, both, meeting, unequal, args.number("limit").value_or(kMostOfAList));
  document.add(sums_of(both, meeting, unequal));
  document.add(verdict(different));
  return document;
}

using Report = std::shared_ptr<const DiffReport>;

/// Every row for machines, and for people unless they see them folded.
void add_rows(Document& document, const Report& report, const Args& args, bool folds) {
  const std::size_t count = report->rows.size();
  Table table{"differences",
              {{"kind", "what"}, {"key", "key"}, {"detail", "detail"}},
              std::min<std::size_t>(count, args.number("limit").value_or(count)),
              [report](std::size_t i) -> std::vector<Cell> {
                const DiffRow& row = report->rows[i];
                return {std::string(name_of(row.kind)), row.key, row.detail};
              }};
  table.main = true;
  if (folds && count > 0) document.add(folded_rows(*report));
  if (folds) table.audience = Audience::Machines;
  document.add(shown_if_any(std::move(table)));
}

Fields sums_of(const Checkpoint& a, const Checkpoint& b, const DiffReport& report) {
  const char* const compared =
      report.values_compared ? "dtype, shape and every byte" : "dtype and shape";
  const bool values = std::any_of(report.rows.begin(), report.rows.end(), [](const DiffRow& row) {
    return row.kind == DiffRow::Kind::OtherValues;
  });
  Fields fields{{
      {"", "A", fmt::format("{}, {} tensors", a.name(), format_count(a.tensors().size()))},
      {"", "B", fmt::format("{}, {} tensors", b.name(), format_count(b.tensors().size()))},
      {"", "in both",
       fmt::format("{}, of which {} equal in {}", format_count(report.in_both),
                   format_count(report.equal), compared)},
      {"in_both", "", report.in_both},
      {"equal", "", report.equal},
      {"values_compared", "", report.values_compared},
      {"different", "", std::uint64_t{report.rows.size()}},
  }};
  if (values) {
    fields.list.push_back({"", "how far", "diff --decoded and stat --against say by how much"});
  }
  return fields;
}

Document run_diff(const Snapshot& snapshot, const Args& args, Progress& progress) {
  const Checkpoint& a = *snapshot.checkpoint;
  if (args.has("decoded")) return diff_decoded(snapshot, args, progress);
  const Checkpoint b = Checkpoint::open(args.operands.front(), {"", &progress});
  snapshot.agree_on(b, progress);
  if (!args.has("headers")) {
    a.require_values("diff without --headers");
    b.require_values("diff without --headers");
  }
  const auto report = std::make_shared<const DiffReport>(
      diff(a, b, !args.has("headers"), snapshot.workers(args), progress));
  Document document{"diff"};
  const bool unknown = !args.has("headers") && !report->values_compared;
  document.exit = report->rows.empty() && !unknown ? 0 : 1;
  add_rows(document, report, args, snapshot.terminal && !args.has("all") && !args.has("limit"));
  document.add(sums_of(a, b, *report));
  if (unknown) {
    document.add(Fields{{{"", "values",
                          fmt::format("not compared: {} is damaged; check says in what",
                                      (a.damaged() ? a : b).name()),
                          Format::Text, "", false, Role::Defect}}});
  }
  if (!unknown || !report->rows.empty()) document.add(verdict(report->rows.size()));
  return document;
}

}  // namespace

extern const Command kDiff{
    .name = "diff",
    .operands = "OTHER",
    .summary = "keys, dtypes, shapes and values of two checkpoints",
    .min_operands = 1,
    .max_operands = 1,
    .flags = {kHeaders,
              {.name = "decoded",
               .help = "compare dequantised values, keys meeting through the family's mapping"},
              kLimit,
              kAll,
              kThreads},
    .examples = {"diff a b --headers", "diff gpt-oss-20b gpt-oss-20b-native --decoded"},
    .exits = "they differ",
    .takes_ranks = true,
    .run = run_diff,
};

}  // namespace ckptscope
