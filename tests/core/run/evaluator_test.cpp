// The evaluator against whole tensors computed element by element, over random expressions.

#include "core/run/evaluator.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <stdexcept>

#include "core/checkpoint/synthetic.hpp"
#include "core/run/shared_rows.hpp"
#include "core/tensor/region.hpp"
#include "core/value/value.hpp"
#include "tests/support/indexes.hpp"
#include "tests/support/slow_formats.hpp"
#include "tests/support/value_texts.hpp"

namespace ckptscope::testing {
namespace {

/// A whole tensor in memory.
struct Dense {
  Dtype dtype;
  Shape shape;
  Bytes bytes;

  const std::byte* at(const Shape& index) const {
    return bytes.data() + flat(shape, index) * size_of(dtype);
  }
};
using Inputs = std::vector<Dense>;

class MemorySource final : public TensorSource {
 public:
  explicit MemorySource(const Inputs& sources) : sources_(sources) {}
  void read(std::uint32_t tensor, std::uint64_t offset, std::span<std::byte> out) override {
    const Bytes& bytes = sources_.at(tensor).bytes;
    bytes_read += out.size();
    ++reads;
    if (offset + out.size() > bytes.size()) throw std::out_of_range("read beyond a tensor");
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
  }
  std::uint64_t bytes_read = 0;
  std::uint64_t reads = 0;

