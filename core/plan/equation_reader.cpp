// Each tensor finds its place in the equations; the two ways to read one are files of their own.
#include "core/plan/equation_reader.hpp"

#include <algorithm>
#include <optional>

#include "core/base/bytes.hpp"
#include "core/base/parallel.hpp"
#include "core/mapping/lookup.hpp"
#include "core/plan/reading.hpp"

namespace ckptscope {
namespace {

using Places = std::vector<std::optional<KeyPlace>>;  // by tensor; none for what passes

/// Several at once: no tensor's place asks for another's.
Places find_places(const Mapping& mapping, std::span<const LogicalTensor> tensors, Side from) {
  constexpr std::size_t kPart = 1 << 10;  // tensors
  Places places(tensors.size());
  parallel_for(ceil_div(tensors.size(), kPart), usable_processors(), [&](std::size_t i, unsigned) {
    const std::size_t end = std::min(tensors.size(), (i + 1) * kPart);
    for (std::size_t at = i * kPart; at < end; ++at) {
      places[at] = find_place(mapping, tensors[at].key, from);
    }
  });
  return places;
}

}  // namespace

EquationResult read_equations(const Mapping& mapping, const PlanOptions& options,
                              std::span<const LogicalTensor> tensors, ExpertExtents& extents,
                              Values& values) {
  EquationResult result;
  Reading reading{mapping, options, values, extents};
  Assembly assembly(reading);
  const auto read = [&](const LogicalTensor& tensor, const std::optional<KeyPlace>& place) {
    if (!place) {
      result.passing.push_back(&tensor);
    } else if (place->leaf == nullptr) {
      take_apart(*place, tensor, reading, result.drafts);
    } else if (!assembly.add(*place, tensor)) {
      result.of_other_ranks.push_back(&tensor);
    }
  };
  constexpr std::size_t kBatch = 1 << 15;  // tensors: their places take some hundred bytes each
  const bool same_side = options.from == options.to;
  for (std::size_t done = 0; done < tensors.size(); done += kBatch) {
    const auto batch = tensors.subspan(done, std::min(kBatch, tensors.size() - done));
    const Places places =
        same_side ? Places(batch.size()) : find_places(mapping, batch, options.from);
    for (std::size_t i = 0; i < batch.size(); ++i) read(batch[i], places[i]);
  }
  assembly.finish(result.drafts);
  result.paddings = std::move(reading.paddings);
  result.problems = reading.take_problems();
  return result;
}

}  // namespace ckptscope
