// The account of a plan: every input and output is in exactly one of its sums.
#include "app/reports/plan_report.hpp"

#include <algorithm>

#include "core/base/bytes.hpp"

namespace ckptscope {
namespace {

/// "47,138 = 45,504 stacked + 395 renamed + …": the non-zero kinds.
std::string sum_text(const std::array<std::uint64_t, kOutputKinds>& by_kind) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < kOutputKinds; ++i) {
    if (by_kind[i] > 0)
      parts.push_back(
          fmt::format("{} {}", format_count(by_kind[i]), name_of(static_cast<OutputKind>(i))));
  }
  return fmt::format("{}", fmt::join(parts, " + "));
}

std::uint64_t count_code(const Plan& plan, Code code) {
  return static_cast<std::uint64_t>(
      std::count_if(plan.problems.begin(), plan.problems.end(),
                    [&](const Problem& p) { return p.code == code; }));
}

}  // namespace

Fields plan_account(const Plan& plan, const Resources& resources) {
  const Account account = plan.account();
  const auto dropped =
      account.dropped > 0 ? fmt::format(" + {} dropped", format_count(account.dropped)) : "";
  const auto orphans =
      account.unplaced > 0 ? fmt::format(" + {} orphans", format_count(account.unplaced)) : "";
  const std::uint64_t collisions = count_code(plan, Code::KeyCollision);
  Fields fields{{
      {"", "sources",
       fmt::format("{} = {}{}{}", format_count(account.sources), sum_text(account.sources_by_kind),
                   dropped, orphans)},
      {"", "targets",
       fmt::format("{} = {}", format_count(account.targets), sum_text(account.targets_by_kind))},
      {"", "bytes",
       fmt::format("{} -> {}   largest target {}", format_bytes(account.bytes_in),
                   format_bytes(account.bytes_out), format_bytes(account.largest))},
      {"", "needs",
       fmt::format("memory {}   disk {}{}", format_memory(buffer_bytes(plan, resources)),
                   format_bytes(account.bytes_out),
                   account.read_twice == 0 ? ""
                                           : fmt::format("   reading {} twice, for scales",
                                                         format_bytes(account.read_twice)))},
      {"totals.sources", "", account.sources},
      {"totals.dropped", "", account.dropped},
      {"totals.passed", "", account.sources_by_kind[static_cast<std::size_t>(OutputKind::Passed)]},
      {"totals.orphans", "", account.unplaced},
      {"totals.targets", "", account.targets},
      {"totals.synthesised", "",
       account.targets_by_kind[static_cast<std::size_t>(OutputKind::Synthesised)]},
      {"totals.excluded", "", account.excluded},
      {"totals.collisions", "", collisions},
      {"totals.bytes_in", "", account.bytes_in},
      {"totals.bytes_out", "", account.bytes_out},
      {"totals.largest", "", account.largest},
      {"totals.read_twice", "", account.read_twice},
      {"totals.memory", "", buffer_bytes(plan, resources)},
  }};
  const std::vector<std::string> losses = plan.losses();
  const std::string loss_text = plan.lossless() ? "none: the way back gives the same bytes"
                                                : fmt::format("{}", fmt::join(losses, "; "));
  fields.list.push_back({"", "loss", loss_text});
  fields.list.push_back({"losses", "", losses});
  fields.list.push_back({"lossless", "", plan.lossless()});
  return fields;
}

std::string plan_heading(const PlannedConversion& planned) {
  const PlanOptions& options = planned.plan.options;
  const bool several_layouts = planned.family.adapter->layouts.size() > 1;
  return fmt::format("{} -> {}   adapter {} ({}){}   plan {}", name_of(options.from),
                     name_of(options.to), options.adapter, planned.family.reason,
                     several_layouts ? "   layout " + options.mapping.layout : "",
                     planned.plan.hash());
}

}  // namespace ckptscope
