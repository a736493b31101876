// Kernels, bands and the evaluator against slow implementations that are right at sight: over every
// code there is where that can be done, over many random cases else.

#include "core/kernels/kernels.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <stdexcept>

#include "core/checkpoint/synthetic.hpp"
#include "core/numbers/formats.hpp"
#include "core/plan/value.hpp"
#include "core/plan/value_text.hpp"
#include "core/run/evaluator.hpp"
#include "core/tensor/region.hpp"

namespace ckptscope::testing {
namespace {

using Bytes = std::vector<std::byte>;
using Random = std::mt19937_64;

std::uint64_t pick(Random& random, std::uint64_t low, std::uint64_t high) {
  return low + random() % (high - low + 1);
}

template <typename T>
T load_as(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

template <typename T>
void store_as(std::byte* at, T value) {
  std::memcpy(at, &value, sizeof value);
}

// ---- small floats, by their definition ----------------------------------------------------------

struct Format {
  int exponent_bits;
  int mantissa_bits;
  bool ieee;  // the highest exponent is for infinity and NaN; else only all ones is NaN
};
constexpr Format kBf16{8, 7, true};
constexpr Format kF16{5, 10, true};
constexpr Format kE5m2{5, 2, true};
constexpr Format kE4m3{4, 3, false};

std::uint32_t sign_bit(const Format& format) {
  return 1u << (format.exponent_bits + format.mantissa_bits);
}

/// The magnitude of a code as if no code meant infinity or NaN.
long double magnitude(const Format& format, std::uint32_t code) {
  const std::uint32_t mantissa = code % (1u << format.mantissa_bits);
  const auto exponent =
      static_cast<int>(code >> format.mantissa_bits) % (1 << format.exponent_bits);
  const int bias = (1 << (format.exponent_bits - 1)) - 1;
  const long double fraction =
      std::ldexp(static_cast<long double>(mantissa), -format.mantissa_bits);
  return exponent == 0 ? std::ldexp(fraction, 1 - bias) : std::ldexp(1 + fraction, exponent - bias);
}

std::uint32_t first_special(const Format& format) {
  return format.ieee ? sign_bit(format) - (1u << format.mantissa_bits) : sign_bit(format) - 1;
}

long double slow_decode(const Format& format, std::uint32_t code) {
  const std::uint32_t positive = code % sign_bit(format);
  const std::uint32_t special = first_special(format);
  const long double value = positive < special ? magnitude(format, positive)
                            : positive == special && format.ieee
                                ? std::numeric_limits<long double>::infinity()
                                : std::numeric_limits<long double>::quiet_NaN();
  return code == positive ? value : -value;
}

/// The nearest of all codes of an IEEE format, found among all of them; a tie goes to the even one.
class Nearest {
 public:
  explicit Nearest(const Format& format) : sign_(sign_bit(format)) {
    // Infinity takes part with the value that would come next: from half-way on it is nearer.
    for (std::uint32_t code = 0; code <= first_special(format); ++code) {
      values_.push_back(magnitude(format, code));
    }
  }

  std::uint16_t operator()(long double number) const {
    const long double size = std::fabs(number);
    const auto above = std::lower_bound(values_.begin(), values_.end(), size);
    auto code = static_cast<std::uint32_t>(above - values_.begin());
    if (above == values_.end()) {
      code = static_cast<std::uint32_t>(values_.size() - 1);
    } else if (code > 0) {
      const long double down = size - values_[code - 1];
      const long double up = values_[code] - size;
      if (down < up || (down == up && code % 2 == 1)) --code;
    }
    return static_cast<std::uint16_t>(std::signbit(number) ? code | sign_ : code);
  }

 private:
  std::uint32_t sign_;
  std::vector<long double> values_;
};

void expect_same_number(float found, long double expected, std::uint32_t code) {
  if (std::isnan(expected)) {
    EXPECT_TRUE(std::isnan(found)) << std::hex << code;
    return;
  }
  EXPECT_EQ(static_cast<long double>(found), expected) << std::hex << code;
  EXPECT_EQ(std::signbit(found), std::signbit(expected)) << std::hex << code;
}

TEST(Numbers, EveryCodeDecodesToItsDefinition) {
  for (std::uint32_t code = 0; code < 256; ++code) {
    const auto narrow = static_cast<std::uint8_t>(code);
    expect_same_number(e4m3_to_float(narrow), slow_decode(kE4m3, code), code);
    expect_same_number(e5m2_to_float(narrow), slow_decode(kE5m2, code), code);
  }
  for (std::uint32_t code = 0; code < 65536; ++code) {
    const auto narrow = static_cast<std::uint16_t>(code);
    expect_same_number(bf16_to_float(narrow), slow_decode(kBf16, code), code);
    expect_same_number(f16_to_float(narrow), slow_decode(kF16, code), code);
  }
}

TEST(Numbers, EveryCodeComesBack) {
  for (std::uint32_t code = 0; code < 65536; ++code) {
    const auto narrow = static_cast<std::uint16_t>(code);
    const bool bf16_nan = code % 0x8000 > 0x7F80;
    const bool f16_nan = code % 0x8000 > 0x7C00;
    EXPECT_EQ(float_to_bf16(bf16_to_float(narrow)), bf16_nan ? 0x7FC0 : narrow);
    EXPECT_EQ(float_to_f16(f16_to_float(narrow)), f16_nan ? (code & 0x8000) | 0x7E00 : narrow);
  }
}

using Encode = std::uint16_t (*)(float);

void expect_nearest(Encode encode, const Nearest& nearest, float number) {
  ASSERT_EQ(encode(number), nearest(number)) << std::hexfloat << number;
  ASSERT_EQ(encode(-number), nearest(-number)) << std::hexfloat << -number;
}

/// Every number of a format, every point half-way between two, and the floats next to those.
void expect_rounding(Encode encode, const Format& format) {
  const Nearest nearest(format);
  for (std::uint32_t code = 0; code < first_special(format); ++code) {
    const long double low = magnitude(format, code);
    const auto tie = static_cast<float>((low + magnitude(format, code + 1)) / 2);
    const std::vector<float> numbers{static_cast<float>(low), tie, std::nextafter(tie, 0.0F),
                                     std::nextafter(tie, INFINITY)};
    for (const float number : numbers) expect_nearest(encode, nearest, number);
  }
  expect_nearest(encode, nearest, std::numeric_limits<float>::max());
  expect_nearest(encode, nearest, std::numeric_limits<float>::denorm_min());
  expect_nearest(encode, nearest, INFINITY);
  // A million floats of all sizes; the step is odd, so that low bits vary.
  for (std::uint64_t bits = 0; bits < 0x7F800000; bits += 2039) {
    expect_nearest(encode, nearest, std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  }
}

TEST(Numbers, FloatToBf16RoundsToNearestEven) {
  expect_rounding(float_to_bf16, kBf16);
}
TEST(Numbers, FloatToF16RoundsToNearestEven) {
  expect_rounding(float_to_f16, kF16);
}

TEST(Numbers, NanStaysNan) {
  for (const std::uint32_t bits : {0x7F800001u, 0x7FC00000u, 0x7FFFFFFFu, 0x7F80FFFFu}) {
    EXPECT_EQ(float_to_bf16(std::bit_cast<float>(bits)), 0x7FC0);
    EXPECT_EQ(float_to_bf16(std::bit_cast<float>(bits | 0x80000000)), 0x7FC0);
    EXPECT_EQ(float_to_f16(std::bit_cast<float>(bits)), 0x7E00);
    EXPECT_EQ(float_to_f16(std::bit_cast<float>(bits | 0x80000000)), 0xFE00);
  }
}

// ---- elements one by one ------------------------------------------------------------------------

float decode_one(Dtype dtype, const std::byte* at) {
  switch (dtype) {
    case Dtype::BF16:
      return bf16_to_float(load_as<std::uint16_t>(at));
    case Dtype::F16:
      return f16_to_float(load_as<std::uint16_t>(at));
    case Dtype::F32:
      return load_as<float>(at);
    case Dtype::F64:
      return static_cast<float>(load_as<double>(at));
    case Dtype::F8_E4M3:
      return e4m3_to_float(load_as<std::uint8_t>(at));
    case Dtype::F8_E5M2:
      return e5m2_to_float(load_as<std::uint8_t>(at));
    default:
      throw std::logic_error("not a number");
  }
}

void encode_one(Dtype dtype, float number, std::byte* at) {
  switch (dtype) {
    case Dtype::BF16:
      return store_as(at, float_to_bf16(number));
    case Dtype::F16:
      return store_as(at, float_to_f16(number));
    case Dtype::F32:
      return store_as(at, number);
    case Dtype::F64:
      return store_as(at, static_cast<double>(number));
    default:
      throw std::logic_error("not a target");
  }
}

const std::vector<Dtype> kTargets{Dtype::BF16, Dtype::F16, Dtype::F32, Dtype::F64};
const std::vector<Dtype> kNumbers{Dtype::BF16, Dtype::F16,     Dtype::F32,
                                  Dtype::F64,  Dtype::F8_E4M3, Dtype::F8_E5M2};

TEST(Convert, EveryPairAtEveryLengthAndAlignment) {
  for (const Dtype from : kNumbers) {
    for (const Dtype to : kTargets) {
      if (from == to) continue;
      for (const std::uint64_t count : {0, 1, 511, 512, 513, 1500}) {
        const Bytes data = synthetic_bytes({"convert", from, {count}}, 7);
        Bytes in(data.size() + 1);
        std::copy(data.begin(), data.end(), in.begin() + 1);
        Bytes out(count * size_of(to) + 2, std::byte{0xAA});
        Bytes expected = out;
        for (std::uint64_t i = 0; i < count; ++i) {
          encode_one(to, decode_one(from, &data[i * size_of(from)]),
                     &expected[1 + i * size_of(to)]);
        }
        cast_elements(from, in.data() + 1, to, out.data() + 1, count);
        ASSERT_EQ(out, expected) << name_of(from) << " to " << name_of(to) << ", " << count;
      }
    }
  }
}

TEST(Convert, TheSameDtypeIsACopy) {
  for (const Dtype dtype : kTargets) {
    const Bytes data = synthetic_bytes({"copy", dtype, {777}, Filling::Raw}, 1);
    Bytes out(data.size());
    cast_elements(dtype, data.data(), dtype, out.data(), 777);
    EXPECT_EQ(out, data) << name_of(dtype);
  }
}

// ---- MXFP4 --------------------------------------------------------------------------------------

/// value(code) * 2^(scale - 127) in long double, rounded once.
std::uint16_t slow_mxfp4(unsigned code, unsigned scale) {
  static const Nearest nearest(kBf16);
  constexpr long double kValues[] = {0, 0.5L, 1, 1.5L, 2, 3, 4, 6};
  const long double size = std::ldexp(kValues[code % 8], static_cast<int>(scale) - 127);
  return nearest(code < 8 ? size : -size);
}

TEST(DecodeMxfp4, EveryByteUnderEveryScale) {
  Bytes block(256);
  for (std::size_t i = 0; i < 256; ++i) block[i] = static_cast<std::byte>(i);
  std::vector<std::uint16_t> out(512);
  for (unsigned scale = 0; scale < 256; ++scale) {
    const std::byte exponent = static_cast<std::byte>(scale);
    decode_mxfp4(block, {&exponent, 1}, 256, out.data());
    for (unsigned byte = 0; byte < 256; ++byte) {
      ASSERT_EQ(out[2 * byte], slow_mxfp4(byte % 16, scale)) << byte << " under " << scale;
      ASSERT_EQ(out[2 * byte + 1], slow_mxfp4(byte / 16, scale)) << byte << " under " << scale;
    }
  }
}

TEST(DecodeMxfp4, BlocksOfAnySize) {
  for (const std::uint64_t size : {1, 3, 16, 17}) {
    constexpr std::uint64_t kBlocks = 50;
    const Bytes blocks = synthetic_bytes({"blocks", Dtype::U8, {kBlocks * size}, Filling::Raw}, 1);
    const Bytes scales = synthetic_bytes({"scales", Dtype::U8, {kBlocks}, Filling::Raw}, 2);
    std::vector<std::uint16_t> out(2 * blocks.size());
    decode_mxfp4(blocks, scales, size, out.data());
    for (std::size_t i = 0; i < out.size(); ++i) {
      const auto byte = std::to_integer<unsigned>(blocks[i / 2]);
      const auto scale = std::to_integer<unsigned>(scales[i / 2 / size]);
      ASSERT_EQ(out[i], slow_mxfp4(i % 2 == 0 ? byte % 16 : byte / 16, scale)) << i;
    }
  }
}

// ---- FP8 ----------------------------------------------------------------------------------------

/// Usual, subnormal and huge ones, and some that make infinities and NaN.
std::vector<float> fp8_scales() {
  std::vector<float> scales{1.0F,     0.0F,       -0.0F,   0.5F,    1.0F / 3.0F, 448.0F, 1e-40F,
                            1.4e-45F, 1.175e-38F, 3.4e38F, 7.5e35F, -2.5F,       1e-30F, 1e30F,
                            INFINITY, -INFINITY,  NAN,     6.1e-5F, 5.96e-8F,    1.7F};
  Random random(11);
  while (scales.size() < 300)
    scales.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(random())));
  return scales;
}

/// The product of two floats of few digits is exact in a double; it is rounded to f32, then to
/// `to`.
void slow_fp8(Dtype from, std::byte code, float scale, Dtype to, std::byte* at) {
  const double exact = static_cast<double>(decode_one(from, &code)) * static_cast<double>(scale);
  encode_one(to, static_cast<float>(exact), at);
}

void expect_fp8(Dtype from, Dtype to, float scale, std::size_t count) {
  const std::size_t size = size_of(to);
  Bytes codes(count + 1);  // the first byte only shifts what follows
  for (std::size_t i = 0; i < count; ++i) codes[i + 1] = static_cast<std::byte>(i * 5 + count);
  Bytes out(count * size + 2, std::byte{0xAA});
  decode_fp8(from, codes.data() + 1, scale, to, out.data() + 1, count);
  ASSERT_EQ(out.front(), std::byte{0xAA});
  ASSERT_EQ(out.back(), std::byte{0xAA});
  for (std::size_t i = 0; i < count; ++i) {
    std::byte expected[4];
    slow_fp8(from, codes[i + 1], scale, to, expected);
    const std::byte* found = &out[1 + i * size];
    const bool nan = std::isnan(decode_one(to, expected));  // whose sign and payload stay open
    ASSERT_TRUE(nan ? std::isnan(decode_one(to, found)) : std::memcmp(found, expected, size) == 0)
        << name_of(from) << " " << std::to_integer<int>(codes[i + 1]) << " * " << scale << " to "
        << name_of(to) << ", " << i << " of " << count;
  }
}

TEST(DecodeFp8, EveryCodeUnderManyScales) {
  for (const Dtype from : {Dtype::F8_E4M3, Dtype::F8_E5M2}) {
    for (const Dtype to : {Dtype::BF16, Dtype::F16, Dtype::F32}) {
      for (const float scale : fp8_scales()) expect_fp8(from, to, scale, 256);
      // Up to 255 and from 256 on the kernel goes different ways.
      for (const std::size_t count : {0, 1, 5, 255, 257, 1000}) expect_fp8(from, to, 0.37F, count);
    }
  }
}

// ---- strided copies -----------------------------------------------------------------------------

struct Strides {
  std::ptrdiff_t row;
  std::ptrdiff_t col;
};

/// Dense, transposed, padded rows, padded elements, transposed and padded.
std::vector<Strides> strides_of(std::size_t rows, std::size_t cols, std::size_t size) {
  const auto r = static_cast<std::ptrdiff_t>(rows);
  const auto c = static_cast<std::ptrdiff_t>(cols);
  const auto s = static_cast<std::ptrdiff_t>(size);
  return {
      {c * s, s}, {s, r * s}, {c * s + 3, s}, {c * (s + 5) + 1, s + 5}, {s + 1, r * (s + 1) + 7}};
}

void expect_strided(std::size_t rows, std::size_t cols, std::size_t size, const Strides& strides) {
  const Bytes data =
      synthetic_bytes({"matrix", Dtype::U8, {rows * cols * size + 1}, Filling::Raw}, 3);
  const std::byte* in = data.data() + 1;  // misaligned
  const std::size_t room = rows * static_cast<std::size_t>(strides.row) +
                           cols * static_cast<std::size_t>(strides.col) + size + 2;
  Bytes out(room, std::byte{0xAA});  // gaps must stay as they are
  Bytes expected = out;
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < cols; ++c) {
      const auto at = static_cast<std::ptrdiff_t>(r) * strides.row +
                      static_cast<std::ptrdiff_t>(c) * strides.col;
      std::memcpy(expected.data() + 1 + at, in + (r * cols + c) * size, size);
    }
  }
  strided_copy(in, rows, cols, size, out.data() + 1, strides.row, strides.col);
  ASSERT_EQ(out, expected) << rows << " x " << cols << " of " << size << " bytes, strides "
                           << strides.row << ", " << strides.col;
}

