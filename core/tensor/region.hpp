// Boxes of tensors: what a worker computes at a time.
#pragma once

#include <cstdint>
#include <vector>

#include "core/tensor/shape.hpp"

namespace ckptscope {

/// Per dimension [begin, begin + extent), in elements.
struct Region {
  Shape begin;
  Shape extent;
};

inline Region whole(ShapeView shape) {
  return {Shape(shape.size(), 0), to_shape(shape)};
}

/// Cuts a tensor into boxes that are contiguous in row-major order, in that order, each of at most
/// `max_bytes` (but at least one element row of the innermost cut dimension). Bands are multiples
/// of 1,024 rows, or of 64, where that fits, so that strided sources are read in whole blocks and a
/// long row is cut where sums over it may be cut. `together` rows of a matrix stay in one, whatever
/// they take.
std::vector<Region> row_bands(ShapeView shape, std::uint64_t element_bytes, std::uint64_t max_bytes,
                              std::uint64_t together = 1);

}  // namespace ckptscope
