// Each tensor finds its place in the equations; the two ways to read one are files of their own.
#include "core/plan/equation_reader.hpp"

#include <optional>

#include "core/base/parallel.hpp"
#include "core/mapping/lookup.hpp"
#include "core/plan/reading.hpp"

namespace ckptscope {

EquationResult read_equations(const Mapping& mapping, const PlanOptions& options,
                              std::span<const LogicalTensor> tensors, ExpertExtents& extents,
                              Values& values) {
  EquationResult result;
  Reading reading{mapping, options, values, extents};
  Assembly assembly(reading);
  const bool same_side = options.from == options.to;
  const auto place_of = [&](std::size_t i) {
    return same_side ? std::nullopt : find_place(mapping, tensors[i].key, options.from);
  };
  find_ahead(tensors.size(), place_of, [&](std::size_t i, const std::optional<KeyPlace>& place) {
    const LogicalTensor& tensor = tensors[i];
    if (!place) {
      result.passing.push_back(&tensor);
    } else if (place->leaf == nullptr) {
      take_apart(*place, tensor, reading, result.drafts);
    } else if (!assembly.add(*place, tensor)) {
      result.of_other_ranks.push_back(&tensor);
    }
  });
  assembly.finish(result.drafts);
  result.paddings = std::move(reading.paddings);
  result.problems = reading.take_problems();
  return result;
}

}  // namespace ckptscope
