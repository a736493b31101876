// One row a pair, made when it is printed.
#include "app/reports/distance_table.hpp"

namespace ckptscope {

Table distance_table(const std::vector<ValuePair>& pairs,
                     std::shared_ptr<const std::vector<ValueDistance>> rows) {
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
                const ValueDistance& row = (*rows)[i];
                return {(*keys)[i],  row.elements,      row.different,
                        row.largest, row.relative_l2(), row.noise == 0 ? Cell() : Cell(row.sqnr())};
              }};
  table.main = true;
  return table;
}

}  // namespace ckptscope