 private:
  const Inputs& sources_;
};

Dense naive(const Value& value, const Inputs& sources);

/// Where an element of a view comes from: the argument, and `index` becomes the index in it.
std::size_t trace_back(const Value& value, Shape& index) {
  const auto dim = static_cast<std::size_t>(value.dim);
  std::size_t arg = 0;
  switch (value.op) {
    case Value::Op::Transpose:
      std::swap(index[index.size() - 1], index[index.size() - 2]);
      break;
    case Value::Op::Slice:
      index[dim] += value.begin;
      break;
    case Value::Op::Select:
      index.insert(index.begin(), value.begin);
      break;
    case Value::Op::Concat:
      for (; index[dim] >= value.args[arg]->shape[dim]; ++arg)
        index[dim] -= value.args[arg]->shape[dim];
      break;
    case Value::Op::Stack:
      arg = index[0];
      index.erase(index.begin());
      break;
    case Value::Op::Interleave:
      index[dim] = index[dim] % 2 * (value.shape[dim] / 2) + index[dim] / 2;
      break;
    case Value::Op::Deinterleave: {
      const std::uint64_t half = value.shape[dim] / 2;
      index[dim] = index[dim] < half ? 2 * index[dim] : 2 * (index[dim] - half) + 1;
      break;
    }
    default:
      break;
  }
  return arg;
}

std::uint16_t naive_mxfp4(const Dense& blocks, const Dense& scales, Shape index) {
  const std::uint64_t block = 2 * blocks.shape.back();
  const std::uint64_t in_block = index.back() % block;
  index.back() /= block;
  const auto scale = std::to_integer<unsigned>(*scales.at(index));
  index.push_back(in_block / 2);
  const auto byte = std::to_integer<unsigned>(*blocks.at(index));
  return slow_mxfp4(in_block % 2 == 0 ? byte % 16 : byte / 16, scale);
}

float naive_nibble(const Value& value, const std::vector<Dense>& args, Shape index) {
  const Dense& codes = args[0];
  const std::uint64_t element = flat(to_shape(value.shape), index);
  const auto byte = std::to_integer<unsigned>(codes.bytes[element / 2]);
  const unsigned code = element % 2 == 0 ? byte % 16 : byte / 16;
  index.back() /= columns_of_scale(value);
  const std::byte* const scale = args[1].at(index);
  if (value.nibbles == NibbleForm::Int4) {
    return (static_cast<float>(code) - 8) * decode_one(args[1].dtype, scale);
  }
  const float magnitude = std::array{0.0F, 0.5F, 1.0F, 1.5F, 2.0F, 3.0F, 4.0F, 6.0F}[code % 8];
  const float number = code < 8 ? magnitude : -magnitude;
  if (value.nibbles == NibbleForm::Fp4) {
    const auto exponent = std::to_integer<int>(*scale);
    const float power = exponent == 0 ? 0.0F : std::ldexp(1.0F, exponent - 127);
    return (code == 8 ? 0.0F : number) * power;
  }
  const float third = decode_one(args[2].dtype, args[2].bytes.data());
  const float own = decode_one(args[1].dtype, scale);
  return number * (value.nibbles == NibbleForm::Nvfp4 ? own * third : own / third);
}

/// Per block, per element of dimension 0, or one for all.
float naive_scale(const Value& value, const Dense& scale, const Shape& index) {
  std::uint64_t number = 0;
  if (!value.block.empty()) {
    number = flat(scale.shape, {index[0] / value.block[0], index[1] / value.block[1]});
  } else if (elements_in(scale.shape) > 1) {
    number = index[0];
  }
  return decode_one(scale.dtype, scale.bytes.data() + number * size_of(scale.dtype));
}

void naive_element(const Value& value, const std::vector<Dense>& args, Shape index,
                   std::byte* out) {
  switch (value.op) {
    case Value::Op::Zeros:
      return;
    case Value::Op::Ones:
      return encode_one(value.dtype, 1, out);
    case Value::Op::Frequencies: {
      const float x = static_cast<float>(2 * index[0]) / static_cast<float>(value.end);
      const auto y =
          static_cast<float>(std::pow(std::bit_cast<double>(value.begin), static_cast<double>(x)));
      return encode_one(value.dtype, 1 / y, out);
    }
    case Value::Op::Scaled: {
      const float factor = decode_one(args[1].dtype, args[1].at({index[0]}));
      const float product = decode_one(args[0].dtype, args[0].at(index)) * factor;
      return encode_one(value.dtype, product, out);
    }
    case Value::Op::Mxfp4:
      return store_as(out, naive_mxfp4(args[0], args[1], index));
    case Value::Op::Nibbles:
      return encode_one(value.dtype, naive_nibble(value, args, index), out);
    case Value::Op::Fp8:
      return slow_fp8(args[0].dtype, *args[0].at(index), naive_scale(value, args[1], index),
                      value.dtype, out);
    case Value::Op::Cast:
      return encode_one(value.dtype, decode_one(args[0].dtype, args[0].at(index)), out);
    default: {
      const std::size_t arg = trace_back(value, index);
      std::memcpy(out, args[arg].at(index), size_of(value.dtype));
    }
  }
}

/// Computes every node as a whole tensor, element by element.
Dense naive(const Value& value, const Inputs& sources) {
  if (value.op == Value::Op::Input) return sources[value.input];
  std::vector<Dense> args;
  for (const ValuePtr arg : value.args) args.push_back(naive(*arg, sources));
  Dense result{value.dtype, to_shape(value.shape), Bytes(byte_count(value.dtype, value.shape))};
  std::byte* out = result.bytes.data();
  for_each_index(to_shape(value.shape), [&](const Shape& index) {
    naive_element(value, args, index, out);
    out += size_of(value.dtype);
  });
  return result;
}

/// Makes random expressions of a wanted shape and dtype, and the sources that they read.
class Expressions {
 public:
  explicit Expressions(std::uint64_t seed) : random_(seed) {}

  Inputs sources;
  Values values;

  /// At most one cast on every way down: the evaluator casts once, from what a leaf gives.
  ValuePtr make(const Shape& shape, Dtype dtype, int depth, bool may_cast = true) {
    if (depth > 0) {
      for (int attempt = 0; attempt < 4; ++attempt) {
        if (ValuePtr value = try_one(shape, dtype, depth - 1, may_cast)) return value;
      }
    }
    return leaf(shape, dtype);
  }

  Random& random() { return random_; }

 private:
  ValuePtr try_one(const Shape& shape, Dtype dtype, int depth, bool may_cast) {
    switch (pick(random_, 0, 13)) {
      case 13:
        return try_nibbles(shape, dtype);
      case 10:
      case 11:
        return try_interleave(shape, dtype, depth, may_cast);
      case 12:
        return try_scaled(shape, dtype, depth);
      case 0:
      case 1:
        return try_transpose(shape, dtype, depth, may_cast);
      case 2:
        return try_slice(shape, dtype, depth, may_cast);
      case 3:
        return select_of(shape, dtype, depth, may_cast);
      case 4:
        return try_concat(shape, dtype, depth, may_cast);
      case 5:
        return try_stack(shape, dtype, depth, may_cast);
      case 6:
        return try_cast(shape, dtype, depth, may_cast);
      case 7:
        return try_mxfp4(shape, dtype);
      case 8:
        return try_fp8(shape, dtype);
      default:
        return constant_or_leaf(shape, dtype);
    }
  }