TEST(StridedCopy, EverySizeAndRaggedEdges) {
  for (const std::size_t size : {1, 2, 4, 8}) {
    for (const std::size_t rows : {0, 1, 2, 31, 32, 33, 70}) {
      for (const std::size_t cols : {0, 1, 3, 31, 32, 65}) {
        for (const Strides& strides : strides_of(rows, cols, size)) {
          expect_strided(rows, cols, size, strides);
        }
      }
    }
  }
}

// ---- bands --------------------------------------------------------------------------------------

std::uint64_t elements_in(ShapeView extents) {
  return element_count(extents).value();
}

/// Calls `visit(index)` for every index of a shape, in row-major order.
void for_each_index(const Shape& shape, const auto& visit) {
  if (elements_in(shape) == 0) return;
  Shape index(shape.size(), 0);
  for (;;) {
    visit(index);
    std::size_t dim = shape.size();
    while (dim > 0 && ++index[dim - 1] == shape[dim - 1]) index[--dim] = 0;
    if (dim == 0) return;
  }
}

std::uint64_t flat(const Shape& shape, const Shape& index) {
  std::uint64_t number = 0;
  for (std::size_t dim = 0; dim < shape.size(); ++dim) number = number * shape[dim] + index[dim];
  return number;
}

Shape random_shape(Random& random, std::size_t rank, std::uint64_t low, std::uint64_t high) {
  Shape shape(rank);
  for (std::uint64_t& extent : shape) extent = pick(random, low, high);
  return shape;
}

