// A value is walked from the top; what is left of it at a leaf is a box and where each of its
// elements goes.
#include "core/run/evaluator.hpp"

#include <algorithm>
#include <cstring>

#include "core/base/bytes.hpp"
#include "core/kernels/kernels.hpp"
#include "core/run/overflow.hpp"

namespace ckptscope {
namespace {

/// Bytes that are read at a time where elements do not go straight to their place: small enough
/// that they are still in the second-level cache when they are copied on.
constexpr std::uint64_t kChunk = std::uint64_t{512} * 1024;
constexpr std::uint64_t kBand = 64;  // rows; see transpose.cpp

std::vector<std::ptrdiff_t> dense_strides(ShapeView shape, std::uint64_t element_bytes) {
  std::vector<std::ptrdiff_t> strides(shape.size());
  auto stride = static_cast<std::ptrdiff_t>(element_bytes);
  for (std::size_t dim = shape.size(); dim-- > 0;) {
    strides[dim] = stride;
    stride *= static_cast<std::ptrdiff_t>(shape[dim]);
  }
  return strides;
}

/// Walks every index of the dimensions before the last `kept` ones: visit(row number of the tensor
/// seen as a matrix of those last dimensions, byte offset in the target).
void for_each_leading(ShapeView shape, const Region& region,
                      const std::vector<std::ptrdiff_t>& strides, std::size_t kept,
                      const auto& visit) {
  const std::size_t leading = shape.size() > kept ? shape.size() - kept : 0;
  Shape at(leading, 0);
  for (;;) {
    std::uint64_t number = 0;
    std::ptrdiff_t offset = 0;
    for (std::size_t dim = 0; dim < leading; ++dim) {
      number = number * shape[dim] + region.begin[dim] + at[dim];
      offset += static_cast<std::ptrdiff_t>(at[dim]) * strides[dim];
    }
    visit(number, offset);
    std::size_t dim = leading;
    while (dim > 0 && ++at[dim - 1] == region.extent[dim - 1]) at[--dim] = 0;
    if (dim == 0) return;
  }
}

bool has_infinity(Dtype dtype, const std::byte* elements, std::uint64_t count) {
  return count_infinities(dtype, elements, count) > 0;
}

std::string number_text(Dtype dtype, const std::byte* element) {
  double value = 0;
  cast_elements(dtype, element, Dtype::F64, reinterpret_cast<std::byte*>(&value), 1);
  return fmt::format("{}", value);
}

Region without_first(const Region& region) {
  return {Shape(region.begin.begin() + 1, region.begin.end()),
          Shape(region.extent.begin() + 1, region.extent.end())};
}

}  // namespace

void Evaluator::evaluate(const Value& value, const Region& region, std::span<std::byte> out) {
  if (out.empty()) return;
  fill(value, region,
       {out.data(), dense_strides(region.extent, size_of(value.dtype)), value.dtype});
}

void Evaluator::fill(const Value& value, const Region& region, const Target& target) {
  using Op = Value::Op;
  switch (value.op) {
    case Op::Input:
    case Op::Mxfp4:
    case Op::Fp8:
      return fill_leaf(value, region, target);
    case Op::Transpose:
    case Op::Slice:
    case Op::Select:
      return fill_view(value, region, target);
    case Op::Concat:
      return fill_concat(value, region, target);
    case Op::Stack:
      return fill_stack(value, region, target);
    case Op::Cast:
      return fill_cast(value, region, target);
    case Op::Zeros:
      return fill_zeros(region, target);
    case Op::Mxfp4Blocks:
    case Op::Mxfp4Scales:
    case Op::Fp8Codes:
    case Op::Fp8Scale:
      fail(Code::Internal, "packed forms are made by the executor");
  }
}

/// No element changes: the argument is filled by other strides.
void Evaluator::fill_view(const Value& value, Region region, Target target) {
  if (value.op == Value::Op::Transpose) {
    const std::size_t last = region.begin.size() - 1;
    std::swap(region.begin[last], region.begin[last - 1]);
    std::swap(region.extent[last], region.extent[last - 1]);
    std::swap(target.strides[last], target.strides[last - 1]);
  } else if (value.op == Value::Op::Slice) {
    region.begin[static_cast<std::size_t>(value.dim)] += value.begin;
  } else {
    region.begin.insert(region.begin.begin(), value.begin);
    region.extent.insert(region.extent.begin(), 1);
    target.strides.insert(target.strides.begin(), 0);
  }
  fill(*value.args[0], region, target);
}

/// A cast becomes the dtype of the target. Planners never put one cast below another: that would
/// round twice, and has to be computed in two steps.
void Evaluator::fill_cast(const Value& value, const Region& region, const Target& target) {
  if (target.dtype == value.dtype) return fill(*value.args[0], region, target);
  fail(Code::Internal, "a cast to {} below a cast to {}", name_of(value.dtype),
       name_of(target.dtype));
}

void Evaluator::fill_concat(const Value& value, const Region& region, const Target& target) {
  const auto dim = static_cast<std::size_t>(value.dim);
  const std::uint64_t begin = region.begin[dim];
  const std::uint64_t end = begin + region.extent[dim];
  std::uint64_t part_begin = 0;
  for (const ValuePtr part : value.args) {
    const std::uint64_t part_end = part_begin + part->shape[dim];
    const std::uint64_t from = std::max(begin, part_begin);
    const std::uint64_t to = std::min(end, part_end);
    if (from < to) {
      Region inner = region;
      inner.begin[dim] = from - part_begin;
      inner.extent[dim] = to - from;
      Target shifted = target;
      shifted.data += static_cast<std::ptrdiff_t>(from - begin) * target.strides[dim];
      fill(*part, inner, shifted);
    }
    part_begin = part_end;
  }
}

void Evaluator::fill_stack(const Value& value, const Region& region, const Target& target) {
  const Region inner = without_first(region);
  Target part{target.data, {target.strides.begin() + 1, target.strides.end()}, target.dtype};
  for (std::uint64_t i = 0; i < region.extent[0]; ++i) {
    fill(*value.args[region.begin[0] + i], inner, part);
    part.data += target.strides[0];
  }
}

void Evaluator::fill_zeros(const Region& region, const Target& target) {
  for_each_leading(region.extent, {Shape(region.begin.size(), 0), region.extent}, target.strides, 0,
                   [&](std::uint64_t, std::ptrdiff_t offset) {
                     std::memset(target.data + offset, 0, size_of(target.dtype));
                   });
}

void Evaluator::fill_leaf(const Value& value, const Region& region, const Target& target) {
  if (fill_directly(value, region, target)) return;
  const std::size_t rank = value.shape.size();
  const MatrixTile matrix{
      rank >= 2 ? region.begin[rank - 2] : 0, rank >= 2 ? region.extent[rank - 2] : 1,
      rank >= 1 ? region.begin[rank - 1] : 0, rank >= 1 ? region.extent[rank - 1] : 1};
  const std::uint64_t matrix_rows = rank >= 2 ? value.shape[rank - 2] : 1;
  const MatrixTarget whole{target.data, rank >= 2 ? target.strides[rank - 2] : 0,
                           rank >= 1 ? target.strides[rank - 1] : 0, target.dtype};
  const auto steps = tile_steps(value, matrix, whole);
  const std::uint64_t row_step = steps.first;  // clang 14 does not capture structured bindings
  const std::uint64_t col_step = steps.second;
  for_each_leading(
      value.shape, region, target.strides, 2, [&](std::uint64_t number, std::ptrdiff_t offset) {
        for (std::uint64_t row = 0; row < matrix.rows; row += row_step) {
          for (std::uint64_t col = 0; col < matrix.cols; col += col_step) {
            const MatrixTile tile{number * matrix_rows + matrix.first_row + row,
                                  std::min(row_step, matrix.rows - row), matrix.first_col + col,
                                  std::min(col_step, matrix.cols - col)};
            fill_matrix(value, tile, whole.at(offset, row, col));
          }
        }
      });
}

/// Rows and columns that are read at a time. What lands transposed comes in bands of 64 rows and
/// more, so that its runs fill cache lines; MXFP4 decodes whole blocks, also where a few of their
/// columns are wanted.
std::pair<std::uint64_t, std::uint64_t> Evaluator::tile_steps(const Value& value,
                                                              const MatrixTile& matrix,
                                                              const MatrixTarget& target) {
  const std::uint64_t size = size_of(value.dtype);
  const std::uint64_t block = value.op == Value::Op::Mxfp4 ? 2 * value.args[0]->shape.back() : 1;
  const std::uint64_t row_bytes = std::max<std::uint64_t>(1, (matrix.cols + block - 1) * size);
  const bool transposed = target.col_stride != static_cast<std::ptrdiff_t>(size_of(target.dtype));
  const std::uint64_t least = transposed ? kBand : 1;
  const std::uint64_t fit = std::max<std::uint64_t>(1, kChunk / row_bytes);
  return {std::max(least, fit >= kBand ? fit / kBand * kBand : fit),
          std::max<std::uint64_t>(1, kChunk / least / size / 32 * 32)};
}

/// A dense run of a source that lands densely needs no scratch: it is read into place.
bool Evaluator::fill_directly(const Value& value, const Region& region, const Target& target) {
  if (value.op != Value::Op::Input || value.dtype != target.dtype) return false;
  const std::uint64_t size = size_of(value.dtype);
  const std::vector<std::ptrdiff_t> dense_target = dense_strides(region.extent, size);
  const std::vector<std::ptrdiff_t> source_strides = dense_strides(value.shape, size);
  std::uint64_t offset = 0;
  for (std::size_t dim = 0; dim < region.begin.size(); ++dim) {
    offset += region.begin[dim] * static_cast<std::uint64_t>(source_strides[dim]);
    if (region.extent[dim] == 1) continue;
    if (target.strides[dim] != dense_target[dim] || source_strides[dim] != dense_target[dim]) {
      return false;
    }
  }
  reader_.read_bytes(value, offset, {target.data, product(region.extent) * size});
  return true;
}

/// Only casts to a smaller range can overflow: to F16, from F64, and from F32 by rounding to BF16.
void Evaluator::look_for_overflow(Dtype from, const std::byte* elements, Dtype to,
                                  const std::byte* cast, std::uint64_t count) {
  const bool narrows = (to == Dtype::F16 && !is_fp8(from)) ||
                       (to == Dtype::BF16 && (from == Dtype::F32 || from == Dtype::F64)) ||
                       (to == Dtype::F32 && from == Dtype::F64);
  if (!narrows || !has_infinity(to, cast, count)) return;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::byte* element = elements + i * size_of(from);
    if (!has_infinity(to, cast + i * size_of(to), 1) || has_infinity(from, element, 1)) continue;
    count_overflow(number_text(from, element), to, 1);
  }
}