  ValuePtr constant_or_leaf(const Shape& shape, Dtype dtype) {
    const std::uint64_t kind = pick(random_, 0, 9);
    const bool is_target = std::find(kTargets.begin(), kTargets.end(), dtype) != kTargets.end();
    if (kind == 0) return values.zeros(dtype, shape);
    if (kind == 1 && is_target) return values.ones(dtype, shape);
    if (kind == 2 && dtype == Dtype::F32 && shape.size() == 1) {
      return values.frequencies(10000.0, 2 * shape[0]);
    }
    return leaf(shape, dtype);
  }

  ValuePtr try_interleave(const Shape& shape, Dtype dtype, int depth, bool may_cast) {
    if (shape.empty()) return nullptr;
    const std::size_t dim = pick(random_, 0, shape.size() - 1);
    if (shape[dim] % 2 != 0) return nullptr;
    const ValuePtr value = make(shape, dtype, depth, may_cast);
    const int at = static_cast<int>(dim);
    return pick(random_, 0, 1) == 0 ? values.interleave(value, at) : values.deinterleave(value, at);
  }

  /// Rounded to the wider of two dtypes; no cast stands below.
  ValuePtr try_scaled(const Shape& shape, Dtype dtype, int depth) {
    if (shape.empty() || (dtype != Dtype::BF16 && dtype != Dtype::F16 && dtype != Dtype::F32)) {
      return nullptr;
    }
    const bool other = dtype == Dtype::F32 && pick(random_, 0, 1) == 0;
    const Dtype factor = other ? Dtype::BF16 : dtype;
    return values.scaled(make(shape, dtype, depth, false), leaf({shape[0]}, factor));
  }

  ValuePtr leaf(const Shape& shape, Dtype dtype, Filling filling = Filling::ByDtype) {
    const auto number = static_cast<std::uint32_t>(sources.size());
    sources.push_back({dtype, shape, synthetic_bytes({"", dtype, shape, filling}, random_())});
    return values.input(number, dtype, shape);
  }

  ValuePtr try_transpose(Shape shape, Dtype dtype, int depth, bool may_cast) {
    if (shape.size() < 2) return nullptr;
    std::swap(shape[shape.size() - 1], shape[shape.size() - 2]);
    return values.transpose(make(shape, dtype, depth, may_cast));
  }

  ValuePtr try_slice(Shape shape, Dtype dtype, int depth, bool may_cast) {
    if (shape.empty()) return nullptr;
    const std::size_t dim = pick(random_, 0, shape.size() - 1);
    const std::uint64_t begin = pick(random_, 0, 3);
    const std::uint64_t end = begin + shape[dim];
    shape[dim] = end + pick(random_, 0, 3);
    return values.slice(make(shape, dtype, depth, may_cast), static_cast<int>(dim), begin, end);
  }

  ValuePtr select_of(Shape shape, Dtype dtype, int depth, bool may_cast) {
    const std::uint64_t count = pick(random_, 1, 3);
    shape.insert(shape.begin(), count);
    return values.select(make(shape, dtype, depth, may_cast), pick(random_, 0, count - 1));
  }

  ValuePtr try_concat(Shape shape, Dtype dtype, int depth, bool may_cast) {
    if (shape.empty()) return nullptr;
    const std::size_t dim = pick(random_, 0, shape.size() - 1);
    std::uint64_t rest = shape[dim];
    std::vector<ValuePtr> parts;
    while (parts.size() < 2 || (rest > 0 && parts.size() < 4)) {
      shape[dim] = parts.size() == 3 ? rest : pick(random_, 0, rest);
      rest -= shape[dim];
      parts.push_back(make(shape, dtype, depth, may_cast));
    }
    return values.concat(parts, static_cast<int>(dim));
  }

