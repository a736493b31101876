// Squares of 16 bytes a side are transposed in registers and leave as whole cache lines.
#include <array>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/transpose.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "core/kernels/scalar/scalar.hpp"
#include "core/kernels/target.hpp"

HWY_BEFORE_NAMESPACE();
namespace ckptscope::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR
void Transpose(const MatrixRows& in, std::size_t size, std::byte* out, std::ptrdiff_t col_stride) {
  scalar::strided_copy(in, size, out, static_cast<std::ptrdiff_t>(size), col_stride);
}
#else

using Bytes = hn::Vec<hn::Full128<std::uint8_t> >;
constexpr hn::Full128<std::uint8_t> kBytes;

/// Swaps rows and columns of a square of 16 bytes a side, whose elements are T: neighbours are put
/// side by side, then pairs, then fours, until whole halves are.
template <typename T, std::size_t kRows>
HWY_INLINE void interleave(std::array<Bytes, kRows>& rows) {
  const hn::Full128<T> d;
  std::array<Bytes, kRows> next;
  for (std::size_t i = 0; i < kRows / 2; ++i) {
    const auto a = hn::BitCast(d, rows[i]);
    const auto b = hn::BitCast(d, rows[i + kRows / 2]);
    next[2 * i] = hn::BitCast(kBytes, hn::InterleaveLower(d, a, b));
    next[2 * i + 1] = hn::BitCast(kBytes, hn::InterleaveUpper(d, a, b));
  }
  rows = next;
}

template <typename T>
HWY_INLINE void transpose_square(const std::byte* in, std::size_t in_pitch, std::byte* out,
                                 std::size_t out_pitch) {
  constexpr std::size_t kSide = 16 / sizeof(T);
  std::array<Bytes, kSide> rows;
  for (std::size_t r = 0; r < kSide; ++r) {
    rows[r] = hn::LoadU(kBytes, reinterpret_cast<const std::uint8_t*>(in + r * in_pitch));
  }
  for (std::size_t stage = 1; stage < kSide; stage *= 2) interleave<T>(rows);
  for (std::size_t c = 0; c < kSide; ++c) {
    hn::StoreU(rows[c], kBytes, reinterpret_cast<std::uint8_t*>(out + c * out_pitch));
  }
}

/// Elements a side of a tile: its columns become runs that fill whole cache lines.
constexpr std::size_t kTile = 64;

/// Past the caches, where the run lies so that it can: nobody reads it soon, and a line that is
/// written whole need not be fetched first.
HWY_INLINE void put(const std::byte* from, std::byte* to, std::size_t bytes) {
  if (bytes % 64 != 0 || reinterpret_cast<std::uintptr_t>(to) % 16 != 0) {
    std::memcpy(to, from, bytes);
    return;
  }
  for (std::size_t i = 0; i < bytes; i += 16) {
    hn::Stream(hn::Load(kBytes, reinterpret_cast<const std::uint8_t*>(from + i)), kBytes,
               reinterpret_cast<std::uint8_t*>(to + i));
  }
}

/// One tile by way of a buffer in the first-level cache, so that every run is written at once.
template <typename T>
HWY_INLINE void transpose_tile(const std::byte* in, std::size_t pitch, std::size_t rows,
                               std::size_t cols, std::byte* out, std::ptrdiff_t col_stride) {
  constexpr std::size_t kSide = 16 / sizeof(T);
  constexpr std::size_t kRun = kTile * sizeof(T);
  alignas(64) std::array<std::byte, kTile * kRun> tile;
  const std::size_t whole_rows = rows / kSide * kSide;
  const std::size_t whole_cols = cols / kSide * kSide;
  for (std::size_t r = 0; r < whole_rows; r += kSide) {  // few rows at a time: they may share sets
    for (std::size_t k = r; k < r + kSide; ++k) {        // while these are worked on, the next come
      for (std::size_t line = 0; line < kRun; line += 64) {
        hwy::Prefetch(in + k * pitch + kRun + line);
      }
    }
    for (std::size_t c = 0; c < whole_cols; c += kSide) {
      transpose_square<T>(in + r * pitch + c * sizeof(T), pitch,
                          tile.data() + c * kRun + r * sizeof(T), kRun);
    }
  }
  for (std::size_t c = 0; c < cols; ++c) {
    for (std::size_t r = c < whole_cols ? whole_rows : 0; r < rows; ++r) {
      std::memcpy(tile.data() + c * kRun + r * sizeof(T), in + r * pitch + c * sizeof(T),
                  sizeof(T));
    }
    put(tile.data() + c * kRun, out + static_cast<std::ptrdiff_t>(c) * col_stride,
        rows * sizeof(T));
  }
}

template <typename T>
void transpose(const MatrixRows& in, std::byte* out, std::ptrdiff_t col_stride) {
  for (std::size_t r = 0; r < in.rows; r += kTile) {
    for (std::size_t c = 0; c < in.cols; c += kTile) {
      transpose_tile<T>(in.data + r * in.pitch + c * sizeof(T), in.pitch,
                        std::min(kTile, in.rows - r), std::min(kTile, in.cols - c),
                        out + r * sizeof(T) + static_cast<std::ptrdiff_t>(c) * col_stride,
                        col_stride);
    }
  }
  hwy::FlushStream();
}

void Transpose(const MatrixRows& in, std::size_t size, std::byte* out, std::ptrdiff_t col_stride) {
  switch (size) {
    case 1:
      return transpose<std::uint8_t>(in, out, col_stride);
    case 2:
      return transpose<std::uint16_t>(in, out, col_stride);
    case 4:
      return transpose<std::uint32_t>(in, out, col_stride);
    default:
      return transpose<std::uint64_t>(in, out, col_stride);
  }
}
#endif

}  // namespace ckptscope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ckptscope {

HWY_EXPORT(Transpose);

void strided_copy(const MatrixRows& in, std::size_t size, std::byte* out, std::ptrdiff_t row_stride,
                  std::ptrdiff_t col_stride) noexcept {
  const auto element = static_cast<std::ptrdiff_t>(size);
  if (scalar_kernels() || col_stride == element || row_stride != element) {
    return scalar::strided_copy(in, size, out, row_stride, col_stride);
  }
  HWY_DYNAMIC_DISPATCH(Transpose)(in, size, out, col_stride);
}

}  // namespace ckptscope
#endif  // HWY_ONCE
