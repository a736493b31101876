#include "app/reports/shared.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/names/query.hpp"

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

Table comparison_table(const std::vector<ValuePair>& pairs,
                       std::shared_ptr<const std::vector<Comparison>> rows) {
  const auto keys = std::make_shared<std::vector<std::string>>();
  for (const ValuePair& pair : pairs) keys->push_back(pair.key);
  Table table{"compared",
              {{"key", "key"},
               {"values", "values", Format::Count},
               {"different", "different", Format::Count},
               {"max_abs", "max abs", Format::Real},
               {"relative_l2", "rel L2", Format::Real},
               {"sqnr_db", "SQNR dB", Format::Real}},
              rows->size(),
              [keys, rows](std::size_t i) -> std::vector<Cell> {
                const Comparison& row = (*rows)[i];
                return {(*keys)[i],  row.elements,      row.different,
                        row.largest, row.relative_l2(), row.noise == 0 ? Cell() : Cell(row.sqnr())};
              }};
  table.main = true;
  return table;
}

void fail_no_match(const Checkpoint& checkpoint, const std::vector<std::string>& words) {
  std::vector<std::string_view> keys;
  for (const TensorInfo& info : checkpoint.tensors()) keys.push_back(info.name);
  std::string hint;
  for (const std::string& key : nearest_keys(words.empty() ? "" : words.front(), keys, 3)) {
    hint += fmt::format("{}{}", hint.empty() ? "; nearest: " : ", ", display(key));
  }
  fail(Code::NoMatch, "{}: no key matches {}{}", display(checkpoint.name()),
       display(fmt::format("{}", fmt::join(words, " "))), hint);
}

std::vector<std::uint32_t> matching_tensors(const Checkpoint& checkpoint,
                                            const std::vector<std::string>& words) {
  const Query query(words);
  std::set<std::string_view> defects;
  for (const Problem& problem : checkpoint.problems()) defects.insert(problem.key);
  std::vector<std::uint32_t> ids;
  const auto tensors = checkpoint.tensors();
  for (std::uint32_t id = 0; id < tensors.size(); ++id) {
    const TensorInfo& info = tensors[id];
    const QueryItem item{.key = info.name,
                         .dtype = info.dtype,
                         .shape = info.shape,
                         .bytes = info.bytes(),
                         .shard = info.shard + 1,
                         .defect = defects.contains(info.name)};
    if (query.matches(item)) ids.push_back(id);
  }
  if (ids.empty() && !words.empty()) fail_no_match(checkpoint, words);
  return ids;
}

}  // namespace ckptscope
