// Candidates are tried in turn; where two fit they mean the same. One scale a row is of rows even
// where the matrix is square: nobody publishes one a column.
#include "core/plan/scale_fit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/base/bytes.hpp"

namespace ckptscope {
namespace {

/// The grid of scales that a block size makes of the last two dimensions, in all that lies before
/// them.
Shape grid_of(ShapeView codes, ShapeView block) {
  Shape grid = to_shape(codes);
  const std::size_t rank = grid.size();
  grid[rank - 2] = ceil_div(codes[rank - 2], block[0]);
  grid[rank - 1] = ceil_div(codes[rank - 1], block[1]);
  return grid;
}

bool has_shape(ShapeView scales, ShapeView grid) {
  if (same_shape(scales, grid)) return true;
  return grid.size() == 2 && same_shape(scales, Shape{grid[0], 1, grid[1], 1});
}

}  // namespace

std::optional<Shape> fit_scale(ShapeView codes, ShapeView scales, ShapeView block) {
  if (product(scales) == 1 || product(codes) == 0) return Shape{};
  if (codes.size() < 2) return std::nullopt;
  const std::uint64_t first = codes.front();
  if (codes.size() == 3 &&
      (same_shape(scales, Shape{first}) || same_shape(scales, Shape{first, 1, 1}))) {
    return Shape{};
  }
  if (!block.empty()) {
    return has_shape(scales, grid_of(codes, block)) ? std::optional(to_shape(block)) : std::nullopt;
  }
  const Shape row{1, codes.back()};
  for (const Shape& candidate : {Shape{128, 128}, Shape{1, 32}, row}) {
    if (has_shape(scales, grid_of(codes, candidate))) return candidate;
  }
  if (same_shape(scales, codes.first(codes.size() - 1))) return row;
  return std::nullopt;
}

std::string expected_scales(ShapeView block) {
  const std::string blocks =
      block.empty() ? "one per block of 128 x 128 or 1 x 32, one per row"
                    : fmt::format("one per block of {} x {} (config.json)", block[0], block[1]);
  return fmt::format("one number, one per expert, or {}", blocks);
}

}  // namespace ckptscope
