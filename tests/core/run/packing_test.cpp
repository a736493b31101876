// Weights on their way into MXFP4 and FP8: the same bytes and the same loss however the work is cut
// and shared out, and both as a slow computation has them.

#include "core/run/packing.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <map>
#include <random>

#include "core/base/parallel.hpp"
#include "core/kernels/kernels.hpp"
#include "core/numbers/formats.hpp"
#include "tests/support/floats.hpp"
#include "tests/support/packed_model.hpp"

namespace ckptscope::testing {
namespace {

using Bytes = std::vector<std::byte>;
using Floats = std::vector<float>;
using Model = PackedModel;

void expect_same(const PackingLoss& found, const PackingLoss& expected) {
  EXPECT_EQ(found.key, expected.key);
  EXPECT_EQ(found.values, expected.values);
  EXPECT_EQ(found.changed, expected.changed);
  EXPECT_EQ(std::bit_cast<std::uint64_t>(found.signal),
            std::bit_cast<std::uint64_t>(expected.signal));
  EXPECT_EQ(std::bit_cast<std::uint64_t>(found.noise),
            std::bit_cast<std::uint64_t>(expected.noise));
}

void expect_same(const Model::Result& found, const Model::Result& expected) {
  for (std::size_t i = 0; i < expected.outputs.size(); ++i) {
    EXPECT_TRUE(found.outputs[i] == expected.outputs[i]) << "output " << i;
  }
  ASSERT_EQ(found.losses.size(), expected.losses.size());
  for (std::size_t i = 0; i < expected.losses.size(); ++i) {
    SCOPED_TRACE("weight " + std::to_string(i));
    expect_same(found.losses[i], expected.losses[i]);
  }
}

// ---- the same however it is cut -----------------------------------------------------------------

constexpr std::uint64_t kMiB = 1 << 20;

/// With several threads tiles have 22 MB: the first two make two each, the last one shorter. Alone
/// a thread gets tiles from 0.7 MB on.
TEST(Packing, IsTheSameForEveryNumberOfThreadsAndEveryBudget) {
  const Model model({{PackAs::Mxfp4, Dtype::F32, {4, 700, 2080}},
                     {PackAs::Fp8, Dtype::F32, {3, 1000, 2003}},
                     {PackAs::Mxfp4, Dtype::BF16, {3, 333, 1056}, true},
                     {PackAs::Fp8, Dtype::BF16, {901, 1777}},
                     {PackAs::Fp8, Dtype::BF16, {5, 130, 999}, true},
                     {PackAs::Fp8Blocks, Dtype::BF16, {1001, 2003}},
                     {PackAs::Fp8BlocksE8m0, Dtype::F32, {3, 700, 1030}, true},
                     {PackAs::Fp8BlocksBf16, Dtype::BF16, {2, 300, 1500}},
                     {PackAs::Fp4, Dtype::BF16, {700, 2080}},
                     {PackAs::Nvfp4, Dtype::BF16, {600, 1040}},
                     {PackAs::Fp8Modelopt, Dtype::BF16, {501, 777}}});
  const Model::Result expected = model.pack({512 * kMiB, 1});
  for (const unsigned threads : {2, 3, 8}) {
    SCOPED_TRACE(threads);
    ASSERT_EQ((Resources{512 * kMiB, threads}.workers()), threads);
    expect_same(model.pack({512 * kMiB, threads}), expected);
  }
  for (const std::uint64_t memory : {8, 11, 17, 30}) {
    SCOPED_TRACE(memory);
    expect_same(model.pack({memory * kMiB, 8}), expected);
  }
}

/// Rows that are longer than a tile are cut as well.
TEST(Packing, RowsLongerThanATileLoseTheSame) {
  const Model model(
      {{PackAs::Mxfp4, Dtype::BF16, {2, 400000}}, {PackAs::Fp8, Dtype::F32, {3, 200001}}});
  const Model::Result expected = model.pack({512 * kMiB, 1});
  for (const std::uint64_t memory : {8, 9, 10}) {
    SCOPED_TRACE(memory);
    expect_same(model.pack({memory * kMiB, 1}), expected);
  }
}

/// Without an executor: bands of whole rows in any order, of `max_bytes` at the most.
PackingLoss loss_in_bands(const Weight& weight, std::uint64_t max_bytes, unsigned threads) {
  const Bytes bytes = bytes_of(values_for(weight), weight.dtype);
  Values values;
  Packing packing(values.input(0, weight.dtype, weight.shape), weight.as, "w");
  std::vector<Region> bands = row_bands(weight.shape, size_of(weight.dtype), max_bytes);
  std::shuffle(bands.begin(), bands.end(), std::mt19937(threads));
  const auto elements = [&](const Region& band) {
    std::uint64_t first = 0;
    for (std::size_t i = 0; i < band.begin.size(); ++i) {
      first = first * weight.shape[i] + band.begin[i];
    }
    return std::span(bytes).subspan(first * size_of(weight.dtype),
                                    byte_count(weight.dtype, band.extent));
  };
  if (packing.needs_measure()) {
    parallel_for(bands.size(), threads,
                 [&](std::size_t i, unsigned) { packing.measure(bands[i], elements(bands[i])); });
  }
  parallel_for(bands.size(), threads, [&](std::size_t i, unsigned) {
    const std::uint64_t count = element_count(bands[i].extent).value();
    Bytes codes(packing.code_bytes(count));
    Bytes scales(packing.scale_bytes(count));
    packing.encode(bands[i], elements(bands[i]), codes, scales);
  });
  return packing.loss();
}

TEST(Packing, ManySmallBandsLoseTheSame) {
  const std::vector<Weight> weights{{PackAs::Mxfp4, Dtype::F32, {3, 70, 1120}},
                                    {PackAs::Fp8, Dtype::BF16, {3, 70, 1031}},
                                    {PackAs::Mxfp4, Dtype::BF16, {7, 16000}},
                                    {PackAs::Fp8, Dtype::F32, {11, 9001}}};
  for (const Weight& weight : weights) {
    SCOPED_TRACE(to_string(weight.shape));
    const PackingLoss expected = loss_in_bands(weight, 1 << 30, 1);
    EXPECT_NE(expected.noise, 0);
    for (const std::uint64_t max_bytes : {40000, 100000, 300000}) {
      for (const unsigned threads : {1, 2, 3, 8}) {
        expect_same(loss_in_bands(weight, max_bytes, threads), expected);
      }
    }
  }
}

// ---- against a slow computation -----------------------------------------------------------------

/// The smallest positive BF16 that is not below largest / 448.
std::uint16_t slow_scale(float largest) {
  if (largest == 0) return 0x3F80;
  std::uint16_t bits = 1;
  while (bf16_to_float(bits) < largest / 448.0F) ++bits;
  return bits;
}

TEST(Packing, OneScaleForEachExpert) {
  const Weight weight{PackAs::Fp8, Dtype::F32, {6, 150, 300}};
  Floats values = values_for(weight);
  const std::size_t each = values.size() / 6;
  const Floats sizes{1, 0, 1e-30F, 300, 3e38F, 1e-42F};  // the second one has nothing but zeros
  std::vector<std::uint16_t> scales;
  for (std::size_t expert = 0; expert < 6; ++expert) {
    float largest = 0;
    for (std::size_t i = expert * each; i < (expert + 1) * each; ++i) {
      largest = std::max(largest, std::fabs(values[i] *= sizes[expert]));
    }
    scales.push_back(slow_scale(largest));
  }
  Model model({});
  model.add(weight, values);
  EXPECT_TRUE(same_shape(model.plan.outputs[1].shape(), Shape{6, 1, 1}));
  const Bytes found = model.pack({8 * kMiB, 1}).outputs[1];
  EXPECT_TRUE(std::ranges::equal(found, std::as_bytes(std::span(scales))));
}

Floats decoded(const Weight& weight, const Bytes& codes, const Bytes& scales) {
  Floats values;
  if (weight.as == PackAs::Mxfp4) {
    std::vector<std::uint16_t> bits(codes.size() * 2);
    decode_mxfp4(codes, scales, 16, bits.data());
    for (const std::uint16_t one : bits) values.push_back(bf16_to_float(one));
    return values;
  }
  const std::size_t each = codes.size() / (scales.size() / 2);
  for (std::size_t i = 0; i < codes.size(); ++i) {
    std::uint16_t scale;
    std::memcpy(&scale, &scales[i / each * 2], sizeof scale);
    const float code = e4m3_to_float(std::to_integer<std::uint8_t>(codes[i]));
    values.push_back(code * bf16_to_float(scale));
  }
  return values;
}

/// A value of a code under the scales that a weight of that form has, before it is rounded.
float product_of(const WrittenForm& form, std::mt19937& random, float factor) {
  using Kind = QuantScheme::Kind;
  const auto sign = [&](float value) { return random() % 2 == 0 ? value : -value; };
  const float e2m1 = e2m1_to_float(static_cast<std::uint8_t>(random() % 8));
  switch (form.scheme.kind) {
    case Kind::Fp8:
      return sign(e4m3_to_float(static_cast<std::uint8_t>(random() % 0x7F))) * factor;
    case Kind::Int4:
      return (static_cast<float>(random() % 16) - 8) * factor;
    default:
      return (e2m1 == 0 ? 0 : sign(e2m1)) * factor;
  }
}

/// Values as they are decoded of the form, rows of whole groups; each block has its largest code.
Floats decoded_values(const Weight& weight) {
  const WrittenForm& form = written_form(weight.as);
  std::mt19937 random(11);
  const std::uint64_t columns = weight.shape.back();
  const auto [block_rows, block_columns] = form.block;
  Floats values(element_count(weight.shape).value());
  std::map<std::pair<std::uint64_t, std::uint64_t>, float> factors;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::uint64_t row = block_rows == 0 ? 0 : i / columns / block_rows;
    const std::uint64_t column = block_rows == 0 ? 0 : i % columns / block_columns;
    const auto [place, is_new] = factors.try_emplace({row, column});
    if (is_new) {
      const float any = std::ldexp(1 + static_cast<float>(random() % 1000) / 1000, -9);
      // The largest scale of NVFP4 is the largest code.
      const auto code = static_cast<std::uint8_t>(i == 0 ? 0x7E : 0x38 + random() % 0x40);
      const float scale = e4m3_to_float(code);
      const bool exponent = form.power_of_two || weight.as == PackAs::Mxfp4Rows ||
                            weight.as == PackAs::Fp4 || weight.as == PackAs::Mxfp8;
      place->second = form.factor_rank ? scale * 0.00123F
                      : exponent       ? std::ldexp(1.0F, -static_cast<int>(random() % 20))
                                       : rounded_to(form.scales_dtype, any);
    }
    const bool fp8 = form.scheme.kind == QuantScheme::Kind::Fp8;
    const float most = (fp8 ? 448.0F : form.scheme.kind == QuantScheme::Kind::Int4 ? -8.0F : 6.0F);
    const float product = is_new ? most * place->second : product_of(form, random, place->second);
    values[i] = rounded_to(weight.dtype, product);
  }
  return values;
}

/// What was decoded loses nothing, in every form that is written.
TEST(Packing, BringsBackWhatWasDecoded) {
  for (const WrittenForm& form : written_forms()) {
    if (form.as == PackAs::Mxfp4) continue;  // of another shape; encode_test.cpp tries all of it
    SCOPED_TRACE(form.name);
    Shape shape = form.factor_rank ? Shape{2, 150, 416} : Shape{300, 416};  // one factor for all
    const bool ragged = form.scheme.kind == QuantScheme::Kind::Fp8;         // on the right
    for (const std::uint64_t more : {0, 1, 31, 997}) {
      if (more > 0 && !ragged) break;
      shape.back() = 416 + more;
      const Weight weight{form.as, Dtype::BF16, shape};
      Model model({});
      model.add(weight, decoded_values(weight));
      const PackingLoss loss = model.pack({}).losses.at(0);
      EXPECT_GT(loss.signal, 0);
      EXPECT_EQ(loss.changed, 0u) << loss.sqnr();
      EXPECT_EQ(loss.noise, 0);
    }
  }
}

/// A factor with which the values were decoded is used as it is; another is not.
TEST(Packing, ASuggestedFactorIsUsedWhereItIsOne) {
  const Weight weight{PackAs::Nvfp4, Dtype::BF16, {150, 416}};
  const Floats values = decoded_values(weight);
  const Bytes elements = bytes_of(values, weight.dtype);
  Values nodes;
  const ValuePtr input = nodes.input(0, weight.dtype, weight.shape);
  const auto factor_with = [&](float suggested) {
    Packing packing(input, weight.as, "w");
    packing.suggest(suggested);
    packing.measure(whole(weight.shape), elements);
    const Bytes third = packing.third();
    float factor = 0;
    std::memcpy(&factor, third.data(), sizeof factor);
    return factor;
  };
  EXPECT_EQ(factor_with(0.00123F), 0.00123F);
  EXPECT_NE(factor_with(0.5F), 0.5F);
  EXPECT_EQ(factor_with(0.5F), factor_with(0));
}

/// The largest floats: rounding a code up would make infinity of one.
TEST(Packing, PowersOfTwoDoNotOverflow) {
  for (const PackAs as : {PackAs::Mxfp8, PackAs::Fp8BlocksUe8m0, PackAs::Fp8BlocksE8m0}) {
    Model model({});
    model.add({as, Dtype::F32, {1, 32}}, Floats(32, 3.3e38F));
    const PackingLoss loss = model.pack({}).losses.at(0);
    EXPECT_GT(loss.sqnr(), 18) << written_form(as).name;
    const Bytes codes = model.pack({}).outputs[0];
    EXPECT_EQ(codes, Bytes(32, std::byte{0x7E})) << written_form(as).name;  // 448
  }
}

/// Within a chunk squares are added in single precision: hence the tolerance.
TEST(Packing, LosesWhatASlowComputationFinds) {
  const std::vector<Weight> weights{{PackAs::Mxfp4, Dtype::F32, {3, 200, 2080}},
                                    {PackAs::Mxfp4, Dtype::BF16, {900, 1056}},
                                    {PackAs::Fp8, Dtype::F32, {3, 200, 2003}},
                                    {PackAs::Fp8, Dtype::BF16, {901, 1111}}};
  const Model::Result result = Model(weights).pack({});
  for (std::size_t i = 0; i < weights.size(); ++i) {
    SCOPED_TRACE(i);
    const Floats values = values_for(weights[i]);
    const Floats back = decoded(weights[i], result.outputs[2 * i], result.outputs[2 * i + 1]);
    std::uint64_t changed = 0;
    long double signal = 0;
    long double noise = 0;
    for (std::size_t j = 0; j < values.size(); ++j) {
      const bool same = rounded_to(weights[i].dtype, back[j]) == values[j];
      const long double error = same ? 0 : static_cast<long double>(values[j]) - back[j];
      changed += error != 0 ? 1 : 0;
      signal += static_cast<long double>(values[j]) * values[j];
      noise += error * error;
    }
    const PackingLoss& loss = result.losses[i];
    EXPECT_EQ(loss.key, "w" + std::to_string(i));
    EXPECT_TRUE(loss.as == weights[i].as);
    EXPECT_EQ(loss.values, values.size());
    EXPECT_EQ(loss.changed, changed);
    EXPECT_NEAR(loss.relative_l2() / std::sqrt(static_cast<double>(noise / signal)), 1, 1e-7);
    EXPECT_NEAR(loss.sqnr() / static_cast<double>(10 * std::log10(signal / noise)), 1, 1e-7);
  }
}

struct LossRow {
  PackingLoss loss;
  double relative_l2;
  double sqnr;
};

TEST(PackingLoss, Figures) {
  const std::vector<LossRow> rows{{{"changed", PackAs::Fp8, 9, 3, 400, 4}, 0.1, 20},
                                  {{"all noise", PackAs::Fp8, 9, 9, 5, 5}, 1, 0},
                                  {{"exact", PackAs::Mxfp4, 32, 0, 7, 0}, 0, INFINITY},
                                  {{"zeros", PackAs::Mxfp4, 32, 0, 0, 0}, 0, INFINITY}};
  for (const LossRow& row : rows) {
    EXPECT_DOUBLE_EQ(row.loss.relative_l2(), row.relative_l2) << row.loss.key;
    EXPECT_DOUBLE_EQ(row.loss.sqnr(), row.sqnr) << row.loss.key;
  }
}

/// No elements at all as well: each expert still has a scale.
TEST(Packing, ZerosAndNothingAreExact) {
  Model model({});
  for (const PackAs scheme : {PackAs::Mxfp4, PackAs::Fp8}) {
    model.add({scheme, Dtype::F32, {2, 3, 64}}, Floats(384, -0.0F));
    model.add({scheme, Dtype::BF16, {2, 0, 64}}, {});
  }
  const Model::Result result = model.pack({});
  for (const PackingLoss& loss : result.losses) {
    EXPECT_TRUE(loss.exact()) << loss.key;
    EXPECT_EQ(loss.relative_l2(), 0) << loss.key;
    EXPECT_EQ(loss.sqnr(), INFINITY) << loss.key;
  }
  EXPECT_EQ(result.outputs[0], Bytes(192, std::byte{0x88}));
  EXPECT_EQ(result.outputs[1], Bytes(12));
  EXPECT_EQ(result.outputs[4], Bytes(384, std::byte{0x80}));
  const Bytes ones{std::byte{0x80}, std::byte{0x3F}, std::byte{0x80}, std::byte{0x3F}};
  EXPECT_EQ(result.outputs[5], ones);
  EXPECT_EQ(result.outputs[7], ones);
  Values values;
  const ValuePtr no_expert = values.zeros(Dtype::F32, Shape{0, 5, 64});
  EXPECT_TRUE(Packing(no_expert, PackAs::Fp8, "none").scales().empty());
}

// ---- refused ------------------------------------------------------------------------------------

void expect_refused(const Weight& weight, std::uint64_t element, float value,
                    const std::string& message) {
  Floats values = values_for(weight);
  values[element] = value;
  Model model({{weight.as, Dtype::BF16, {2, 64}}});
  model.add(weight, values);
  for (const Resources& resources : {Resources{8 * kMiB, 1}, Resources{512 * kMiB, 3}}) {
    try {
      model.pack(resources);
      ADD_FAILURE() << "not refused: " << message;
    } catch (const Error& error) {
      EXPECT_EQ(error.what(), message);
      EXPECT_EQ(name_of(error.code()), std::isnan(value) ? "nan" : "inf");
    }
  }
}

TEST(Packing, RefusesNamingTheWeightAndTheIndex) {
  expect_refused({PackAs::Mxfp4, Dtype::F32, {2, 3, 64}}, 192 + 64 + 7, NAN,
                 "w1: NaN at [1, 1, 7], which MXFP4 cannot hold");
  expect_refused({PackAs::Mxfp4, Dtype::BF16, {5, 32}}, 0, -INFINITY,
                 "w1: infinity at [0, 0], which MXFP4 cannot hold");
  expect_refused({PackAs::Mxfp4, Dtype::BF16, {300, 4096}}, 300 * 4096 - 1, -NAN,
                 "w1: NaN at [299, 4095], which MXFP4 cannot hold");
  expect_refused({PackAs::Fp8, Dtype::F32, {700, 2050}}, 612 * 2050 + 2049, INFINITY,
                 "w1: infinity at [612, 2049], which E4M3 cannot hold");
  expect_refused({PackAs::Fp8, Dtype::BF16, {3, 5, 7}}, 2 * 35 + 4 * 7 + 1, NAN,
                 "w1: NaN at [2, 4, 1], which E4M3 cannot hold");
}

}  // namespace
}  // namespace ckptscope::testing