  ValuePtr try_stack(Shape shape, Dtype dtype, int depth, bool may_cast) {
    if (shape.empty() || shape[0] == 0 || shape[0] > 8) return nullptr;
    const std::uint64_t count = shape[0];
    shape.erase(shape.begin());
    std::vector<ValuePtr> parts;
    for (std::uint64_t i = 0; i < count; ++i) parts.push_back(make(shape, dtype, depth, may_cast));
    return values.stack(parts, 0);
  }

  ValuePtr try_cast(const Shape& shape, Dtype dtype, int depth, bool may_cast) {
    const bool is_target = std::find(kTargets.begin(), kTargets.end(), dtype) != kTargets.end();
    if (!may_cast || !is_target) return nullptr;
    return values.cast(make(shape, kNumbers[pick(random_, 0, kNumbers.size() - 1)], depth, false),
                       dtype);
  }

  ValuePtr try_mxfp4(Shape shape, Dtype dtype) {
    if (dtype != Dtype::BF16 || shape.empty() || shape.back() == 0 || shape.back() % 2 != 0) {
      return nullptr;
    }
    std::uint64_t block = pick(random_, 1, std::min<std::uint64_t>(16, shape.back() / 2));
    while (shape.back() % (2 * block) != 0) --block;
    shape.back() /= 2 * block;
    ValuePtr scales = leaf(shape, Dtype::U8, Filling::Raw);
    shape.push_back(block);
    return values.mxfp4(leaf(shape, Dtype::U8, Filling::Raw), scales);
  }

  ValuePtr try_nibbles(Shape shape, Dtype dtype) {
    const bool fits = shape.size() >= 2 && shape.back() > 0 && shape.back() % 8 == 0;
    if (!fits || (dtype != Dtype::BF16 && dtype != Dtype::F16 && dtype != Dtype::F32)) {
      return nullptr;
    }
    std::uint64_t group = 8 * pick(random_, 1, shape.back() / 8);
    while (shape.back() % group != 0) group -= 8;
    Shape grid = shape;
    grid.back() /= group;
    const auto form = static_cast<NibbleForm>(pick(random_, 0, 3));
    const bool int4 = form == NibbleForm::Int4;
    shape.back() /= int4 ? 8 : 2;
    const Dtype scale = int4                      ? kTargets[pick(random_, 0, 2)]
                        : form == NibbleForm::Fp4 ? Dtype::F8_E8M0
                                                  : Dtype::F8_E4M3;
    std::vector<ValuePtr> parts{leaf(shape, int4 ? Dtype::I32 : Dtype::U8, Filling::Raw),
                                leaf(grid, scale)};
    if (form == NibbleForm::Nvfp4 || form == NibbleForm::DividedNvfp4) {
      parts.push_back(leaf({1}, Dtype::F32));
    }
    return values.nibbles(form, parts, dtype, group);
  }

  ValuePtr try_fp8(const Shape& shape, Dtype dtype) {
    if (dtype != Dtype::BF16 && dtype != Dtype::F16 && dtype != Dtype::F32) return nullptr;
    const Dtype codes = pick(random_, 0, 1) == 0 ? Dtype::F8_E4M3 : Dtype::F8_E5M2;
    const Dtype scale = pick(random_, 0, 1) == 0 ? Dtype::BF16 : Dtype::F32;
    const std::uint64_t way = pick(random_, 0, 1);
    if (way == 1 && shape.size() == 3) {
      const Shape per_expert = pick(random_, 0, 1) == 0 ? Shape{shape[0]} : Shape{shape[0], 1, 1};
      return values.fp8(leaf(shape, codes), leaf(per_expert, scale), dtype, {});
    }
    if (way == 1 && shape.size() == 2) {
      const std::uint64_t rows = pick(random_, 1, shape[0] + 1);
      const std::uint64_t cols = pick(random_, 1, shape[1] + 1);
      const Shape blocks{(shape[0] + rows - 1) / rows, (shape[1] + cols - 1) / cols};
      return values.fp8(leaf(shape, codes), leaf(blocks, scale), dtype, Shape{rows, cols});
    }
    const Shape one = pick(random_, 0, 1) == 0 ? Shape{} : Shape{1};
    return values.fp8(leaf(shape, codes), leaf(one, scale), dtype, {});
  }

