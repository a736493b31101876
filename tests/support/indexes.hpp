// Walking shapes element by element, and random ones.
#pragma once

#include <cstdint>
#include <random>

#include "core/tensor/shape.hpp"

namespace ckptscope::testing {

using Random = std::mt19937_64;

inline std::uint64_t pick(Random& random, std::uint64_t low, std::uint64_t high) {
  return low + random() % (high - low + 1);
}

inline std::uint64_t elements_in(ShapeView extents) {
  return element_count(extents).value();
}

/// Calls `visit(index)` for every index of a shape, in row-major order.
inline void for_each_index(const Shape& shape, const auto& visit) {
  if (elements_in(shape) == 0) return;
  Shape index(shape.size(), 0);
  for (;;) {
    visit(index);
    std::size_t dim = shape.size();
    while (dim > 0 && ++index[dim - 1] == shape[dim - 1]) index[--dim] = 0;
    if (dim == 0) return;
  }
}

inline std::uint64_t flat(const Shape& shape, const Shape& index) {
  std::uint64_t number = 0;
  for (std::size_t dim = 0; dim < shape.size(); ++dim) number = number * shape[dim] + index[dim];
  return number;
}

inline Shape random_shape(Random& random, std::size_t rank, std::uint64_t low, std::uint64_t high) {
  Shape shape(rank);
  for (std::uint64_t& extent : shape) extent = pick(random, low, high);
  return shape;
}

}  // namespace ckptscope::testing
