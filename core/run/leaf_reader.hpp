// Reads the leaves of values, plain or packed, as dense matrices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "core/base/buffer.hpp"
#include "core/run/scale_cache.hpp"
#include "core/source/tensor_source.hpp"
#include "core/value/value.hpp"

namespace ckptscope {

/// A part of a tensor that is seen as a matrix: its last dimension are the columns, all others
/// together the rows. In elements.
struct MatrixTile {
  std::uint64_t first_row = 0;
  std::uint64_t rows = 0;
  std::uint64_t first_col = 0;
  std::uint64_t cols = 0;
};

/// One per worker; not thread-safe. Its scratch grows to what the largest tile needs: the elements
/// as read, the same decoded, and, where short runs are read with what lies between them, half a
/// MiB more.
class LeafReader {
 public:
  explicit LeafReader(TensorSource& source) : source_(source) {}

  /// The elements of `tile`, row-major and dense, in leaf.dtype; valid until the next call. `leaf`
  /// is an Input of whole bytes, or decodes a packed form. Throws what the source throws.
  const std::byte* read(const Value& leaf, const MatrixTile& tile);

  /// Products of codes and scales that became infinite since this was last asked.
  std::uint64_t take_overflows() { return std::exchange(overflows_, 0); }

  /// Of Nibbles that were read last, whole groups of columns: the codes, two a byte, and the scales
  /// as floats; valid until the next call.
  std::span<const std::byte> nibbles() const { return nibbles_; }
  std::span<const float> nibble_scales() const { return group_scales_; }

  /// Bytes of an Input straight into place, without scratch.
  void read_bytes(const Value& input, std::uint64_t offset, std::span<std::byte> out) {
    source_.read(input.input, offset, out);
  }

 private:
  /// Rows [first, first + rows) of a tensor seen as a matrix, and bytes [begin, begin + bytes) of
  /// each.
  struct RowRange {
    std::uint64_t first;
    std::uint64_t rows;
    std::uint64_t pitch;  // bytes of a whole row
    std::uint64_t begin;
    std::uint64_t bytes;
  };

  const std::byte* read_mxfp4(const Value& leaf, const MatrixTile& tile);
  const std::byte* read_fp8(const Value& leaf, const MatrixTile& tile);
  const std::byte* read_nibbles(const Value& leaf, const MatrixTile& tile);
  std::span<const float> group_scales(const Value& leaf, const RowRange& range);
  void check_stated_shape(const Value& leaf);
  void decode_scaled_blocks(const Value& leaf, const MatrixTile& tile, const std::byte* codes,
                            std::byte* decoded);
  void look_for_overflow(const Value& leaf, const std::vector<float>& scales,
                         std::span<const std::byte> codes, const std::byte* decoded);
  std::span<const std::byte> read_rows(std::uint32_t tensor, const RowRange& range, Buffer& buffer);

  TensorSource& source_;
  Buffer raw_;  // as read
  Buffer raw_scales_;
  Buffer between_;  // short runs with what lies between them
  Buffer decoded_;  // after a scheme
  ScaleCache scales_;
  std::span<const std::byte> nibbles_;  // in raw_
  std::vector<float> group_scales_;
  const Value* has_its_shape_ = nullptr;  // the int4 weight whose third argument was looked at last
  std::uint64_t overflows_ = 0;
};

}  // namespace ckptscope
