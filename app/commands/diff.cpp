#include "core/diff.hpp"

#include <algorithm>

#include "app/commands/shared.hpp"
#include "app/commands/verbs.hpp"
#include "core/bytes.hpp"

namespace ckptscope {

Document run_diff(const Snapshot& snapshot, const Args& args, Progress& progress) {
  const Checkpoint& a = *snapshot.checkpoint;
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