  Random random_;
};

/// The whole, put together from bands of at most `max_bytes`.
Bytes in_bands(Evaluator& evaluator, const Value& value, std::uint64_t max_bytes) {
  Bytes whole(byte_count(value.dtype, value.shape), std::byte{0xAA});
  std::size_t done = 0;
  for (const Region& band : row_bands(value.shape, size_of(value.dtype), max_bytes)) {
    const std::uint64_t bytes = byte_count(value.dtype, band.extent);
    evaluator.evaluate(value, band, std::span(whole).subspan(done, bytes));
    done += bytes;
  }
  EXPECT_EQ(done, whole.size());
  return whole;
}

/// The elements of a box of a whole tensor.
Bytes cut_out(const Dense& whole, const Region& box) {
  Bytes bytes;
  for_each_index(box.extent, [&](Shape index) {
    for (std::size_t dim = 0; dim < index.size(); ++dim) index[dim] += box.begin[dim];
    const std::byte* at = whole.at(index);
    bytes.insert(bytes.end(), at, at + size_of(whole.dtype));
  });
  return bytes;
}

Region random_box(Random& random, const Shape& shape) {
  Region box = whole(shape);
  for (std::size_t dim = 0; dim < shape.size(); ++dim) {
    if (shape[dim] == 0) continue;
    box.begin[dim] = pick(random, 0, shape[dim] - 1);
    box.extent[dim] = pick(random, 1, shape[dim] - box.begin[dim]);
  }
  return box;
}

void expect_evaluates(Expressions& expressions, const Value& value,
                      const std::vector<std::uint64_t>& band_bytes, int boxes) {
  SCOPED_TRACE(text_of(value, [](std::uint32_t) { return "x"; }));
  SCOPED_TRACE(std::string(name_of(value.dtype)) + " " + to_string(value.shape));
  const Dense expected = naive(value, expressions.sources);
  MemorySource source(expressions.sources);
  Evaluator evaluator(source);
  for (const std::uint64_t bytes : band_bytes) {
    ASSERT_TRUE(in_bands(evaluator, value, bytes) == expected.bytes) << "bands of " << bytes;
  }
  for (int i = 0; i < boxes; ++i) {
    const Region box = random_box(expressions.random(), to_shape(value.shape));
    Bytes out(byte_count(value.dtype, box.extent));
    evaluator.evaluate(value, box, out);
    ASSERT_TRUE(out == cut_out(expected, box))
        << "box at " << to_string(box.begin) << " of " << to_string(box.extent);
  }
}

const std::vector<Dtype> kRoots{Dtype::BF16, Dtype::BF16, Dtype::F16,     Dtype::F32,
                                Dtype::F64,  Dtype::I64,  Dtype::F8_E4M3, Dtype::U8};

TEST(Evaluator, RandomExpressions) {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    Expressions expressions(seed);
    Random& random = expressions.random();
    const Shape shape = random_shape(random, seed % 5, seed % 50 == 0 ? 0 : 1, 8);
    const ValuePtr value = expressions.make(shape, kRoots[random() % kRoots.size()], 4);
    SCOPED_TRACE(seed);
    expect_evaluates(expressions, *value, {1, 30, 200, 1 << 20}, 4);
    if (HasFatalFailure()) return;
  }
}

/// Wide enough that the evaluator works in several chunks, and reads short runs in one piece.
TEST(Evaluator, LargeExpressions) {
  const std::vector<Shape> shapes{{400, 900}, {3, 1500, 70}, {2, 200000}, {300000}, {60, 40, 130}};
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Expressions expressions(seed);
    const Dtype dtype = kRoots[seed % 4];
    const ValuePtr value = expressions.make(shapes[seed % shapes.size()], dtype, 3);
    SCOPED_TRACE(seed);
    expect_evaluates(expressions, *value, {5000, 100000, 1 << 30}, 1);
    if (HasFatalFailure()) return;
  }
}

// ---- values that share rows ---------------------------------------------------------------------