/// Walking the bands one after another must meet every element once, in the order of memory.
void expect_covers(const Shape& shape, std::uint64_t size, std::uint64_t max_bytes) {
  std::uint64_t next = 0;
  for (const Region& band : row_bands(shape, size, max_bytes)) {
    ASSERT_LE(elements_in(band.extent) * size, std::max(max_bytes, size));
    for_each_index(band.extent, [&](Shape index) {
      for (std::size_t dim = 0; dim < shape.size(); ++dim) index[dim] += band.begin[dim];
      ASSERT_EQ(flat(shape, index), next);
      ++next;
    });
  }
  ASSERT_EQ(next, elements_in(shape));
}

TEST(RowBands, CoverExactlyInOrderWithinTheLimit) {
  Random random(5);
  for (int round = 0; round < 400; ++round) {
    const Shape shape = random_shape(random, pick(random, 0, 4), round % 8 == 0 ? 0 : 1, 9);
    const std::uint64_t size = std::uint64_t{1} << pick(random, 0, 3);
    SCOPED_TRACE(to_string(shape));
    for (const std::uint64_t limit : {1, 7, 64, 300, 5000}) expect_covers(shape, size, limit);
  }
  for (const Shape& shape : {Shape{1000}, Shape{300, 17}, Shape{3, 500, 5}, Shape{1, 1, 999}}) {
    for (const std::uint64_t limit : {100, 600, 10000}) expect_covers(shape, 2, limit);
  }
}

