// A matrix as a picture: blocks of it as single figures.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/progress.hpp"
#include "core/source/tensor_source.hpp"
#include "core/tensor/region.hpp"
#include "core/value/value.hpp"

namespace ckptscope {

struct MatrixImage {
  std::uint64_t rows = 0;  // of the picture
  std::uint64_t columns = 0;
  std::uint64_t row_step = 1;  // rows of the matrix in one of the picture; the last may be fewer
  std::uint64_t column_step = 1;
  std::vector<double> magnitudes;  // mean |x| of the finite values, row by row; NaN without any
  std::vector<std::uint8_t> zero;  // of each: every value is a zero
};

/// Of the box's last two dimensions, where all others have one element; a vector is one row. At
/// most so many rows and columns. Streams: memory does not grow with the matrix. Throws Usage for a
/// box that is no matrix of floats, or empty, and what reading throws.
MatrixImage image_of(const MakeSource& source, const Value& value, const Region& box,
                     std::uint64_t most_rows, std::uint64_t most_columns, Progress& progress);

}  // namespace ckptscope
