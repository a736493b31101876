// Nodes are kept in an arena as they are made; a shape once, however many of them have it.
#include "core/value/value.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <iterator>
#include <utility>

#include "core/base/bytes.hpp"
#include "core/base/hash.hpp"

namespace ckptscope {
namespace {

using Op = Value::Op;

/// Of the matrices of an Fp8 value in which blocks begin anew.
std::uint64_t rows_of_matrix(const Value& value) {
  const ShapeView codes = value.args[0]->shape;
  return codes[codes.size() - 2];
}

}  // namespace

std::size_t Values::ShapeHash::operator()(ShapeView shape) const {
  return xxh3(std::as_bytes(shape));
}

ShapeView Values::keep(ShapeView shape) {
  const auto found = shapes_.find(shape);
  return found != shapes_.end() ? *found : *shapes_.insert(arena_.copy(shape)).first;
}

ValuePtr Values::keep(const Value& value) {
  return arena_.copy(std::span<const Value>(&value, 1)).data();
}

std::span<const ValuePtr> Values::only(ValuePtr argument) {
  return arena_.copy(std::span<const ValuePtr>(&argument, 1));
}

ValuePtr Values::unary(Op op, Dtype dtype, ShapeView shape, ValuePtr argument) {
  return keep(Value{.op = op, .dtype = dtype, .shape = keep(shape), .args = only(argument)});
}

ValuePtr Values::input(std::uint32_t number, Dtype dtype, ShapeView shape) {
  return keep(Value{.op = Op::Input, .dtype = dtype, .input = number, .shape = keep(shape)});
}

void Values::adopt(Values other) {
  adopted_.push_back(std::move(other.arena_));
  std::move(other.adopted_.begin(), other.adopted_.end(), std::back_inserter(adopted_));
}

ValuePtr Values::transpose(ValuePtr value) {
  assert(value->shape.size() >= 2);
  if (value->op == Op::Transpose) return value->args[0];
  Shape shape = to_shape(value->shape);
  std::swap(shape[shape.size() - 1], shape[shape.size() - 2]);
  return unary(Op::Transpose, value->dtype, shape, value);
}

ValuePtr Values::slice(ValuePtr value, int dim, std::uint64_t begin, std::uint64_t end) {
  const auto at = static_cast<std::size_t>(dim);
  assert(at < value->shape.size() && begin <= end && end <= value->shape[at]);
  if (begin == 0 && end == value->shape[at]) return value;
  Shape shape = to_shape(value->shape);
  shape[at] = end - begin;
  return keep(Value{.op = Op::Slice,
                    .dtype = value->dtype,
                    .dim = dim,
                    .shape = keep(shape),
                    .args = only(value),
                    .begin = begin,
                    .end = end});
}

ValuePtr Values::select(ValuePtr value, std::uint64_t index) {
  assert(!value->shape.empty() && index < value->shape[0]);
  return keep(Value{.op = Op::Select,
                    .dtype = value->dtype,
                    .shape = keep(value->shape.subspan(1)),
                    .args = only(value),
                    .begin = index});
}

ValuePtr Values::concat(std::span<const ValuePtr> parts, int dim) {
  const auto at = static_cast<std::size_t>(dim);
  assert(!parts.empty() && at < parts[0]->shape.size());
  Shape shape = to_shape(parts[0]->shape);
  for (const ValuePtr part : parts.subspan(1)) shape[at] += part->shape[at];
  return keep(Value{.op = Op::Concat,
                    .dtype = parts[0]->dtype,
                    .dim = dim,
                    .shape = keep(shape),
                    .args = arena_.copy(parts)});
}

ValuePtr Values::stack(std::span<const ValuePtr> parts, std::uint64_t first) {
  assert(!parts.empty());
  Shape shape = to_shape(parts[0]->shape);
  shape.insert(shape.begin(), parts.size());
  return keep(Value{.op = Op::Stack,
                    .dtype = parts[0]->dtype,
                    .shape = keep(shape),
                    .args = arena_.copy(parts),
                    .begin = first});
}

ValuePtr Values::cast(ValuePtr value, Dtype dtype) {
  return value->dtype == dtype ? value : unary(Op::Cast, dtype, value->shape, value);
}

ValuePtr Values::mxfp4(ValuePtr blocks, ValuePtr scales) {
  Shape shape = to_shape(scales->shape);
  shape.back() *= 2 * blocks->shape.back();
  const ValuePtr pair[] = {blocks, scales};
  return keep(Value{.op = Op::Mxfp4,
                    .dtype = Dtype::BF16,
                    .shape = keep(shape),
                    .args = arena_.copy(std::span<const ValuePtr>(pair))});
}

ValuePtr Values::fp8(ValuePtr codes, ValuePtr scale, Dtype dtype, ShapeView block,
                     ShapeView shape) {
  const ValuePtr pair[] = {codes, scale};
  return keep(Value{.op = Op::Fp8,
                    .dtype = dtype,
                    .shape = shape.empty() ? codes->shape : keep(shape),
                    .args = arena_.copy(std::span<const ValuePtr>(pair)),
                    .block = keep(block)});
}

ValuePtr Values::nibbles(NibbleForm form, std::span<const ValuePtr> parts, Dtype dtype,
                         std::uint64_t columns) {
  Shape shape = to_shape(parts[1]->shape);
  shape.back() *= columns;
  return keep(Value{.op = Op::Nibbles,
                    .dtype = dtype,
                    .nibbles = form,
                    .shape = keep(shape),
                    .args = arena_.copy(parts)});
}

ValuePtr Values::scaled(ValuePtr value, ValuePtr factor) {
  const Dtype a = value->dtype;
  const Dtype b = factor->dtype;
  const bool same_size = size_of(a) == size_of(b);
  const Dtype wider = a == b ? a : same_size ? Dtype::F32 : size_of(a) > size_of(b) ? a : b;
  const ValuePtr pair[] = {value, factor};
  return keep(Value{.op = Op::Scaled,
                    .dtype = wider,
                    .shape = value->shape,
                    .args = arena_.copy(std::span<const ValuePtr>(pair))});
}

ValuePtr Values::permuted(Op op, ValuePtr value, int dim) {
  return keep(Value{
      .op = op, .dtype = value->dtype, .dim = dim, .shape = value->shape, .args = only(value)});
}

ValuePtr Values::interleave(ValuePtr value, int dim) {
  return permuted(Op::Interleave, value, dim);
}

ValuePtr Values::deinterleave(ValuePtr value, int dim) {
  return permuted(Op::Deinterleave, value, dim);
}

ValuePtr Values::ones(Dtype dtype, ShapeView shape) {
  return keep(Value{.op = Op::Ones, .dtype = dtype, .shape = keep(shape)});
}

ValuePtr Values::frequencies(double theta, std::uint64_t dim) {
  return keep(Value{.op = Op::Frequencies,
                    .dtype = Dtype::F32,
                    .shape = keep(Shape{dim / 2}),
                    .begin = std::bit_cast<std::uint64_t>(theta),
                    .end = dim});
}

ValuePtr Values::zeros(Dtype dtype, ShapeView shape) {
  return keep(Value{.op = Op::Zeros, .dtype = dtype, .shape = keep(shape)});
}

ValuePtr Values::packed(Op op, PackAs as, Dtype dtype, ShapeView shape, ValuePtr value) {
  return keep(
      Value{.op = op, .dtype = dtype, .packing = as, .shape = keep(shape), .args = only(value)});
}

ValuePtr Values::packed_codes(PackAs as, ValuePtr value) {
  const WrittenForm& form = written_form(as);
  Shape shape = to_shape(value->shape);
  if (as == PackAs::Mxfp4) {  // GPT-OSS has a dimension for the bytes of a block
    shape.back() /= kMxfp4Block;
    shape.push_back(kMxfp4Block / 2);
  } else if (form.scheme.kind != QuantScheme::Kind::Fp8) {
    shape.back() /= codes_of(form.codes_dtype);
  }
  return packed(Op::PackedCodes, as, form.codes_dtype, shape, value);
}

ValuePtr Values::packed_scales(PackAs as, ValuePtr value) {
  const WrittenForm& form = written_form(as);
  Shape shape = to_shape(value->shape);
  if (form.has_one_scale()) {
    shape = shape.size() == 3 ? Shape{shape[0], 1, 1} : Shape{};
  } else {
    shape.back() = ceil_div(shape.back(), form.block[1]);
    if (form.block[0] > 1)
      shape[shape.size() - 2] = ceil_div(shape[shape.size() - 2], form.block[0]);
  }
  return packed(Op::PackedScales, as, form.scales_dtype, shape, value);
}

ValuePtr Values::packed_third(PackAs as, ValuePtr value) {
  if (const auto rank = written_form(as).factor_rank) {
    return packed(Op::PackedThird, as, Dtype::F32, Shape(*rank, 1), value);
  }
  return packed(Op::PackedThird, as, Dtype::I32, Shape{value->shape.size()}, value);
}

ValuePtr Values::as_bytes(ValuePtr value) {
  if (bits_of(value->dtype) % 8 == 0) return value;
  return input(value->input, Dtype::U8, Shape{byte_count(value->dtype, value->shape)});
}

std::uint64_t first_scale_of(const Value& value, std::uint64_t row) {
  const std::uint64_t rows = rows_of_matrix(value);
  const std::uint64_t block_row =
      row / rows * ceil_div(rows, value.block[0]) + row % rows / value.block[0];
  return block_row * ceil_div(value.shape.back(), value.block[1]);
}

std::uint64_t rows_of_block(const Value& value, std::uint64_t row) {
  const std::uint64_t rows = rows_of_matrix(value);
  const std::uint64_t in_matrix = row % rows;
  return std::min(value.block[0] - in_matrix % value.block[0], rows - in_matrix);
}

bool is_encoded(const Value& value) {
  return value.op >= Op::PackedCodes;
}

std::string_view decoded_form(const Value& value) {
  using Scheme = QuantScheme::Kind;
  if (value.op == Op::Mxfp4) return name_of(Scheme::Mxfp4);
  if (value.op == Op::Fp8) return name_of(Scheme::Fp8);
  if (value.op != Op::Nibbles) return "";
  return name_of(value.nibbles == NibbleForm::Fp4    ? Scheme::Fp4
                 : value.nibbles == NibbleForm::Int4 ? Scheme::Int4
                                                     : Scheme::Nvfp4);
}

std::string_view decoded_form_below(const Value& value) {
  std::string_view form = decoded_form(value);
  for (std::size_t i = 0; form.empty() && i < value.args.size(); ++i) {
    form = decoded_form_below(*value.args[i]);
  }
  return form;
}

std::uint64_t columns_of_scale(const Value& value) {
  const std::uint64_t groups = value.args[1]->shape.back();
  return groups == 0 ? 1 : value.shape.back() / groups;
}

OpSet ops_of(const Value& value) {
  OpSet ops(value.op);
  for (const ValuePtr arg : value.args) ops.add(ops_of(*arg));
  return ops;
}

}  // namespace ckptscope
