// Tiles are copied to the first-level cache, squares of 16 bytes a side transposed in registers,
// and columns leave as whole cache lines.
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

/// As many blocks of 16 bytes as a vector has, up to a cache line.
using U8 = hn::CappedTag<std::uint8_t, 64>;
constexpr std::size_t kBlocks = hn::MaxLanes(U8()) / 16;

template <std::size_t kCount>
using Blocks = hn::CappedTag<std::uint8_t, 16 * kCount>;

/// A vector of blocks that lie `stride` bytes apart.
template <std::size_t kCount>
HWY_INLINE hn::Vec<Blocks<kCount> > load_blocks(const std::byte* from, std::size_t stride) {
  if constexpr (kCount == 1) {
    return hn::LoadU(Blocks<1>(), reinterpret_cast<const std::uint8_t*>(from));
  } else {
    constexpr std::size_t kHalf = kCount / 2;
    return hn::Combine(Blocks<kCount>(), load_blocks<kHalf>(from + kHalf * stride, stride),
                       load_blocks<kHalf>(from, stride));
  }
}

/// In squares of 16 bytes a side, whose elements are T, neighbours are put side by side; then
/// pairs, then fours, until rows have become columns.
template <typename T, typename Tag, std::size_t kRows>
HWY_INLINE void interleave(Tag bytes, hn::Vec<Tag> (&rows)[kRows]) {
  const hn::Repartition<T, Tag> d;
  hn::Vec<Tag> next[kRows];
  for (std::size_t i = 0; i < kRows / 2; ++i) {
    const auto a = hn::BitCast(d, rows[i]);
    const auto b = hn::BitCast(d, rows[i + kRows / 2]);
    next[2 * i] = hn::BitCast(bytes, hn::InterleaveLower(d, a, b));
    next[2 * i + 1] = hn::BitCast(bytes, hn::InterleaveUpper(d, a, b));
  }
  std::copy(std::begin(next), std::end(next), std::begin(rows));
}

/// Squares that lie below each other: a column of all of them is one vector.
template <typename T, std::size_t kCount>
HWY_INLINE void transpose_squares(const std::byte* in, std::size_t in_pitch, std::byte* out,
                                  std::size_t out_pitch) {
  constexpr std::size_t kSide = 16 / sizeof(T);
  constexpr Blocks<kCount> bytes;
  hn::Vec<Blocks<kCount> > rows[kSide];
  for (std::size_t r = 0; r < kSide; ++r) {
    rows[r] = load_blocks<kCount>(in + r * in_pitch, kSide * in_pitch);
  }
  for (std::size_t stage = 1; stage < kSide; stage *= 2) interleave<T>(bytes, rows);
  for (std::size_t c = 0; c < kSide; ++c) {
    hn::StoreU(rows[c], bytes, reinterpret_cast<std::uint8_t*>(out + c * out_pitch));
  }
}

/// A band of rows becomes runs of so many bytes: two cache lines, which leave together.
constexpr std::size_t kRun = 128;
/// What is worked on at a time, a copy in the first-level cache: rows of a large matrix lie in the
/// same few sets of it, and would drive each other out.
constexpr std::size_t kTileBytes = std::size_t{32} << 10;

/// Past the caches, where the run lies so that it can: nobody reads it soon, and a line that is
/// written whole need not be fetched first.
HWY_INLINE void put(const std::byte* from, std::byte* to, std::size_t bytes) {
  if (bytes % 64 != 0 || reinterpret_cast<std::uintptr_t>(to) % 64 != 0) {
    std::memcpy(to, from, bytes);
    return;
  }
  constexpr U8 line;
  for (std::size_t i = 0; i < bytes; i += hn::MaxLanes(line)) {
    hn::Stream(hn::Load(line, reinterpret_cast<const std::uint8_t*>(from + i)), line,
               reinterpret_cast<std::uint8_t*>(to + i));
  }
}

