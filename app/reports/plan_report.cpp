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

std::string sources_text(const Account& account) {
  std::string text =
      fmt::format("{} = {}", format_count(account.sources), sum_text(account.sources_by_kind));
  if (account.dropped > 0) text += fmt::format(" + {} dropped", format_count(account.dropped));
  if (account.unplaced > 0) text += fmt::format(" + {} orphans", format_count(account.unplaced));
  return text;
}

std::string needs_text(const Account& account, std::uint64_t memory) {
  std::string text =
      fmt::format("memory {}   disk {}", format_memory(memory), format_bytes(account.bytes_out));
  if (account.read_twice > 0) {
    text += fmt::format("   reading {} twice, for scales", format_bytes(account.read_twice));
  }
  return text;
}

std::vector<Field> lines_for_people(const Account& account, std::uint64_t memory) {
  return {
      {"", "sources", sources_text(account)},
      {"", "targets",
       fmt::format("{} = {}", format_count(account.targets), sum_text(account.targets_by_kind))},
      {"", "bytes",
       fmt::format("{} -> {}   largest target {}", format_bytes(account.bytes_in),
                   format_bytes(account.bytes_out), format_bytes(account.largest))},
      {"", "needs", needs_text(account, memory)},
  };
}

std::vector<Field> totals(const Plan& plan, const Account& account, std::uint64_t memory) {
  const auto of_kind = [](const auto& counts, OutputKind kind) {
    return counts[static_cast<std::size_t>(kind)];
  };
  return {
      {"totals.sources", "", account.sources},
      {"totals.dropped", "", account.dropped},
      {"totals.passed", "", of_kind(account.sources_by_kind, OutputKind::Passed)},
      {"totals.orphans", "", account.unplaced},
      {"totals.targets", "", account.targets},
      {"totals.synthesised", "", of_kind(account.targets_by_kind, OutputKind::Synthesised)},
      {"totals.excluded", "", account.excluded},
      {"totals.collisions", "", count_code(plan, Code::KeyCollision)},
      {"totals.bytes_in", "", account.bytes_in},
      {"totals.bytes_out", "", account.bytes_out},
      {"totals.largest", "", account.largest},
      {"totals.read_twice", "", account.read_twice},
      {"totals.memory", "", memory},
  };
}

std::vector<Field> losses(const Plan& plan) {
  const std::vector<std::string> texts = plan.losses();
  const std::string line = plan.lossless() ? "none: the way back gives the same bytes"
                           : texts.empty() ? "names alone: some come back otherwise, see the notes"
                                           : fmt::format("{}", fmt::join(texts, "; "));
  return {{"", "loss", line}, {"losses", "", texts}, {"lossless", "", plan.lossless()}};
}

}  // namespace

Fields plan_account(const Plan& plan, const Resources& resources) {
  const Account account = plan.account();
  const std::uint64_t memory = buffer_bytes(plan, resources);
  Fields fields;
  for (auto& part :
       {lines_for_people(account, memory), totals(plan, account, memory), losses(plan)}) {
    fields.list.insert(fields.list.end(), part.begin(), part.end());
  }
  return fields;
}

std::string plan_heading(const PlannedConversion& planned, const std::string& hash) {
  const PlanOptions& options = planned.plan.options;
  const bool several_layouts = planned.family.adapter->head.layouts.size() > 1;
  return fmt::format("{} -> {}   adapter {} ({}){}   plan {}", name_of(options.from),
                     name_of(options.to), options.adapter, planned.family.reason,
                     several_layouts ? "   layout " + options.mapping.layout : "", hash);
}

}  // namespace ckptscope
