// Shapes: extents in elements, outermost first, row-major.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/tensor/dtype.hpp"

namespace ckptscope {

using Shape = std::vector<std::uint64_t>;
using ShapeView = std::span<const std::uint64_t>;

/// Product of the extents, left to right; nullopt when it exceeds 64 bits *on the way* (so that
/// [2^63, 4, 0] overflows while [0, 2^63, 4] is 0, as the reference library has it).
std::optional<std::uint64_t> element_count(ShapeView shape);

/// The same for a shape that is known to be good.
std::uint64_t product(ShapeView extents);
/// The place of element number `element`, counted row-major.
Shape index_of(ShapeView shape, std::uint64_t element);

/// Bytes of a tensor, rounded up for sub-byte dtypes; nullopt when they exceed 64 bits.
std::optional<std::uint64_t> checked_byte_count(Dtype dtype, ShapeView shape);
/// The same for a shape that is known to be good.
std::uint64_t byte_count(Dtype dtype, ShapeView shape);

/// "[128, 4096]"; longer than `limit` extents are elided: "[1, 1, … 99,998 more]".
std::string to_string(ShapeView shape, std::size_t limit = 12);

inline Shape to_shape(ShapeView view) {
  return Shape(view.begin(), view.end());
}
inline bool same_shape(ShapeView a, ShapeView b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin());
}

}  // namespace ckptscope
