// Errors before notes, people's lines before the tables of machines.

#include "app/reports/problem_lines.hpp"

#include <algorithm>
#include <cmath>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"

namespace ckptscope {
std::string defects_text(const Checkpoint& checkpoint) {
  const std::size_t errors = count_errors(checkpoint.problems());
  if (errors > 0) return fmt::format("{}; \"check\" lists all", errors);
  return "none in headers and index; values not read (\"check --deep\" reads them)";
}

void add_problem_lines(Document& document, std::span<const Problem> problems, std::size_t most) {
  std::string text;
  std::size_t shown = 0;
  for (const bool errors : {true, false}) {  // what stops a conversion first
    for (const Problem& problem : problems) {
      if ((problem.severity == Severity::Error) != errors || shown == most) continue;
      // Messages are already safe to show: their makers escape names.
      text += "  " + to_line(problem) + "\n";
      ++shown;
    }
  }
  if (problems.size() > most) {
    text += fmt::format("  … and {} more\n", format_count(problems.size() - most));
  }
  if (!text.empty()) document.add(Note{text, /*escaped=*/true});
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
            return {loss.key,     std::string(name_of(loss.scheme)),         loss.values,
                    loss.changed, loss.exact() ? Cell() : Cell(loss.sqnr()), loss.relative_l2()};
          },
          Audience::Machines};
}

}  // namespace

void add_losses(Document& document, const std::vector<PackingLoss>& losses) {
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

}  // namespace ckptscope
