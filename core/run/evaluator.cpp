// A value is walked from the top; what is left of it at a leaf is a box and where each of its
// elements goes.
#include "core/run/evaluator.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "core/base/bytes.hpp"
#include "core/kernels/kernels.hpp"
#include "core/run/overflow.hpp"
#include "core/run/shared_rows.hpp"

namespace ckptscope {
namespace {

/// Bytes that are read at a time where elements do not go straight to their place: small enough
/// that they are still in the second-level cache when they are copied on.
constexpr std::uint64_t kChunk = std::uint64_t{512} * 1024;
constexpr std::uint64_t kBand = 64;                // rows; see transpose.cpp
constexpr std::uint64_t kScaledElements = kChunk;  // at a time, where they are multiplied

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

/// In f32 steps, as torch computes them: x = 2i / dim; theta^x, rounded; 1 / that.
void fill_frequencies(const Value& value, std::uint64_t first, std::vector<float>& numbers) {
  const auto theta = std::bit_cast<double>(value.begin);
  for (std::uint64_t i = 0; i < numbers.size(); ++i) {
    const float x = static_cast<float>(2 * (first + i)) / static_cast<float>(value.end);
    numbers[i] = 1.0F / static_cast<float>(std::pow(theta, static_cast<double>(x)));
  }
}

/// A box of one matrix of a tensor.
MatrixTile matrix_of(const SourceBox& box) {
  const std::size_t rank = box.region.begin.size();
  std::uint64_t number = 0;  // of the matrix
  for (std::size_t dim = 0; dim + 2 < rank; ++dim) {
    number = number * box.tensor->shape[dim] + box.region.begin[dim];
  }
  return {number * box.tensor->shape[rank - 2] + box.region.begin[rank - 2],
          box.region.extent[rank - 2], box.region.begin[rank - 1], box.region.extent[rank - 1]};
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

void Evaluator::evaluate(std::span<const Wanted> wanted, const Region& region) {
  if (wanted.size() == 1) return evaluate(*wanted[0].value, region, wanted[0].out);
  std::vector<Columns> parts;
  MatrixTile rows;
  const Value* tensor = nullptr;
  for (const Wanted& one : wanted) {
    const SourceBox box = source_box(*one.value, region).value();
    tensor = box.tensor;
    rows = matrix_of(box);
    const std::size_t rank = region.extent.size();
    const auto size = static_cast<std::ptrdiff_t>(size_of(tensor->dtype));
    const auto pitch = static_cast<std::ptrdiff_t>(region.extent[rank - 1]) * size;
    parts.push_back({rows.first_col,
                     rows.cols,
                     {one.out.data(), box.transposed ? size : pitch, box.transposed ? pitch : size,
                      tensor->dtype}});
  }
  fill_columns(*tensor, rows, parts);
}

void Evaluator::fill(const Value& value, const Region& region, const Target& target) {
  using Op = Value::Op;
  switch (value.op) {
    case Op::Input:
    case Op::Mxfp4:
    case Op::Fp8:
    case Op::Nibbles:
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
    case Op::Interleave:
      return fill_interleaved(value, region, target);
    case Op::Deinterleave:
      return fill_deinterleaved(value, region, target);
    case Op::Scaled:
      return fill_scaled(value, region, target);
    case Op::Zeros:
    case Op::Ones:
    case Op::Frequencies:
      return fill_constant(value, region, target);
    case Op::PackedCodes:
    case Op::PackedScales:
    case Op::PackedThird:
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

/// Elements of even number come from the first half, those of odd number from the second.
void Evaluator::fill_interleaved(const Value& value, const Region& region, const Target& target) {
  const auto dim = static_cast<std::size_t>(value.dim);
  const std::uint64_t begin = region.begin[dim];
  const std::uint64_t end = begin + region.extent[dim];
  for (const std::uint64_t half : {0u, 1u}) {
    const std::uint64_t first = begin + (begin % 2 == half ? 0 : 1);
    if (first >= end) continue;
    Region inner = region;
    inner.begin[dim] = half * (value.shape[dim] / 2) + first / 2;
    inner.extent[dim] = ceil_div(end - first, 2);
    Target spread = target;
    spread.data += static_cast<std::ptrdiff_t>(first - begin) * target.strides[dim];
    spread.strides[dim] *= 2;
    fill(*value.args[0], inner, spread);
  }
}

/// One index at a time: what is a run here is none in the argument.
void Evaluator::fill_deinterleaved(const Value& value, const Region& region, const Target& target) {
  const auto dim = static_cast<std::size_t>(value.dim);
  const std::uint64_t half = value.shape[dim] / 2;
  Region inner = region;
  inner.extent[dim] = 1;
  Target place = target;
  for (std::uint64_t i = 0; i < region.extent[dim]; ++i) {
    const std::uint64_t number = region.begin[dim] + i;
    inner.begin[dim] = number < half ? 2 * number : 2 * (number - half) + 1;
    fill(*value.args[0], inner, place);
    place.data += target.strides[dim];
  }
}

/// Element by element of dimension 0, which have a factor each, and in runs of rows below.
void Evaluator::fill_scaled(const Value& value, const Region& region, const Target& target) {
  const std::size_t rank = value.shape.size();
  Region part = region;
  part.extent[0] = 1;
  Target place = target;
  const std::uint64_t row_elements =
      rank > 2 ? product(region.extent) / region.extent[0] / region.extent[1]
               : product(region.extent) / region.extent[0];
  const std::uint64_t step = std::max<std::uint64_t>(1, kScaledElements / row_elements);
  for (std::uint64_t i = 0; i < region.extent[0]; ++i) {
    part.begin[0] = region.begin[0] + i;
    const float factor = float_at(*value.args[1], {part.begin[0]});
    if (rank <= 2) {
      scale(value, part, factor, place);
    } else {
      scale_rows(value, part, {region.begin[1], region.extent[1]}, step, factor, place);
    }
    place.data += target.strides[0];
  }
}

/// `rows` of dimension 1, at most `step` at a time.
void Evaluator::scale_rows(const Value& value, Region part, const Rows& rows, std::uint64_t step,
                           float factor, Target place) {
  for (std::uint64_t row = 0; row < rows.count; row += step) {
    part.begin[1] = rows.first + row;
    part.extent[1] = std::min(step, rows.count - row);
    scale(value, part, factor, place);
    place.data += static_cast<std::ptrdiff_t>(part.extent[1]) * place.strides[1];
  }
}

/// In f32, rounded to the dtype of the value, then to that of the target.
void Evaluator::scale(const Value& value, const Region& region, float factor,
                      const Target& target) {
  const Dtype dtype = value.args[0]->dtype;
  const std::uint64_t count = product(region.extent);
  Buffer scratch;  // of its own: what is scaled may be scaled again
  const auto all = scratch.take(count * (sizeof(double) + sizeof(float)));
  const auto elements = all.first(count * size_of(dtype));
  std::byte* const floats = all.data() + count * sizeof(double);
  evaluate(*value.args[0], region, elements);
  cast_elements(dtype, elements.data(), Dtype::F32, floats, count);
  auto* const numbers = reinterpret_cast<float*>(floats);
  std::uint64_t overflows = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const float product = numbers[i] * factor;
    overflows += std::isinf(product) && !std::isinf(numbers[i]) && !std::isinf(factor) ? 1 : 0;
    numbers[i] = product;
  }
  if (overflows > 0) count_overflow("a value times its factor", Dtype::F32, overflows);
  cast_elements(Dtype::F32, floats, value.dtype, all.data(), count);
  look_for_overflow(Dtype::F32, floats, value.dtype, all.data(), count);
  copy_dense(value.dtype, all.data(), region.extent, target);
}

float Evaluator::float_at(const Value& value, const Shape& index) {
  std::byte element[sizeof(double)];
  evaluate(value, {index, Shape(index.size(), 1)}, std::span(element, size_of(value.dtype)));
  float number = 0;
  cast_elements(value.dtype, element, Dtype::F32, reinterpret_cast<std::byte*>(&number), 1);
  return number;
}

void Evaluator::fill_constant(const Value& value, const Region& region, const Target& target) {
  std::vector<float> numbers(value.op == Value::Op::Frequencies ? product(region.extent) : 1,
                             value.op == Value::Op::Ones ? 1.0F : 0.0F);
  if (value.op == Value::Op::Frequencies) fill_frequencies(value, region.begin[0], numbers);
  Buffer scratch;
  const std::uint64_t size = size_of(target.dtype);
  std::byte* const elements = scratch.take(numbers.size() * size).data();
  if (value.op == Value::Op::Zeros) {
    std::memset(elements, 0, size);
  } else {
    cast_elements(Dtype::F32, reinterpret_cast<const std::byte*>(numbers.data()), target.dtype,
                  elements, numbers.size());
  }
  const std::uint64_t step = numbers.size() > 1 ? 1 : 0;
  std::uint64_t number = 0;
  for_each_leading(region.extent, {Shape(region.begin.size(), 0), region.extent}, target.strides, 0,
                   [&](std::uint64_t, std::ptrdiff_t offset) {
                     std::memcpy(target.data + offset, elements + number * size, size);
                     number += step;
                   });
}

/// A dense box to where it belongs, cast on the way.
void Evaluator::copy_dense(Dtype dtype, const std::byte* elements, const Shape& extent,
                           const Target& target) {
  const std::size_t rank = extent.size();
  const std::uint64_t rows = rank >= 2 ? extent[rank - 2] : 1;
  const std::uint64_t cols = rank >= 1 ? extent[rank - 1] : 1;
  const MatrixTarget whole{target.data, rank >= 2 ? target.strides[rank - 2] : 0,
                           rank >= 1 ? target.strides[rank - 1] : 0, target.dtype};
  const std::uint64_t bytes = rows * cols * size_of(dtype);
  for_each_leading(extent, {Shape(rank, 0), extent}, target.strides, 2,
                   [&](std::uint64_t, std::ptrdiff_t offset) {
                     put_matrix(dtype, elements, rows, cols, whole.at(offset, 0, 0));
                     elements += bytes;
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
/// more, so that its runs fill cache lines; codes of four bits are decoded in whole blocks, also
/// where a few of their columns are wanted.
std::pair<std::uint64_t, std::uint64_t> Evaluator::tile_steps(const Value& value,
                                                              const MatrixTile& matrix,
                                                              const MatrixTarget& target) {
  const std::uint64_t size = size_of(value.dtype);
  const std::uint64_t block = value.op == Value::Op::Mxfp4     ? 2 * value.args[0]->shape.back()
                              : value.op == Value::Op::Nibbles ? columns_of_scale(value)
                                                               : 1;
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
  // MXFP4 and FP4 with the largest scales are decoded to infinities, as Automodel does it: counted,
  // no more.
  const std::uint64_t overflows = reader_.take_overflows();
  const bool powers = value.op == Value::Op::Mxfp4 ||
                      (value.op == Value::Op::Nibbles && value.nibbles == NibbleForm::Fp4);
  if (overflows > 0 && !powers) {
    count_overflow("a code times its scale", value.dtype, overflows);
  } else {
    overflows_ += overflows;
  }
  put_matrix(value.dtype, elements, tile.rows, tile.cols, target);
}

/// Columns of the same rows: the rows are read in one piece, from the first column to the last,
/// where no more lies between them than they are themselves.
void Evaluator::fill_columns(const Value& tensor, MatrixTile rows,
                             const std::vector<Columns>& parts) {
  std::uint64_t first = ~0ull;
  std::uint64_t end = 0;
  std::uint64_t wanted = 0;
  for (const Columns& part : parts) {
    first = std::min(first, part.first);
    end = std::max(end, part.first + part.count);
    wanted += part.count;
  }
  const std::uint64_t size = size_of(tensor.dtype);
  const bool together = end - first <= 2 * wanted;
  const std::uint64_t row_bytes = (together ? end - first : parts[0].count) * size;
  const std::uint64_t step = std::max(kBand, kChunk / row_bytes / kBand * kBand);
  for (std::uint64_t row = 0; row < rows.rows; row += step) {
    MatrixTile tile{rows.first_row + row, std::min(step, rows.rows - row), first, end - first};
    const std::byte* elements = together ? reader_.read(tensor, tile) : nullptr;
    for (const Columns& part : parts) {
      if (!together) {
        tile.first_col = part.first;
        tile.cols = part.count;
        elements = reader_.read(tensor, tile);
      }
      strided_copy({elements + (part.first - tile.first_col) * size, tile.rows, part.count,
                    tile.cols * size},
                   size, part.target.at(0, row, 0).data, part.target.row_stride,
                   part.target.col_stride);
    }
  }
}

/// A dense matrix to where it belongs, cast on the way.
void Evaluator::put_matrix(Dtype dtype, const std::byte* elements, std::uint64_t rows,
                           std::uint64_t cols, const MatrixTarget& target) {
  const std::uint64_t count = rows * cols;
  if (dtype != target.dtype) {
    std::byte* converted = converted_.take(count * size_of(target.dtype)).data();
    cast_elements(dtype, elements, target.dtype, converted, count);
    look_for_overflow(dtype, elements, target.dtype, converted, count);
    elements = converted;
  }
  const std::uint64_t size = size_of(target.dtype);
  strided_copy({elements, rows, cols, cols * size}, size, target.data, target.row_stride,
               target.col_stride);
}

}  // namespace ckptscope