TEST(RowBands, AreMultiplesOf64RowsWhereThatFits) {
  const std::vector<Region> bands = row_bands(Shape{1000, 10}, 2, 20 * 250);
  ASSERT_EQ(bands.size(), 6u);
  for (std::size_t i = 0; i + 1 < bands.size(); ++i) EXPECT_EQ(bands[i].extent[0], 192u);
  EXPECT_EQ(bands.back().extent[0], 40u);
}

TEST(RowBands, ScalarsAreOneBandAndNothingIsNone) {
  EXPECT_EQ(row_bands(Shape{}, 4, 100).size(), 1u);
  EXPECT_TRUE(row_bands(Shape{3, 0, 5}, 4, 100).empty());
}

// ---- the evaluator ------------------------------------------------------------------------------

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
    if (offset + out.size() > bytes.size()) throw std::out_of_range("read beyond a tensor");
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
  }

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
    case Value::Op::Mxfp4:
      return store_as(out, naive_mxfp4(args[0], args[1], index));
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
    switch (pick(random_, 0, 9)) {
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
        return pick(random_, 0, 5) == 0 ? values.zeros(dtype, shape) : leaf(shape, dtype);
    }
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
  SCOPED_TRACE(to_text(
      value, [](std::uint32_t) { return "x"; }, true));
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

}  // namespace
}  // namespace ckptscope::testing
