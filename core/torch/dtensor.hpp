// A DTensor as torch.save pickles it: the part that one rank holds, and how it was cut. Placements
// decide where the part lies, never values.
//
// Source: pytorch, torch/distributed/tensor/_api.py, placement_types.py; device_mesh.py.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/torch/pickle_value.hpp"

namespace ckptscope {

/// What a rank holds of a tensor.
struct TensorPart {
  PickleValue local;                 // a tensor
  std::vector<std::uint64_t> begin;  // of it in the whole, in elements by dimension
  std::vector<std::uint64_t> shape;  // of the whole
};

/// nullopt for what is no DTensor. Throws BadPickle ("dtensor: …") for one that is cut in another
/// way than along its dimensions, each once.
std::optional<TensorPart> part_of_dtensor(PickleValue value);

}  // namespace ckptscope
