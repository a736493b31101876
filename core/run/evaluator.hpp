// Computes boxes of values. Selections, slices, transposes and stacks cost nothing: they become
// strides of the destination. Bytes are touched once by a read, once by a decoding or casting
// kernel where there is one, and once by a copy into place.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/buffer.hpp"
#include "core/run/leaf_reader.hpp"
#include "core/source/tensor_source.hpp"
#include "core/tensor/region.hpp"
#include "core/value/value.hpp"

namespace ckptscope {

/// What becomes of a finite value that the dtype it is cast to cannot hold.
enum class OnOverflow { Fail, Infinity };

/// One per worker; not thread-safe. Memory: scratch of some MiB, whatever the tensors are.
class Evaluator {
 public:
  explicit Evaluator(TensorSource& source, OnOverflow on_overflow = OnOverflow::Infinity)
      : reader_(source), on_overflow_(on_overflow) {}

  /// Writes the elements of `region`, row-major and dense, to `out`, which must have just that
  /// size. Not for packed forms: see packing.hpp. Dtypes are of whole bytes (see as_bytes). Throws
  /// what the source throws, and Overflow where that is asked for.
  void evaluate(const Value& value, const Region& region, std::span<std::byte> out);

  /// The same of several values that share rows of a tensor (see shared_rows.hpp), in one pass over
  /// those rows.
  struct Wanted {
    const Value* value;
    std::span<std::byte> out;
  };
  void evaluate(std::span<const Wanted> wanted, const Region& region);

  /// The first element of `value`, a number.
  float number(const Value& value) { return float_at(value, Shape(value.shape.size(), 0)); }

  /// Finite values that became infinite since this was last asked.
  std::uint64_t take_overflows() { return std::exchange(overflows_, 0); }

 private:
  /// Where elements go: byte strides by dimension, and the dtype they must have there.
  struct Target {
    std::byte* data;
    std::vector<std::ptrdiff_t> strides;
    Dtype dtype;
  };
  /// The same for the last two dimensions alone.
  struct MatrixTarget {
    std::byte* data;
    std::ptrdiff_t row_stride;
    std::ptrdiff_t col_stride;
    Dtype dtype;

    /// That of the element at (row, col), with everything `offset` bytes further on.
    MatrixTarget at(std::ptrdiff_t offset, std::uint64_t row, std::uint64_t col) const {
      return {data + offset + static_cast<std::ptrdiff_t>(row) * row_stride +
                  static_cast<std::ptrdiff_t>(col) * col_stride,
              row_stride, col_stride, dtype};
    }
  };

  struct Rows {
    std::uint64_t first;
    std::uint64_t count;
  };

  /// Columns of a matrix and where they go.
  struct Columns {
    std::uint64_t first;
    std::uint64_t count;
    MatrixTarget target;
  };

  void fill(const Value& value, const Region& region, const Target& target);
  void fill_view(const Value& value, Region region, Target target);
  void fill_cast(const Value& value, const Region& region, const Target& target);
  void fill_concat(const Value& value, const Region& region, const Target& target);
  void fill_stack(const Value& value, const Region& region, const Target& target);
  void fill_interleaved(const Value& value, const Region& region, const Target& target);
  void fill_deinterleaved(const Value& value, const Region& region, const Target& target);
  void fill_scaled(const Value& value, const Region& region, const Target& target);
  void scale_rows(const Value& value, Region part, const Rows& rows, std::uint64_t step,
                  float factor, Target place);
  void scale(const Value& value, const Region& region, float factor, const Target& target);
  float float_at(const Value& value, const Shape& index);
  void fill_constant(const Value& value, const Region& region, const Target& target);
  void fill_leaf(const Value& value, const Region& region, const Target& target);
  bool fill_directly(const Value& value, const Region& region, const Target& target);
  static std::pair<std::uint64_t, std::uint64_t> tile_steps(const Value& value,
                                                            const MatrixTile& matrix,
                                                            const MatrixTarget& target);
  void fill_matrix(const Value& value, const MatrixTile& tile, const MatrixTarget& target);
  void put_matrix(Dtype dtype, const std::byte* elements, std::uint64_t rows, std::uint64_t cols,
                  const MatrixTarget& target);
  void fill_columns(const Value& tensor, MatrixTile rows, const std::vector<Columns>& parts);
  void copy_dense(Dtype dtype, const std::byte* elements, const Shape& extent,
                  const Target& target);
  void look_for_overflow(Dtype from, const std::byte* elements, Dtype to, const std::byte* cast,
                         std::uint64_t count);
  void count_overflow(std::string_view what, Dtype to, std::uint64_t values);

  LeafReader reader_;
  Buffer converted_;  // after a cast
  OnOverflow on_overflow_;
  std::uint64_t overflows_ = 0;
};

}  // namespace ckptscope
