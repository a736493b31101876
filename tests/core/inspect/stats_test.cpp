// Statistics of stored tensors against a slow computation that decodes their bytes itself.

#include "core/inspect/stats.hpp"

#include <bit>
#include <map>

#include "core/base/bytes.hpp"
#include "tests/support/slow_stats.hpp"

namespace ckptscope::testing {
namespace {

using Tensors = std::vector<StoredTensor>;

// ---- plain numbers ------------------------------------------------------------------------------

constexpr Dtype kDtypes[]{Dtype::BF16, Dtype::F16,     Dtype::F32,
                          Dtype::F64,  Dtype::F8_E4M3, Dtype::F8_E5M2};

/// In every third place.
void put_special_doubles(StoredTensor& tensor) {
  constexpr double kMost = std::numeric_limits<double>::max();
  constexpr double kLeast = std::numeric_limits<double>::denorm_min();
  constexpr double kDoubles[]{0,        -0.0,     INFINITY, -INFINITY, NAN,
                              kMost,    -kMost,   kLeast,   1e300,     -1e-300,
                              0x1p-149, -0x1p127, -kLeast,  0x1.FFp3,  -1};
  for (std::size_t i = 0; i < tensor.count(); i += 3) {
    std::memcpy(&tensor.bytes[i * sizeof(double)], &kDoubles[i / 3 % std::size(kDoubles)],
                sizeof(double));
  }
}

/// Zeros, infinities, NaN, the largest but for one and the least, of both signs, in every third
/// place.
void put_specials(StoredTensor& tensor) {
  const std::map<Dtype, int> mantissas{{Dtype::BF16, 7},
                                       {Dtype::F16, 10},
                                       {Dtype::F32, 23},
                                       {Dtype::F8_E4M3, 3},
                                       {Dtype::F8_E5M2, 2}};
  const std::size_t size = size_of(tensor.dtype);
  for (std::size_t i = 0; i < tensor.count(); i += 3) {
    const int mantissa = mantissas.at(tensor.dtype);
    const std::uint64_t sign = std::uint64_t{1} << (8 * size - 1);
    const std::uint64_t infinity = sign - (std::uint64_t{1} << mantissa);
    const std::uint64_t specials[]{0,        sign,         infinity, sign | infinity,
                                   sign - 1, infinity - 1, 1,        sign | 1};
    std::memcpy(&tensor.bytes[i * size], &specials[i / 3 % 8], size);
  }
}

TEST(Stats, OfPlainNumbers) {
  const Shape shapes[]{{},     {1},       {7},       {1025},       {0},      {2, 0, 4},
                       {3, 5}, {1, 1, 1}, {4, 3, 7}, {2, 3, 5, 7}, {3, 701}, {5, 41, 31}};
  Tensors tensors;
  for (const Dtype dtype : kDtypes) {
    if (dtype == Dtype::F64) continue;  // OfDoubles
    for (const Shape& shape : shapes) {
      const std::string name = fmt::format("{} {}", name_of(dtype), to_string(shape));
      tensors.push_back(stored_tensor(name, dtype, shape));
      tensors.push_back(stored_tensor(name + " special", dtype, shape));
      put_specials(tensors.back());
    }
  }
  const TempDir dir;
  const Found found = stats_of(open_with(dir, tensors), 2);
  for (const StoredTensor& tensor : tensors) {
    SCOPED_TRACE(tensor.key);
    expect_stats(found.at(tensor.key), slow_plain(tensor), tensor.dtype);
  }
  EXPECT_GT(found.at("F32 [5, 41, 31] special").moments.nans, 0u);
  EXPECT_TRUE(found.at("F8_E4M3 [2, 3, 5, 7]").codes.has_value());
}

/// Eight binary places, nearest even; what is finite stays finite.
double rounded(double value) {
  if (value == 0 || !std::isfinite(value)) return value;
  const int quantum = std::max(std::ilogb(value), -1022) - 7;
  const double nearest = std::ldexp(std::nearbyint(std::ldexp(value, -quantum)), quantum);
  return std::isinf(nearest) ? std::copysign(0x1.FEp1023, value) : nearest;
}

void expect_distribution(const TensorStats& found, const std::vector<double>& values) {
  std::vector<double> sorted;
  std::map<std::pair<int, bool>, std::uint64_t> powers;
  for (const double value : values) {
    if (std::isnan(value)) continue;
    sorted.push_back(rounded(value));
    const int power = value == 0          ? -1024
                      : std::isinf(value) ? 1024
                                          : std::max(std::ilogb(value), -1023);
    ++powers[{power, std::signbit(value)}];
  }
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t i = 0; i < found.quantiles.size(); ++i) {
    const double place = TensorStats::kQuantiles[i] * static_cast<double>(sorted.size());
    EXPECT_EQ(found.quantiles[i], sorted[static_cast<std::size_t>(std::ceil(place)) - 1]) << i;
  }
  for (int power = -1024; power <= 1024; ++power) {
    for (const bool negative : {false, true}) {
      EXPECT_EQ(found.distribution.at(power, negative), (powers[{power, negative}])) << power;
    }
  }
}

/// Through floats most of these are infinite or zero.
TEST(Stats, OfDoubles) {
  Tensors tensors{stored_tensor("plain", Dtype::F64, {5, 41, 31}),
                  stored_tensor("any", Dtype::F64, {7001}, Filling::Raw),
                  stored_tensor("one", Dtype::F64, {})};
  put_special_doubles(tensors[0]);
  put_special_doubles(tensors[2]);
  const TempDir dir;
  const Found found = stats_of(open_with(dir, tensors), 2);
  for (const StoredTensor& tensor : tensors) {
    SCOPED_TRACE(tensor.key);
    std::vector<double> values(tensor.count());
    std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
    expect_moments<double>(found.at(tensor.key).moments, values);
    expect_distribution(found.at(tensor.key), values);
  }
  EXPECT_EQ(found.at("plain").experts.size(), 5u);
  const auto halves = found.at("any").distribution.linear(-1.7e308, 1.7e308, 2);
  const Moments& any = found.at("any").moments;
  EXPECT_EQ(halves[0] + halves[1], any.finite());
  EXPECT_GT(halves[0] * halves[1], 0u);
}

TEST(Stats, OnlyNumbersHaveThem) {
  for (const DtypeRow& row : dtype_table()) {
    const bool expected =
        std::find(std::begin(kDtypes), std::end(kDtypes), row.dtype) != std::end(kDtypes);
    EXPECT_EQ(has_statistics(*Values().input(0, row.dtype, Shape{2})), expected) << row.name;
  }
}

// ---- MXFP4 --------------------------------------------------------------------------------------

struct Mxfp4Row {
  Shape blocks;
  Filling scales;
};

TEST(Stats, OfMxfp4) {
  const Mxfp4Row rows[]{{{1, 1, 1, 16}, Filling::Scale},     {{3, 5, 2, 16}, Filling::Scale},
                        {{3, 5, 2, 16}, Filling::EdgeScale}, {{4, 30, 3, 16}, Filling::Raw},
                        {{7, 3, 16}, Filling::EdgeScale},    {{2, 5, 3, 8}, Filling::Raw},
                        {{2, 3, 2, 5, 16}, Filling::Scale},  {{2, 0, 4, 16}, Filling::Scale}};
  for (const Mxfp4Row& row : rows) {
    SCOPED_TRACE(to_string(row.blocks));
    const Shape scales(row.blocks.begin(), row.blocks.end() - 1);
    const Tensors tensors{stored_tensor("x_blocks", Dtype::U8, row.blocks, Filling::Raw),
                          stored_tensor("x_scales", Dtype::U8, scales, row.scales)};
    const TempDir dir;
    const Found found = stats_of(open_with(dir, tensors), 3);
    ASSERT_EQ(found.size(), 1u);
    expect_stats(found.at("x"), slow_mxfp4(tensors[0], tensors[1]), Dtype::U8);
  }
}

struct EdgeRow {
  int scale;
  std::uint64_t infinities;
  std::uint64_t subnormal;  // floats
  float largest;
};

/// All 16 codes twice: 0 .5 1 1.5 2 3 4 6 of both signs.
TEST(Stats, OfMxfp4AtTheEdges) {
  const EdgeRow rows[]{{0, 0, 12, 0x1.8p-125F}, {1, 0, 4, 0x1.8p-124F},  {2, 0, 0, 0x1.8p-123F},
                       {252, 0, 0, 0x1.8p127F}, {253, 8, 0, 0x1.8p127F}, {254, 16, 0, 0x1.8p127F},
                       {255, 24, 0, 0x1p127F}};
  for (const EdgeRow& row : rows) {
    SCOPED_TRACE(row.scale);
    Tensors tensors{stored_tensor("x_blocks", Dtype::U8, {1, 1, 16}),
                    {"x_scales", Dtype::U8, {1, 1}, {static_cast<std::byte>(row.scale)}}};
    for (std::size_t i = 0; i < 16; ++i) {
      tensors[0].bytes[i] = static_cast<std::byte>(i | (15 - i) << 4);
    }
    const TempDir dir;
    const TensorStats found = stats_of(open_with(dir, tensors), 1).at("x");
    EXPECT_EQ(found.moments.zeros, 4u);
    EXPECT_EQ(found.moments.negative_zeros, 2u);
    EXPECT_EQ(found.moments.infinities, row.infinities);
    EXPECT_EQ(found.moments.largest(), row.largest);
    EXPECT_EQ(found.distribution.at(-127, false) + found.distribution.at(-127, true),
              row.subnormal);
    EXPECT_EQ(found.codes->used, 16u);
    EXPECT_EQ(found.scales->zeros, row.scale == 0 ? 1u : 0u);
    EXPECT_EQ(found.scales->all_ones, row.scale == 255 ? 1u : 0u);
  }
}

// ---- FP8 ----------------------------------------------------------------------------------------

struct Fp8Row {
  Dtype codes;
  Shape shape;
  Dtype scales;
  Shape scale_shape;
  std::size_t block = 0;  // rows; columns are twice as many, but for 128 x 128
  std::string key = "w.weight_scale_inv";
};

const Fp8Row kFp8Rows[]{
    {Dtype::F8_E4M3, {5, 7}, Dtype::F32, {}},
    {Dtype::F8_E4M3, {}, Dtype::BF16, {}},
    {Dtype::F8_E5M2, {9}, Dtype::F32, {1}},
    {Dtype::F8_E4M3, {3, 4, 5}, Dtype::BF16, {1}},
    {Dtype::F8_E4M3, {3, 4, 5}, Dtype::F32, {3, 1, 1}},
    {Dtype::F8_E5M2, {6, 11, 3}, Dtype::BF16, {6, 1, 1}},
    {Dtype::F8_E4M3, {6, 11, 3}, Dtype::F16, {6}},
    {Dtype::F8_E4M3, {1, 11, 3}, Dtype::F32, {1}},
    {Dtype::F8_E4M3, {2, 0, 4}, Dtype::F32, {2, 1, 1}},
    {Dtype::F8_E4M3, {256, 256}, Dtype::F32, {2, 2}, 128},
    {Dtype::F8_E4M3, {300, 129}, Dtype::F32, {3, 2}, 128},
    {Dtype::F8_E5M2, {129, 383}, Dtype::BF16, {2, 3}, 128},
    {Dtype::F8_E4M3, {100, 500}, Dtype::F32, {1, 4}, 128},
    {Dtype::F8_E4M3, {500, 1}, Dtype::F32, {4, 1}, 128},
    {Dtype::F8_E4M3, {33, 33}, Dtype::F32, {3, 2}, 16},
    {Dtype::F8_E4M3, {5, 7}, Dtype::F32, {}, 0, "w.weight_scale"},
    {Dtype::F8_E4M3, {130, 130}, Dtype::F32, {2, 2}, 128, "w.weight_scale"},
};

TEST(Stats, OfFp8) {
  for (const Fp8Row& row : kFp8Rows) {
    SCOPED_TRACE(fmt::format("{} by {}", to_string(row.shape), to_string(row.scale_shape)));
    Tensors tensors{stored_tensor("w.weight", row.codes, row.shape, Filling::Raw),
                    stored_tensor(row.key, row.scales, row.scale_shape)};
    const std::size_t size = size_of(row.scales);
    if (tensors[1].count() > 1) std::fill_n(&tensors[1].bytes[size], size, std::byte{});  // is 0
    const std::size_t columns = row.block == 128 ? 128 : 2 * row.block;
    const TempDir dir;
    const Found found = stats_of(
        open_with(
            dir, tensors,
            row.block == 16 ? R"({"quantization_config":{"weight_block_size":[16,32]}})" : "{}"),
        2);
    ASSERT_EQ(found.size(), 1u);
    expect_stats(found.at("w.weight"), slow_fp8(tensors[0], tensors[1], row.block, columns),
                 row.codes);
  }
}

TEST(Stats, NameTheTensorThatCannotBeRead) {
  const TempDir dir;
  const Checkpoint checkpoint = open_with(dir, {stored_tensor("cut", Dtype::F32, {4})});
  std::filesystem::resize_file(dir / "model.safetensors", 100);
  try {
    stats_of(checkpoint, 2);
    ADD_FAILURE() << "read beyond the end";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::SourceChanged);
    EXPECT_TRUE(std::string_view(error.what()).starts_with("cut: ")) << error.what();
  }
}

}  // namespace
}  // namespace ckptscope::testing
