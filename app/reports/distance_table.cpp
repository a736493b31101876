// Rows are made when they are printed.
#include "app/reports/distance_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "app/reports/problem_lines.hpp"
#include "core/figures/folded_distances.hpp"

namespace ckptscope {
namespace {

constexpr std::size_t kMostPairs = 10;  // that people see without asking for all

struct Row {
  std::string key;
  ValueDistance distance;
};
/// NaN is nothing to say.
Cell known(double value) {
  return std::isnan(value) ? Cell() : Cell(value);
}

using Rows = std::shared_ptr<const std::vector<Row>>;

Table distance_table(const Rows& rows) {
  Table table{"compared",
              {{"key", "key"},
               {"values", "values", Format::Count, 4},
               {"different", "different", Format::Count, 3},
               {"max_abs", "max abs", Format::Real, 2},
               {"relative_l2", "rel L2", Format::Real},
               {"sqnr_db", "SQNR dB", Format::Real},
               {"cosine", "cosine", Format::Real, 1},
               {"unbounded", "NaN, Inf", Format::Faults}},
              rows->size(),
              [rows](std::size_t i) -> std::vector<Cell> {
                const auto& [key, one] = (*rows)[i];
                return {key,
                        one.elements,
                        one.different,
                        one.largest,
                        one.relative_l2(),
                        one.noise == 0 ? Cell() : Cell(one.sqnr()),
                        known(one.cosine()),
                        one.unbounded};
              }};
  table.main = true;
  return table;
}

Table folded_table(const std::vector<ValuePair>& pairs,
                   const std::vector<ValueDistance>& distances) {
  struct Fold {
    FoldedDistance fold;
    ValueDistance farthest;
  };
  const auto folds = std::make_shared<std::vector<Fold>>();
  for (FoldedDistance& one : fold_distances(pairs, distances)) {
    const ValueDistance& farthest = distances[one.farthest];
    folds->push_back({std::move(one), farthest});
  }
  return {"",
          {{"key", "name"},
           {"", "tensors", Format::Count, 2},
           {"", "differ", Format::Count},
           {"", "NaN, Inf", Format::Faults},
           {"", "rel L2", Format::Real},
           {"", "by layer", Format::Spark},
           {"", "cosine", Format::Real, 1},
           {"", "SQNR dB", Format::Real}},
          folds->size(),
          [folds](std::size_t i) -> std::vector<Cell> {
            const auto& [fold, farthest] = (*folds)[i];
            return {fold.name,
                    std::uint64_t{fold.tensors},
                    std::uint64_t{fold.different},
                    fold.unbounded,
                    farthest.relative_l2(),
                    fold.different == 0 || fold.by_layer.size() < 2 ? Cell() : Cell(fold.by_layer),
                    known(fold.least_cosine),
                    farthest.noise == 0 ? Cell() : Cell(farthest.sqnr())};
          },
          Audience::People};
}

}  // namespace

void add_distances(Document& document, const std::vector<ValuePair>& pairs,
                   const std::vector<ValueDistance>& distances, bool folds) {
  const auto rows = std::make_shared<std::vector<Row>>();
  for (const std::size_t i : by_damage(distances)) rows->push_back({pairs[i].key, distances[i]});
  Table all = distance_table(rows);
  if (!folds || rows->size() <= kMostPairs) {
    if (all.size == 0) all.audience = Audience::Machines;
    document.add(std::move(all));
    return;
  }
  document.add(folded_table(pairs, distances)).add(Note{""});
  add_in_part(document, std::move(all), kMostPairs, "  … and {} more; --all lists them");
}

}  // namespace ckptscope
