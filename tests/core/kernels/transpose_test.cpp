// Strided copies of every size, with ragged edges.

#include <gtest/gtest.h>

#include <cstring>

#include "core/checkpoint/synthetic.hpp"
#include "core/kernels/kernels.hpp"

namespace ckptscope::testing {
namespace {

using Bytes = std::vector<std::byte>;

struct Strides {
  std::ptrdiff_t row;
  std::ptrdiff_t col;
};

/// Dense, transposed, padded rows, padded elements, transposed and padded.
std::vector<Strides> strides_of(std::size_t rows, std::size_t cols, std::size_t size) {
  const auto r = static_cast<std::ptrdiff_t>(rows);
  const auto c = static_cast<std::ptrdiff_t>(cols);
  const auto s = static_cast<std::ptrdiff_t>(size);
  return {
      {c * s, s}, {s, r * s}, {c * s + 3, s}, {c * (s + 5) + 1, s + 5}, {s + 1, r * (s + 1) + 7}};
}

/// `gap`: bytes between the rows of the source.
void expect_strided(std::size_t rows, std::size_t cols, std::size_t size, std::size_t gap,
                    const Strides& strides) {
  const std::size_t pitch = cols * size + gap;
  const Bytes data = synthetic_bytes({"matrix", Dtype::U8, {rows * pitch + 1}, Filling::Raw}, 3);
  const std::byte* in = data.data() + 1;  // misaligned
  const std::size_t room = rows * static_cast<std::size_t>(strides.row) +
                           cols * static_cast<std::size_t>(strides.col) + size + 2;
  Bytes out(room, std::byte{0xAA});  // gaps must stay as they are
  Bytes expected = out;
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < cols; ++c) {
      const auto at = static_cast<std::ptrdiff_t>(r) * strides.row +
                      static_cast<std::ptrdiff_t>(c) * strides.col;
      std::memcpy(expected.data() + 1 + at, in + r * pitch + c * size, size);
    }
  }
  strided_copy({in, rows, cols, pitch}, size, out.data() + 1, strides.row, strides.col);
  ASSERT_EQ(out, expected) << rows << " x " << cols << " of " << size << " bytes, strides "
                           << strides.row << ", " << strides.col;
}

TEST(StridedCopy, EverySizeAndRaggedEdges) {
  for (const std::size_t size : {1, 2, 4, 8}) {
    for (const std::size_t rows : {0, 1, 2, 31, 32, 33, 70}) {
      for (const std::size_t cols : {0, 1, 3, 31, 32, 65}) {
        for (const Strides& strides : strides_of(rows, cols, size)) {
          expect_strided(rows, cols, size, 0, strides);
          expect_strided(rows, cols, size, 3, strides);
        }
      }
    }
  }
}

}  // namespace
}  // namespace ckptscope::testing
