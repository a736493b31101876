// Computes boxes of values. Selections, slices, transposes and stacks cost nothing: they become
// strides of the destination. Bytes are touched once by a read, once by a decoding or casting
// kernel where there is one, and once by a copy into place.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/base/buffer.hpp"
#include "core/checkpoint/tensor_source.hpp"
#include "core/plan/value.hpp"
#include "core/tensor/region.hpp"

namespace ckptscope {

/// One per worker; not thread-safe. Memory: scratch of about 3 MiB, whatever the tensors are.
class Evaluator {
 public:
  explicit Evaluator(TensorSource& source) : source_(source) {}

  /// Writes the elements of `region`, row-major and dense, to `out`, which must have just that
  /// size. Not for packed forms: see packing.hpp. Dtypes are of whole bytes (see as_bytes). Throws
  /// what the source throws.
  void evaluate(const Value& value, const Region& region, std::span<std::byte> out);

 private:
  /// Where elements go: byte strides by dimension, and the dtype they must have there.
  struct Target {
    std::byte* data;
    std::vector<std::ptrdiff_t> strides;
    Dtype dtype;
  };
  /// Rows [first, first + rows) of a tensor seen as a matrix, and bytes [begin, begin + bytes) of
  /// each.
  struct RowRange {
    std::uint64_t first;
    std::uint64_t rows;
    std::uint64_t pitch;  // bytes of a whole row
    std::uint64_t begin;
    std::uint64_t bytes;
  };

  void fill(const Value& value, const Region& region, const Target& target);
  void fill_cast(const Value& value, const Region& region, const Target& target);
  void fill_concat(const Value& value, const Region& region, const Target& target);
  void fill_stack(const Value& value, const Region& region, const Target& target);
  void fill_zeros(const Region& region, const Target& target);
  void fill_leaf(const Value& value, const Region& region, const Target& target);
  bool fill_directly(const Value& value, const Region& region, const Target& target);
  void fill_matrix(const Value& value, std::uint64_t first_row, std::uint64_t rows,
                   std::uint64_t first_col, std::uint64_t cols, std::byte* out,
                   std::ptrdiff_t row_stride, std::ptrdiff_t col_stride, Dtype dtype);
  const std::byte* decode_rows(const Value& value, std::uint64_t first_row, std::uint64_t rows,
                               std::uint64_t first_col, std::uint64_t cols);
  const std::byte* decode_mxfp4_rows(const Value& value, std::uint64_t first_row,
                                     std::uint64_t rows, std::uint64_t first_col,
                                     std::uint64_t cols);
  const std::byte* decode_fp8_rows(const Value& value, std::uint64_t first_row, std::uint64_t rows,
                                   std::uint64_t first_col, std::uint64_t cols);
  std::span<const std::byte> read_rows(std::uint32_t tensor, const RowRange& range, Buffer& buffer);
  const std::vector<float>& scales_of(const Value& scale);

  TensorSource& source_;
  Buffer raw_;  // as read
  Buffer raw_scales_;
  Buffer between_;             // short runs with what lies between them
  Buffer decoded_;             // after a scheme
  Buffer converted_;           // after a cast
  std::vector<float> scales_;  // of the FP8 tensor number scales_of_
  std::uint32_t scales_of_ = 0xFFFFFFFF;
};

}  // namespace ckptscope
