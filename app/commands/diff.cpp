#include "core/inspect/diff.hpp"

#include <algorithm>

#include "app/commands/verbs.hpp"
#include "app/planning/decoded_items.hpp"
#include "app/reports/distance_table.hpp"
#include "app/reports/problem_lines.hpp"
#include "core/base/bytes.hpp"
#include "core/inspect/same_bytes.hpp"

namespace ckptscope {

namespace {

/// Tensors that hold no floats: as they lie on disk.
bool same_on_disk(const Checkpoint& a, const Value& here, const Checkpoint& b, const Value& there,
                  Progress& progress) {
  CheckpointSource left(a);
  CheckpointSource right(b);
  return ByteComparison(left, right)
      .same(here.input, there.input, byte_count(here.dtype, here.shape), progress);
}

/// Values as they are when decoded, whatever either side is stored as.
Document diff_decoded(const Checkpoint& a, const Args& args, Progress& progress) {
  const Counterparts both = open_other(a, args.operands.front());
  const Checkpoint& b = *both.other;
  const Meeting meeting = meet(both.here, both.there);
  std::vector<ValueDistance> all(meeting.pairs.size());
  value_distances([&] { return std::make_unique<CheckpointSource>(a); },
                  [&] { return std::make_unique<CheckpointSource>(b); }, meeting.pairs,
                  args.resources().threads, progress,
                  [&](std::size_t i, const ValueDistance& one) { all[i] = one; });
  std::vector<ValuePair> pairs;
  const auto rows = std::make_shared<std::vector<ValueDistance>>();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].equal()) continue;
    pairs.push_back(meeting.pairs[i]);
    rows->push_back(all[i]);
  }
  std::vector<std::string> unequal;
  for (const ValuePair& pair : meeting.others) {
    if (!same_on_disk(a, *pair.value, b, *pair.reference, progress)) {
      unequal.push_back(pair.key);
    }
  }
  const std::size_t alone = meeting.only_here.size() + meeting.only_there.size() +
                            meeting.misshapen.size() + unequal.size();
  Document document{"diff"};
  document.exit = pairs.empty() && alone == 0 ? 0 : 1;
  if (!pairs.empty()) document.add(distance_table(pairs, rows));
  const auto list = [&](const std::string& label, const std::vector<std::string>& keys) {
    const std::size_t shown = std::min<std::size_t>(keys.size(), args.number("limit", 20));
    for (std::size_t i = 0; i < shown; ++i) document.add(Fields{{{"", label, keys[i]}}});
    if (shown < keys.size()) document.add(Note{fmt::format("… {} more", keys.size() - shown)});
  };
  list("only A", meeting.only_here);
  list("only B", meeting.only_there);
  list("dropped", both.dropped_here);
  list("dropped", both.dropped_there);
  list("shapes", meeting.misshapen);
  list("bytes", unequal);
  const std::uint64_t in_both = meeting.pairs.size() + meeting.others.size();
  const std::uint64_t equal = in_both - pairs.size() - unequal.size();
  document.add(Fields{{
      {"", "keys meet", both.how},
      {"", "in both",
       fmt::format("{}, of which {} equal in every dequantised value", format_count(in_both),
                   format_count(equal))},
      {"in_both", "", in_both},
      {"equal", "", equal},
      {"only_a", "", meeting.only_here},
      {"only_b", "", meeting.only_there},
      {"misshapen", "", meeting.misshapen},
      {"dropped_a", "", both.dropped_here},
      {"dropped_b", "", both.dropped_there},
  }});
  document.add(Heading{
      document.exit == 0 ? "EQUAL" : fmt::format("DIFFERENT  {} tensors", pairs.size() + alone)});
  return document;
}

}  // namespace

Document run_diff(const Snapshot& snapshot, const Args& args, Progress& progress) {
  const Checkpoint& a = *snapshot.checkpoint;
  if (args.has("decoded")) return diff_decoded(a, args, progress);
  const Checkpoint b = Checkpoint::open(args.operands.front());
  const auto report = std::make_shared<const DiffReport>(
      diff(a, b, !args.has("headers"), args.resources().threads, progress));
  Document document{"diff"};
  document.exit = report->rows.empty() ? 0 : 1;
  Table table{"differences",
              {{"kind", "what"}, {"key", "key"}, {"detail", "detail"}},
              std::min<std::size_t>(report->rows.size(), args.number("limit", report->rows.size())),
              [report](std::size_t i) -> std::vector<Cell> {
                const DiffRow& row = report->rows[i];
                return {std::string(name_of(row.kind)), row.key, row.detail};
              }};
  table.main = true;
  if (!report->rows.empty()) document.add(std::move(table));
  const std::string compared =
      report->values_compared ? "dtype, shape and every byte" : "dtype and shape";
  document.add(Fields{{
      {"", "A", fmt::format("{}, {} tensors", a.name(), format_count(a.tensors().size()))},
      {"", "B", fmt::format("{}, {} tensors", b.name(), format_count(b.tensors().size()))},
      {"", "in both",
       fmt::format("{}, of which {} equal in {}", format_count(report->in_both),
                   format_count(report->equal), compared)},
      {"in_both", "", report->in_both},
      {"equal", "", report->equal},
      {"values_compared", "", report->values_compared},
      {"different", "", std::uint64_t{report->rows.size()}},
  }});
  document.add(Heading{
      report->rows.empty() ? "EQUAL" : fmt::format("DIFFERENT  {} tensors", report->rows.size())});
  return document;
}

}  // namespace ckptscope
