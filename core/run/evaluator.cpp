#include "core/run/evaluator.hpp"

#include <algorithm>
#include <cstring>

#include "core/base/bytes.hpp"
#include "core/kernels/kernels.hpp"

namespace ckptscope {
namespace {

/// Bytes that are read at a time where elements do not go straight to their place: small enough
/// that they are still in the second-level cache when they are copied on.
constexpr std::uint64_t kChunk = std::uint64_t{512} * 1024;
constexpr std::uint64_t kBand = 64;  // rows; see transpose.cpp
/// Runs shorter than this are read together with what lies between them.
constexpr std::uint64_t kWorthOwnRead = 2048;

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
  switch (value.op) {
    case Value::Op::Cast:
      return fill_cast(value, region, target);
    case Value::Op::Transpose: {
      Region inner = region;
      Target swapped = target;
      const std::size_t last = region.begin.size() - 1;
      std::swap(inner.begin[last], inner.begin[last - 1]);
      std::swap(inner.extent[last], inner.extent[last - 1]);
      std::swap(swapped.strides[last], swapped.strides[last - 1]);
      return fill(*value.args[0], inner, swapped);
    }
    case Value::Op::Slice: {
      Region inner = region;
      inner.begin[static_cast<std::size_t>(value.dim)] += value.begin;
      return fill(*value.args[0], inner, target);
    }
    case Value::Op::Select: {
      Region inner = region;
      Target outer = target;
      inner.begin.insert(inner.begin.begin(), value.begin);
      inner.extent.insert(inner.extent.begin(), 1);
      outer.strides.insert(outer.strides.begin(), 0);
      return fill(*value.args[0], inner, outer);
    }
    case Value::Op::Concat:
      return fill_concat(value, region, target);
    case Value::Op::Stack:
      return fill_stack(value, region, target);
    case Value::Op::Zeros:
      return fill_zeros(region, target);
    case Value::Op::Input:
    case Value::Op::Mxfp4:
    case Value::Op::Fp8:
      return fill_leaf(value, region, target);
    case Value::Op::Mxfp4Blocks:
    case Value::Op::Mxfp4Scales:
    case Value::Op::Fp8Codes:
    case Value::Op::Fp8Scale:
      fail(Code::Internal, "packed forms are made by the executor");
  }
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
  const std::uint64_t cols = rank >= 1 ? region.extent[rank - 1] : 1;
  const std::uint64_t first_col = rank >= 1 ? region.begin[rank - 1] : 0;
  const std::uint64_t rows = rank >= 2 ? region.extent[rank - 2] : 1;
  const std::uint64_t first_row = rank >= 2 ? region.begin[rank - 2] : 0;
  const std::uint64_t matrix_rows = rank >= 2 ? value.shape[rank - 2] : 1;
  const std::ptrdiff_t row_stride = rank >= 2 ? target.strides[rank - 2] : 0;
  const std::ptrdiff_t col_stride = rank >= 1 ? target.strides[rank - 1] : 0;
  // MXFP4 decodes whole blocks, also where a few of their columns are wanted.
  const std::uint64_t block = value.op == Value::Op::Mxfp4 ? 2 * value.args[0]->shape.back() : 1;
  const std::uint64_t row_bytes =
      std::max<std::uint64_t>(1, (cols + block - 1) * size_of(value.dtype));
  // What lands transposed comes in bands of 64 rows and more, so that its runs fill cache lines.
  const bool transposed = col_stride != static_cast<std::ptrdiff_t>(size_of(target.dtype));
  const std::uint64_t least = transposed ? kBand : 1;
  const std::uint64_t fit = std::max<std::uint64_t>(1, kChunk / row_bytes);
  const std::uint64_t step = std::max(least, fit >= kBand ? fit / kBand * kBand : fit);
  const std::uint64_t col_step =
      std::max<std::uint64_t>(1, kChunk / least / size_of(value.dtype) / 32 * 32);
  for_each_leading(
      value.shape, region, target.strides, 2, [&](std::uint64_t matrix, std::ptrdiff_t offset) {
        for (std::uint64_t row = 0; row < rows; row += step) {
          for (std::uint64_t col = 0; col < cols; col += col_step) {
            fill_matrix(value, matrix * matrix_rows + first_row + row, std::min(step, rows - row),
                        first_col + col, std::min(col_step, cols - col),
                        target.data + offset + static_cast<std::ptrdiff_t>(row) * row_stride +
                            static_cast<std::ptrdiff_t>(col) * col_stride,
                        row_stride, col_stride, target.dtype);
          }
        }
      });
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
  source_.read(value.input, offset, {target.data, product(region.extent) * size});
  return true;
}

void Evaluator::fill_matrix(const Value& value, std::uint64_t first_row, std::uint64_t rows,
                            std::uint64_t first_col, std::uint64_t cols, std::byte* out,
                            std::ptrdiff_t row_stride, std::ptrdiff_t col_stride, Dtype dtype) {
  const std::byte* elements = decode_rows(value, first_row, rows, first_col, cols);
  if (value.dtype != dtype) {
    std::byte* converted = converted_.take(rows * cols * size_of(dtype)).data();
    cast_elements(value.dtype, elements, dtype, converted, rows * cols);
    elements = converted;
  }
  strided_copy(elements, rows, cols, size_of(dtype), out, row_stride, col_stride);
}

/// A dense rows x cols matrix of value.dtype, valid until the next call.
const std::byte* Evaluator::decode_rows(const Value& value, std::uint64_t first_row,
                                        std::uint64_t rows, std::uint64_t first_col,
                                        std::uint64_t cols) {
  if (value.op == Value::Op::Mxfp4)
    return decode_mxfp4_rows(value, first_row, rows, first_col, cols);
  if (value.op == Value::Op::Fp8) return decode_fp8_rows(value, first_row, rows, first_col, cols);
  const std::uint64_t size = size_of(value.dtype);
  const std::uint64_t pitch = (value.shape.empty() ? 1 : value.shape.back()) * size;
  return read_rows(value.input, {first_row, rows, pitch, first_col * size, cols * size}, raw_)
      .data();
}

const std::byte* Evaluator::decode_mxfp4_rows(const Value& value, std::uint64_t first_row,
                                              std::uint64_t rows, std::uint64_t first_col,
                                              std::uint64_t cols) {
  const Value& blocks = *value.args[0];
  const Value& scales = *value.args[1];
  const std::uint64_t block_bytes = blocks.shape.back();
  const std::uint64_t block = 2 * block_bytes;
  const std::uint64_t groups = scales.shape.back();
  const std::uint64_t first = first_col / block;
  const std::uint64_t count = ceil_div(first_col + cols, block) - first;
  const auto codes = read_rows(
      blocks.input,
      {first_row, rows, groups * block_bytes, first * block_bytes, count * block_bytes}, raw_);
  const auto exponents =
      read_rows(scales.input, {first_row, rows, groups, first, count}, raw_scales_);
  std::byte* decoded = decoded_.take(rows * count * block * sizeof(std::uint16_t)).data();
  decode_mxfp4(codes, exponents, block_bytes, reinterpret_cast<std::uint16_t*>(decoded));
  if (count * block != cols) {  // keep the asked-for columns of the decoded blocks
    const std::uint64_t skip = (first_col - first * block) * sizeof(std::uint16_t);
    const std::uint64_t bytes = cols * sizeof(std::uint16_t);
    for (std::uint64_t row = 0; row < rows; ++row) {
      std::memmove(decoded + row * bytes,
                   decoded + row * count * block * sizeof(std::uint16_t) + skip, bytes);
    }
  }
  return decoded;
}

const std::byte* Evaluator::decode_fp8_rows(const Value& value, std::uint64_t first_row,
                                            std::uint64_t rows, std::uint64_t first_col,
                                            std::uint64_t cols) {
  const Value& codes = *value.args[0];
  const std::vector<float>& scales = scales_of(*value.args[1]);
  const std::uint64_t pitch = codes.shape.empty() ? 1 : codes.shape.back();
  const auto raw = read_rows(codes.input, {first_row, rows, pitch, first_col, cols}, raw_);
  const std::uint64_t size = size_of(value.dtype);
  std::byte* decoded = decoded_.take(rows * cols * size).data();
  if (value.block.empty()) {
    const std::size_t rank = codes.shape.size();
    const std::uint64_t rows_per_scale =
        scales.size() == 1 ? rows : codes.shape[rank - 2];  // one per expert
    const std::uint64_t scale = scales.size() == 1 ? 0 : first_row / rows_per_scale;
    decode_fp8(codes.dtype, raw.data(), scales[scale], value.dtype, decoded, rows * cols);
    return decoded;
  }
  const std::uint64_t block_rows = value.block[0];
  const std::uint64_t block_cols = value.block[1];
  const std::uint64_t scales_per_row = ceil_div(pitch, block_cols);
  for (std::uint64_t row = 0; row < rows; ++row) {
    const std::uint64_t scale_row = (first_row + row) / block_rows * scales_per_row;
    for (std::uint64_t col = 0; col < cols;) {
      const std::uint64_t block = (first_col + col) / block_cols;
      const std::uint64_t end = std::min(cols, (block + 1) * block_cols - first_col);
      const std::uint64_t at = row * cols + col;
      decode_fp8(codes.dtype, raw.data() + at, scales[scale_row + block], value.dtype,
                 decoded + at * size, end - col);
      col = end;
    }
  }
  return decoded;
}

std::span<const std::byte> Evaluator::read_rows(std::uint32_t tensor, const RowRange& range,
                                                Buffer& buffer) {
  const std::span<std::byte> out = buffer.take(range.rows * range.bytes);
  const std::uint64_t start = range.first * range.pitch + range.begin;
  if (range.bytes == range.pitch || range.rows == 1) {
    source_.read(tensor, start, out);
    return out;
  }
  if (range.bytes >= kWorthOwnRead) {
    for (std::uint64_t row = 0; row < range.rows; ++row) {
      source_.read(tensor, start + row * range.pitch, out.subspan(row * range.bytes, range.bytes));
    }
    return out;
  }
  // Short runs: read what lies between them too, a bounded number of rows at a time.
  const std::uint64_t at_once = std::max<std::uint64_t>(1, kChunk / range.pitch);
  for (std::uint64_t row = 0; row < range.rows; row += at_once) {
    const std::uint64_t rows = std::min(at_once, range.rows - row);
    const auto between = between_.take((rows - 1) * range.pitch + range.bytes);
    source_.read(tensor, start + row * range.pitch, between);
    for (std::uint64_t i = 0; i < rows; ++i) {
      std::memcpy(out.data() + (row + i) * range.bytes, between.data() + i * range.pitch,
                  range.bytes);
    }
  }
  return out;
}

const std::vector<float>& Evaluator::scales_of(const Value& scale) {
  if (scales_of_ == scale.input) return scales_;
  const std::uint64_t count = product(scale.shape);
  std::vector<std::byte> bytes(byte_count(scale.dtype, scale.shape));
  source_.read(scale.input, 0, bytes);
  scales_.resize(count);
  cast_elements(scale.dtype, bytes.data(), Dtype::F32, reinterpret_cast<std::byte*>(scales_.data()),
                count);
  scales_of_ = scale.input;
  return scales_;
}

}  // namespace ckptscope