/// Two parts of the columns of one matrix, in one expert of three or alone.
struct Halves {
  explicit Halves(std::uint64_t seed) : random(seed) {
    const std::uint64_t rows = pick(random, 1, 150);
    const std::uint64_t cols = pick(random, 1, 90);
    const std::uint64_t gap = pick(random, 0, 2) * cols / 2;
    const std::uint64_t all = 2 * cols + gap + pick(random, 0, 9);
    const Dtype dtype = kRoots[seed % kRoots.size()];
    const bool stacked = seed % 2 == 0;
    const Shape shape = stacked ? Shape{3, rows, all} : Shape{rows, all};
    sources.push_back({dtype, shape, synthetic_bytes({"", dtype, shape, Filling::Raw}, random())});
    const ValuePtr input = values.input(0, dtype, shape);
    const ValuePtr matrix = stacked ? values.select(input, pick(random, 0, 2)) : input;
    first = part(matrix, 0, cols, seed % 3 != 0);
    second = part(matrix, cols + gap, 2 * cols + gap, seed % 3 != 0);
  }
  ValuePtr part(ValuePtr matrix, std::uint64_t begin, std::uint64_t end, bool transposed) {
    const ValuePtr columns = values.slice(matrix, 1, begin, end);
    return transposed ? values.transpose(columns) : columns;
  }

  Random random;
  Values values;
  Inputs sources;
  ValuePtr first = nullptr;
  ValuePtr second = nullptr;
};

TEST(SharedRows, AreComputedAsByThemselves) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    Halves halves(seed);
    ASSERT_TRUE(share_rows(*halves.first, *halves.second));
    MemorySource source(halves.sources);
    Evaluator evaluator(source);
    for (int i = 0; i < 4; ++i) {
      const Shape shape = to_shape(halves.first->shape);
      const Region box = i == 0 ? whole(shape) : random_box(halves.random, shape);
      Bytes one(byte_count(halves.first->dtype, box.extent));
      Bytes two(one.size());
      evaluator.evaluate({{{halves.first, one}, {halves.second, two}}}, box);
      ASSERT_TRUE(one == cut_out(naive(*halves.first, halves.sources), box));
      ASSERT_TRUE(two == cut_out(naive(*halves.second, halves.sources), box));
    }
  }
}

TEST(SharedRows, AreReadOnce) {
  Values values;
  const Shape shape{2, 4096, 3072};
  const Inputs sources{{Dtype::BF16, shape, Bytes(byte_count(Dtype::BF16, shape))}};
  const ValuePtr expert = values.select(values.input(0, Dtype::BF16, shape), 1);
  const ValuePtr gate = values.transpose(values.slice(expert, 1, 0, 1536));
  const ValuePtr up = values.transpose(values.slice(expert, 1, 1536, 3072));
  MemorySource source(sources);
  Evaluator evaluator(source);
  Bytes one(byte_count(gate->dtype, gate->shape));
  Bytes two(one.size());
  evaluator.evaluate({{{gate, one}, {up, two}}}, whole(gate->shape));
  EXPECT_EQ(source.bytes_read, one.size() + two.size());
  EXPECT_LE(source.reads, 100u);
}

TEST(SharedRows, OnlyOfOneMatrixAndOneShape) {
  Values values;
  const ValuePtr stack = values.input(0, Dtype::BF16, Shape{2, 8, 12});
  const ValuePtr other = values.input(1, Dtype::BF16, Shape{8, 12});
  const ValuePtr matrix = values.select(stack, 0);
  const ValuePtr half = values.slice(matrix, 1, 0, 6);
  const ValuePtr rows = values.slice(matrix, 0, 0, 4);
  struct Row {
    ValuePtr value;
    bool shares;
  };
  const Row table[] = {
      {values.slice(matrix, 1, 6, 12), true},
      {values.slice(matrix, 1, 3, 9), true},
      {values.transpose(values.slice(matrix, 1, 6, 12)), false},
      {values.slice(matrix, 1, 6, 11), false},
      {values.slice(values.select(stack, 1), 1, 6, 12), false},
      {values.slice(other, 1, 6, 12), false},
      {values.cast(values.slice(matrix, 1, 6, 12), Dtype::F32), false},
      {values.zeros(Dtype::BF16, Shape{8, 6}), false},
  };
  for (const Row& row : table) EXPECT_EQ(share_rows(*half, *row.value), row.shares);
  EXPECT_FALSE(share_rows(*rows, *values.slice(matrix, 0, 4, 8))) << "whole rows need nobody";
  EXPECT_FALSE(share_rows(*stack, *stack));
}

}  // namespace
}  // namespace ckptscope::testing
