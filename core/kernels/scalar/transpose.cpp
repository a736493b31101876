// Tiles, so that neither side is walked across cache lines for long.
#include <algorithm>
#include <cstring>

#include "core/kernels/scalar/scalar.hpp"

namespace ckptscope::scalar {
namespace {

/// Tiles small enough that both sides stay in the first-level cache.
constexpr std::size_t kTile = 32;

template <std::size_t Size>
void copy_tile(const std::byte* in, std::size_t in_pitch, std::size_t rows, std::size_t cols,
               std::byte* out, std::ptrdiff_t row_stride, std::ptrdiff_t col_stride) {
  for (std::size_t c = 0; c < cols; ++c) {
    std::byte* to = out + static_cast<std::ptrdiff_t>(c) * col_stride;
    for (std::size_t r = 0; r < rows; ++r) {
      std::memcpy(to + static_cast<std::ptrdiff_t>(r) * row_stride, in + r * in_pitch + c * Size,
                  Size);
    }
  }
}

template <std::size_t Size>
void copy_tiled(const MatrixRows& in, std::byte* out, std::ptrdiff_t row_stride,
                std::ptrdiff_t col_stride) {
  for (std::size_t r = 0; r < in.rows; r += kTile) {
    for (std::size_t c = 0; c < in.cols; c += kTile) {
      copy_tile<Size>(in.data + r * in.pitch + c * Size, in.pitch, std::min(kTile, in.rows - r),
                      std::min(kTile, in.cols - c),
                      out + static_cast<std::ptrdiff_t>(r) * row_stride +
                          static_cast<std::ptrdiff_t>(c) * col_stride,
                      row_stride, col_stride);
    }
  }
}

}  // namespace

void strided_copy(const MatrixRows& in, std::size_t size, std::byte* out, std::ptrdiff_t row_stride,
                  std::ptrdiff_t col_stride) noexcept {
  if (col_stride == static_cast<std::ptrdiff_t>(size)) {
    for (std::size_t r = 0; r < in.rows; ++r) {
      std::memcpy(out + static_cast<std::ptrdiff_t>(r) * row_stride, in.data + r * in.pitch,
                  in.cols * size);
    }
    return;
  }
  switch (size) {
    case 1:
      return copy_tiled<1>(in, out, row_stride, col_stride);
    case 2:
      return copy_tiled<2>(in, out, row_stride, col_stride);
    case 4:
      return copy_tiled<4>(in, out, row_stride, col_stride);
    default:
      return copy_tiled<8>(in, out, row_stride, col_stride);
  }
}

}  // namespace ckptscope::scalar
