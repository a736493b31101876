#include "core/plan/value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace ckptscope {
namespace {

using Op = Value::Op;
using NameOf = std::function<std::string(std::uint32_t)>;

ValuePtr make(Value value) {
  return std::make_shared<const Value>(std::move(value));
}

Value node(Op op, Dtype dtype, Shape shape, std::vector<ValuePtr> args = {}) {
  Value value;
  value.op = op;
  value.dtype = dtype;
  value.shape = std::move(shape);
  value.args = std::move(args);
  return value;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// The text that gives every part of a stack when {E} is replaced by its number. Only numbers that
/// change from part to part may become {E}: the first part's layer 0 must not be taken for expert
/// 0.
std::optional<std::string> folded(const std::vector<std::string>& parts, std::uint64_t first) {
  if (parts.size() < 2) return std::nullopt;
  // Token by token: a number equal in parts 0 and 1 is fixed, one that grows with the index is {E}.
  std::string pattern;
  const std::string& a = parts[0];
  const std::string& b = parts[1];
  std::size_t i = 0;
  std::size_t j = 0;
  const auto number = [](const std::string& text, std::size_t& at) {
    const std::size_t begin = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return text.substr(begin, at - begin);
  };
  while (i < a.size() && j < b.size()) {
    if (is_digit(a[i]) && is_digit(b[j])) {
      const std::string x = number(a, i);
      const std::string y = number(b, j);
      if (x == y) {
        pattern += x;
      } else if (x == fmt::format("{}", first) && y == fmt::format("{}", first + 1)) {
        pattern += "{E}";
      } else {
        return std::nullopt;
      }
    } else {
      if (a[i] != b[j]) return std::nullopt;
      pattern += a[i];
      ++i;
      ++j;
    }
  }
  if (i != a.size() || j != b.size()) return std::nullopt;
  for (std::size_t k = 0; k < parts.size(); ++k) {
    std::string expected = pattern;
    const std::string digits = fmt::format("{}", first + k);
    for (auto at = expected.find("{E}"); at != expected.npos; at = expected.find("{E}", at)) {
      expected.replace(at, 3, digits);
    }
    if (expected != parts[k]) return std::nullopt;
  }
  return pattern;
}

std::string join_texts(const std::vector<ValuePtr>& args, const NameOf& name_of, bool fold) {
  std::string text;
  for (const ValuePtr& arg : args) text += ", " + to_text(*arg, name_of, fold);
  return text;
}

std::string stack_text(const Value& value, const NameOf& name_of, bool fold) {
  const std::uint64_t last = value.begin + value.args.size() - 1;
  std::vector<std::string> parts;
  for (const ValuePtr& arg : value.args) parts.push_back(to_text(*arg, name_of, fold));
  const auto once = fold ? folded(parts, value.begin) : std::nullopt;
  if (once) return fmt::format("stack(E={}..{}, {})", value.begin, last, *once);
  return fmt::format("stack({})", fmt::join(parts, ", "));
}

}  // namespace

ValuePtr source_value(std::uint32_t source, Dtype dtype, ShapeView shape) {
  Value value = node(Op::Source, dtype, to_shape(shape));
  value.source = source;
  return make(std::move(value));
}

ValuePtr transpose(const ValuePtr& value) {
  if (value->op == Op::Transpose) return value->args[0];
  Shape shape = value->shape;
  std::swap(shape[shape.size() - 1], shape[shape.size() - 2]);
  return make(node(Op::Transpose, value->dtype, std::move(shape), {value}));
}

ValuePtr slice(ValuePtr value, int dim, std::uint64_t begin, std::uint64_t end) {
  Shape shape = value->shape;
  const auto at = static_cast<std::size_t>(dim);
  if (begin == 0 && end == shape[at]) return value;
  shape[at] = end - begin;
  Value result = node(Op::Slice, value->dtype, std::move(shape), {value});
  result.dim = dim;
  result.begin = begin;
  result.end = end;
  return make(std::move(result));
}

ValuePtr select(const ValuePtr& value, std::uint64_t index) {
  Value result =
      node(Op::Select, value->dtype, Shape(value->shape.begin() + 1, value->shape.end()), {value});
  result.begin = index;
  return make(std::move(result));
}

ValuePtr concat(std::vector<ValuePtr> parts, int dim) {
  Shape shape = parts[0]->shape;
  const auto at = static_cast<std::size_t>(dim);
  for (std::size_t i = 1; i < parts.size(); ++i) shape[at] += parts[i]->shape[at];
  const Dtype dtype = parts[0]->dtype;
  Value result = node(Op::Concat, dtype, std::move(shape), std::move(parts));
  result.dim = dim;
  return make(std::move(result));
}

ValuePtr stack(std::vector<ValuePtr> parts, std::uint64_t first) {
  Shape shape = parts[0]->shape;
  shape.insert(shape.begin(), parts.size());
  const Dtype dtype = parts[0]->dtype;
  Value result = node(Op::Stack, dtype, std::move(shape), std::move(parts));
  result.begin = first;
  return make(std::move(result));
}

ValuePtr cast(ValuePtr value, Dtype dtype) {
  if (value->dtype == dtype) return value;
  return make(node(Op::Cast, dtype, value->shape, {value}));
}

ValuePtr mxfp4(const ValuePtr& blocks, const ValuePtr& scales) {
  Shape shape = scales->shape;
  shape.back() *= 2 * blocks->shape.back();
  return make(node(Op::Mxfp4, Dtype::BF16, std::move(shape), {blocks, scales}));
}

ValuePtr fp8(const ValuePtr& codes, const ValuePtr& scale, Dtype dtype, std::uint64_t block_rows,
             std::uint64_t block_cols) {
  Value result = node(Op::Fp8, dtype, codes->shape, {codes, scale});
  result.block_rows = block_rows;
  result.block_cols = block_cols;
  return make(std::move(result));
}

ValuePtr zeros(Dtype dtype, Shape shape) {
  return make(node(Op::Zeros, dtype, std::move(shape)));
}

ValuePtr mxfp4_blocks(const ValuePtr& value) {
  Shape shape = value->shape;
  shape.back() /= kMxfp4Block;
  shape.push_back(kMxfp4Block / 2);
  return make(node(Op::Mxfp4Blocks, Dtype::U8, std::move(shape), {value}));
}

ValuePtr mxfp4_scales(const ValuePtr& value) {
  Shape shape = value->shape;
  shape.back() /= kMxfp4Block;
  return make(node(Op::Mxfp4Scales, Dtype::U8, std::move(shape), {value}));
}

ValuePtr fp8_codes(const ValuePtr& value) {
  return make(node(Op::Fp8Codes, Dtype::F8_E4M3, value->shape, {value}));
}

ValuePtr fp8_scale(const ValuePtr& value) {
  const bool per_expert = value->shape.size() == 3;
  Shape shape = per_expert ? Shape{value->shape[0], 1, 1} : Shape{};
  return make(node(Op::Fp8Scale, Dtype::BF16, std::move(shape), {value}));
}

bool is_encoded(const Value& value) {
  return value.op >= Op::Mxfp4Blocks;
}

ValuePtr as_bytes(ValuePtr value) {
  if (bits_of(value->dtype) % 8 == 0) return value;
  return source_value(value->source, Dtype::U8, Shape{byte_count(value->dtype, value->shape)});
}

void for_each_source(const Value& value, const std::function<void(std::uint32_t)>& visit) {
  if (value.op == Op::Source) visit(value.source);
  for (const ValuePtr& arg : value.args) for_each_source(*arg, visit);
}

bool contains(const Value& value, Value::Op op) {
  return value.op == op || std::any_of(value.args.begin(), value.args.end(),
                                       [&](const ValuePtr& arg) { return contains(*arg, op); });
}

std::string to_text(const Value& value, const NameOf& name_of, bool fold) {
  const auto first = [&] { return to_text(*value.args[0], name_of, fold); };
  switch (value.op) {
    case Op::Source:
      return name_of(value.source);
    case Op::Transpose:
      return fmt::format("t({})", first());
    case Op::Slice:
      return fmt::format("slice({}, {}, {}..{})", first(), value.dim, value.begin, value.end);
    case Op::Select:
      return fmt::format("select({}, {})", first(), value.begin);
    case Op::Concat:
      return fmt::format("cat({}{})", value.dim - static_cast<int>(value.shape.size()),
                         join_texts(value.args, name_of, fold));
    case Op::Stack:
      return stack_text(value, name_of, fold);
    case Op::Mxfp4:
      return fmt::format("mxfp4({}, {})", first(), to_text(*value.args[1], name_of, fold));
    case Op::Fp8:
      return fmt::format("fp8({}, {})", first(), to_text(*value.args[1], name_of, fold));
    case Op::Cast:
      return fmt::format("cast({}, {})", ckptscope::name_of(value.dtype), first());
    case Op::Zeros:
      return "zeros";
    case Op::Mxfp4Blocks:
      return fmt::format("mxfp4_blocks({})", first());
    case Op::Mxfp4Scales:
      return fmt::format("mxfp4_scales({})", first());
    case Op::Fp8Codes:
      return fmt::format("fp8_codes({})", first());
    case Op::Fp8Scale:
      return fmt::format("fp8_scale({})", first());
  }
  return "";
}

}  // namespace ckptscope