/// Some columns of a tile, as many as a square has, go out as runs.
template <typename T>
HWY_INLINE void transpose_columns(const std::byte* in, std::size_t pitch, std::size_t rows,
                                  std::byte* out, std::ptrdiff_t col_stride) {
  constexpr std::size_t kSide = 16 / sizeof(T);
  alignas(64) std::array<std::byte, kSide * kRun> runs;
  std::size_t r = 0;
  for (; r + kBlocks * kSide <= rows; r += kBlocks * kSide) {
    transpose_squares<T, kBlocks>(in + r * pitch, pitch, runs.data() + r * sizeof(T), kRun);
  }
  for (; r < rows; r += kSide) {
    transpose_squares<T, 1>(in + r * pitch, pitch, runs.data() + r * sizeof(T), kRun);
  }
  for (std::size_t c = 0; c < kSide; ++c) {
    put(runs.data() + c * kRun, out + static_cast<std::ptrdiff_t>(c) * col_stride,
        rows * sizeof(T));
  }
}

/// As few rows and columns as are left at an edge.
HWY_INLINE void transpose_rest(const MatrixRows& in, std::size_t size, std::byte* out,
                               std::ptrdiff_t col_stride) {
  scalar::strided_copy(in, size, out, static_cast<std::ptrdiff_t>(size), col_stride);
}

/// Lines of the tile that comes next: `part` of its `parts`, while this one is worked on.
HWY_INLINE void prefetch_part(const std::byte* data, std::size_t rows, std::size_t pitch,
                              std::size_t row_bytes, std::size_t part, std::size_t parts) {
  constexpr int kRead = 0, kIntoSecondLevel = 2;
  for (std::size_t r = part; r < rows; r += parts) {
    for (std::size_t line = 0; line < row_bytes; line += 64) {
      __builtin_prefetch(data + r * pitch + line, kRead, kIntoSecondLevel);
    }
  }
}

template <typename T>
HWY_INLINE void transpose_tile(const MatrixRows& in, std::byte* out, std::ptrdiff_t col_stride) {
  constexpr std::size_t kSide = 16 / sizeof(T);
  constexpr std::size_t kRows = kRun / sizeof(T);
  constexpr std::size_t kPitch = kTileBytes / kRows + 64;  // rows begin in other sets
  alignas(64) std::array<std::byte, kRows * kPitch> tile;
  for (std::size_t r = 0; r < in.rows; ++r) {
    std::memcpy(tile.data() + r * kPitch, in.data + r * in.pitch, in.cols * sizeof(T));
  }
  const std::size_t rows = in.rows / kSide * kSide;
  const std::size_t cols = in.cols / kSide * kSide;
  const auto at = [&](std::size_t c) { return out + static_cast<std::ptrdiff_t>(c) * col_stride; };
  for (std::size_t c = 0; c < cols; c += kSide) {
    prefetch_part(in.data + in.cols * sizeof(T), in.rows, in.pitch, in.cols * sizeof(T), c / kSide,
                  cols / kSide);
    transpose_columns<T>(tile.data() + c * sizeof(T), kPitch, rows, at(c), col_stride);
  }
  transpose_rest({tile.data() + cols * sizeof(T), rows, in.cols - cols, kPitch}, sizeof(T),
                 at(cols), col_stride);
  transpose_rest({tile.data() + rows * kPitch, in.rows - rows, in.cols, kPitch}, sizeof(T),
                 out + rows * sizeof(T), col_stride);
}

template <typename T>
void transpose(const MatrixRows& in, std::byte* out, std::ptrdiff_t col_stride) {
  constexpr std::size_t kRows = kRun / sizeof(T);
  constexpr std::size_t kCols = kTileBytes / kRun;
  for (std::size_t r = 0; r < in.rows; r += kRows) {
    for (std::size_t c = 0; c < in.cols; c += kCols) {
      transpose_tile<T>({in.data + r * in.pitch + c * sizeof(T), std::min(kRows, in.rows - r),
                         std::min(kCols, in.cols - c), in.pitch},
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
