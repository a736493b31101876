// One row a pair, made when it is printed.
#include "app/reports/distance_table.hpp"

#include <algorithm>
#include <memory>

namespace ckptscope {
namespace {

struct Row {
  std::string key;
  ValueDistance distance;
};

}  // namespace

Table distance_table(const std::vector<ValuePair>& pairs,
                     const std::vector<ValueDistance>& distances) {
  const auto rows = std::make_shared<std::vector<Row>>();
  for (std::size_t i = 0; i < pairs.size(); ++i) rows->push_back({pairs[i].key, distances[i]});
  std::stable_partition(rows->begin(), rows->end(),
                        [](const Row& row) { return row.distance.unbounded > 0; });
  Table table{"compared",
              {{"key", "key"},
               {"values", "values", Format::Count, 3},
               {"different", "different", Format::Count, 2},
               {"max_abs", "max abs", Format::Real, 1},
               {"relative_l2", "rel L2", Format::Real},
               {"sqnr_db", "SQNR dB", Format::Real}},
              rows->size(),
              [rows](std::size_t i) -> std::vector<Cell> {
                const auto& [key, one] = (*rows)[i];
                return {key,         one.elements,      one.different,
                        one.largest, one.relative_l2(), one.noise == 0 ? Cell() : Cell(one.sqnr())};
              }};
  table.main = true;
  return table;
}

}  // namespace ckptscope
