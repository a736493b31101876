// How far two checkpoints are apart, name by name over layers and experts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/inspect/value_distance.hpp"

namespace ckptscope {

struct FoldedDistance {
  std::string name;  // as of ModelPlace; of a key without a number the key
  std::size_t tensors = 0;
  std::size_t different = 0;    // of those
  std::uint64_t unbounded = 0;  // values where one side is NaN or infinite
  std::size_t farthest = 0;  // the number of the pair that is farthest, of the bounded ones if any
  double least_cosine = 1;   // NaN counts for nothing
  std::uint64_t first_layer = 0;
  std::vector<double> by_layer{};  // the largest relative L2 from `first_layer` on; NaN: no tensor
};

/// By damage: what is not finite first, then the largest relative L2; ties in natural order.
bool is_farther(const ValueDistance& a, const ValueDistance& b);
std::vector<std::size_t> by_damage(std::span<const ValueDistance> distances);
/// In the same order. `distances` belong to `pairs`.
std::vector<FoldedDistance> fold_distances(std::span<const ValuePair> pairs,
                                           std::span<const ValueDistance> distances);

}  // namespace ckptscope
