// For people a few lines with the worst first, for machines all of them.
#include "app/reports/problem_lines.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/problems.hpp"
#include "core/names/key_pattern.hpp"

namespace ckptscope {
std::string defects_text(const Checkpoint& checkpoint) {
  const std::size_t errors = count_errors(checkpoint.problems());
  if (errors > 0) return fmt::format("{}; \"check\" lists all", errors);
  if (checkpoint.tensors().empty()) return "none in headers and index, but there is no tensor";
  return "none in headers and index; values not read (\"check --deep\" reads them)";
}

namespace {

/// Problems of one code whose keys differ in numbers alone.
struct Alike {
  const Problem* first = nullptr;
  std::size_t count = 0;
  KeySet keys;
};

std::vector<Alike> folded(std::span<const Problem> problems) {
  std::vector<Alike> groups;
  std::map<std::tuple<Severity, Code, std::string>, std::size_t> places;
  for (const Problem& problem : problems) {
    std::vector<std::uint64_t> numbers;
    const std::string pattern = generalise(problem.key, numbers);
    const auto [place, is_new] =
        places.try_emplace({problem.severity, problem.code, pattern}, groups.size());
    if (is_new || numbers.empty()) {  // alike only where numbers differ
      place->second = groups.size();
      groups.push_back({&problem, 0, KeySet(pattern)});
    }
    Alike& group = groups[place->second];
    ++group.count;
    group.keys.add(numbers);
  }
  return groups;
}

/// Messages are already safe to show: their makers escape names.
std::string line_of(const Alike& group) {
  std::string line = "  " + to_line(*group.first);
  if (group.count > 1) {
    line += fmt::format("\n           and {} more like it: {}", format_count(group.count - 1),
                        display(group.keys.text()));
  }
  return line;
}

}  // namespace

void add_problem_lines(Document& document, std::span<const Problem> problems, std::size_t most) {
  const std::vector<Alike> groups = folded(problems);
  std::size_t shown = 0;
  for (const bool errors : {true, false}) {  // what stops a conversion first
    for (const Alike& group : groups) {
      if ((group.first->severity == Severity::Error) != errors || shown == most) continue;
      document.add(Note{line_of(group), /*escaped=*/true, errors ? Role::Defect : Role::Notice});
      ++shown;
    }
  }
  if (groups.size() > most) {
    document.add(Note{fmt::format("  … and {} more", format_count(groups.size() - most))});
  }
}

namespace {

/// Infinite without noise, also where what was lost is too small for its square.
std::string decibels(double sqnr) {
  return fmt::format("{:.2f} dB", sqnr);
}

Table losses_table(const std::vector<PackingLoss>& losses) {
  const auto rows = std::make_shared<const std::vector<PackingLoss>>(losses);
  return {"packed",
          {{"key", ""},
           {"scheme", ""},
           {"values", ""},
           {"changed", ""},
           {"sqnr_db", ""},
           {"relative_l2", ""}},
          rows->size(),
          [rows](std::size_t i) -> std::vector<Cell> {
            const PackingLoss& loss = (*rows)[i];
            return {loss.key,     std::string(written_form(loss.as).name),   loss.values,
                    loss.changed, loss.exact() ? Cell() : Cell(loss.sqnr()), loss.relative_l2()};
          },
          Audience::Machines};
}

void add_packing_losses(Document& document, const std::vector<PackingLoss>& losses) {
  if (losses.empty()) return;
  std::uint64_t values = 0;
  std::uint64_t changed = 0;
  std::size_t exact = 0;
  std::vector<double> sqnr;
  const PackingLoss* worst = &losses.front();
  for (const PackingLoss& loss : losses) {
    values += loss.values;
    changed += loss.changed;
    exact += loss.exact() ? 1 : 0;
    if (!loss.exact()) sqnr.push_back(loss.sqnr());
    if (worst->exact() || (!loss.exact() && loss.sqnr() < worst->sqnr())) worst = &loss;
  }
  std::sort(sqnr.begin(), sqnr.end());
  document.add(Fields{{
      {"", "packed",
       fmt::format("{}, {} values: {} changed; {} came through exact",
                   counted(losses.size(), "weight"), format_count(values), format_count(changed),
                   counted(exact, "weight"))},
      {"loss.weights", "", losses.size()},
      {"loss.values", "", values},
      {"loss.changed", "", changed},
      {"loss.exact", "", exact},
  }});
  if (!worst->exact()) {
    document.add(Fields{{
        {"", "SQNR",
         fmt::format("{} min  {} median  {} max", decibels(sqnr.front()),
                     decibels(sqnr[sqnr.size() / 2]), decibels(sqnr.back()))},
        {"", "worst", worst->key, Format::Text,
         fmt::format("{}  rel-L2 {:.4g}", decibels(worst->sqnr()), worst->relative_l2())},
        {"loss.worst.key", "", worst->key},
        {"loss.worst.sqnr_db", "", worst->sqnr()},
        {"loss.worst.relative_l2", "", worst->relative_l2()},
    }});
  }
  document.add(losses_table(losses));
}

void add_overflows(Document& document, const std::vector<Overflowed>& overflowed) {
  if (overflowed.empty()) return;
  std::uint64_t values = 0;
  for (const Overflowed& one : overflowed) values += one.values;
  document.add(Fields{{
      {"", "overflow",
       fmt::format("{} in {} became infinite, the first in {}", counted(values, "value"),
                   counted(overflowed.size(), "tensor"), overflowed.front().key)},
      {"loss.overflowed", "", values},
  }});
  const auto rows = std::make_shared<const std::vector<Overflowed>>(overflowed);
  document.add(Table{"overflowed",
                     {{"key", ""}, {"values", ""}},
                     rows->size(),
                     [rows](std::size_t i) -> std::vector<Cell> {
                       return {(*rows)[i].key, (*rows)[i].values};
                     },
                     Audience::Machines});
}

}  // namespace

void add_problems(Document& document, std::vector<Problem> problems) {
  add_problem_lines(document, problems);
  append(document.problems, std::move(problems));
}

void add_in_part(Document& document, Table table, std::size_t most, const char* more) {
  if (table.size <= most) {
    document.add(std::move(table));
    return;
  }
  Table shown = table;
  shown.id.clear();
  shown.main = false;
  shown.audience = Audience::People;
  shown.size = most;
  document.add(std::move(shown));
  document.add(Note{fmt::format(fmt::runtime(more), format_count(table.size - most))});
  table.audience = Audience::Machines;
  document.add(std::move(table));
}

void add_losses(Document& document, const Losses& losses) {
  add_packing_losses(document, losses.packed);
  add_overflows(document, losses.overflowed);
}

}  // namespace ckptscope