void Evaluator::count_overflow(std::string_view what, Dtype to, std::uint64_t values) {
  if (on_overflow_ == OnOverflow::Fail) {
    fail(Code::Overflow, "{} is more than {} holds; --allow overflow makes it infinite", what,
         name_of(to));
  }
  overflows_ += values;
}

void Evaluator::fill_matrix(const Value& value, const MatrixTile& tile,
                            const MatrixTarget& target) {
  const std::byte* elements = reader_.read(value, tile);
  const std::uint64_t count = tile.rows * tile.cols;
  // MXFP4 with the largest scales is decoded to infinities, as Automodel does it: counted, no more.
  const std::uint64_t overflows = reader_.take_overflows();
  if (overflows > 0 && value.op == Value::Op::Fp8) {
    count_overflow("a code times its scale", value.dtype, overflows);
  } else {
    overflows_ += overflows;
  }
  if (value.dtype != target.dtype) {
    std::byte* converted = converted_.take(count * size_of(target.dtype)).data();
    cast_elements(value.dtype, elements, target.dtype, converted, count);
    look_for_overflow(value.dtype, elements, target.dtype, converted, count);
    elements = converted;
  }
  strided_copy(elements, tile.rows, tile.cols, size_of(target.dtype), target.data,
               target.row_stride, target.col_stride);
}

}  // namespace ckptscope
