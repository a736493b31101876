// Values held against others, against a slow computation; the same for every number of threads.

#include "core/inspect/value_distance.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <deque>
#include <random>
#include <thread>

#include "core/numbers/formats.hpp"
#include "tests/support/packed_model.hpp"
#include "tests/support/slow_stats.hpp"

namespace ckptscope::testing {
namespace {

using Floats = std::vector<float>;
using Bytes = std::vector<std::byte>;

/// Tensors in memory: one side.
class Memory {
 public:
  ValuePtr add(const StoredTensor& tensor) {
    tensors_.push_back(tensor.bytes);
    return nodes->input(static_cast<std::uint32_t>(tensors_.size() - 1), tensor.dtype,
                        tensor.shape);
  }
  ValuePtr add(Dtype dtype, const Shape& shape, const Floats& values) {
    return add({"", dtype, shape, bytes_of(values, dtype)});
  }
  const std::shared_ptr<Values> nodes = std::make_shared<Values>();
  MakeSource maker() const {
    return [this] { return std::make_unique<Source>(tensors_); };
  }

 private:
  struct Source final : TensorSource {
    explicit Source(const std::deque<Bytes>& all) : tensors(all) {}
    void read(std::uint32_t tensor, std::uint64_t offset, std::span<std::byte> out) override {
      std::ranges::copy(std::span(tensors.at(tensor)).subspan(offset, out.size()), out.begin());
    }
    const std::deque<Bytes>& tensors;
  };
  std::deque<Bytes> tensors_;
};

struct Sides {
  Memory values;
  Memory references;
  std::vector<ValuePair> pairs;

  void add(ValuePtr value, ValuePtr reference) {
    pairs.push_back({std::to_string(pairs.size()), shared_value(values.nodes, value),
                     shared_value(references.nodes, reference)});
  }
  /// In the order of pairs.
  std::vector<ValueDistance> compare(unsigned threads) const {
    std::vector<ValueDistance> rows(pairs.size());
    std::vector<int> done(pairs.size());
    std::atomic<int> inside = 0;
    Progress progress;
    value_distances(values.maker(), references.maker(), pairs, threads, progress,
                    [&](std::size_t i, const ValueDistance& one) {
                      EXPECT_EQ(++inside, 1) << "one at a time";
                      rows[i] = one;
                      ++done[i];
                      std::this_thread::sleep_for(std::chrono::microseconds(200));
                      --inside;
                    });
    EXPECT_EQ(done, std::vector<int>(pairs.size(), 1));
    EXPECT_EQ(progress.done(), progress.total());
    return rows;
  }
};

ValueDistance compared(const Floats& values, const Floats& references) {
  Sides sides;
  sides.add(sides.values.add(Dtype::F32, {values.size()}, values),
            sides.references.add(Dtype::F32, {references.size()}, references));
  return sides.compare(1).front();
}

Floats random_values(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, 0.02F);
  Floats values(count);
  for (float& value : values) value = normal(random);
  return values;
}

Floats rounded(Floats values) {
  for (float& value : values) value = bf16_to_float(float_to_bf16(value));
  return values;
}

/// A [count, rows, cols] tensor with its last two dimensions swapped.
Floats transposed(const Floats& values, std::size_t rows, std::size_t cols) {
  Floats result(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t matrix = i / (rows * cols);
    const std::size_t row = i / cols % rows;
    result[matrix * rows * cols + i % cols * rows + row] = values[i];
  }
  return result;
}

void expect_near(double found, long double expected) {
  EXPECT_NEAR(found, static_cast<double>(expected), static_cast<double>(1e-9L * expected));
}

/// Of finite values.
void expect_comparison(const ValueDistance& found, const Floats& values, const Floats& references) {
  std::uint64_t different = 0;
  double largest = 0;
  long double signal = 0;
  long double noise = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double error = double{values[i]} - double{references[i]};
    different += error != 0 ? 1 : 0;
    largest = std::max(largest, std::fabs(error));
    signal += static_cast<long double>(references[i]) * references[i];
    noise += static_cast<long double>(error) * error;
  }
  EXPECT_EQ(found.elements, values.size());
  EXPECT_EQ(found.different, different);
  EXPECT_EQ(found.unbounded, 0u);
  EXPECT_EQ(found.equal(), different == 0);
  EXPECT_EQ(found.largest, largest);
  expect_near(found.signal, signal);
  expect_near(found.noise, noise);
  if (noise == 0) return;
  expect_near(found.relative_l2(), std::sqrt(noise / signal));
  expect_near(found.sqnr(), 10 * std::log10(signal / noise));
}

struct Ratios {
  ValueDistance comparison;
  double relative_l2;
  double sqnr;
  double cosine;
};

TEST(Compare, Ratios) {
  const Ratios rows[]{{{9, 3, 0, 1, 404, 400, 4}, 0.1, 20, 400 / std::sqrt(404.0 * 400)},
                      {{9, 9, 0, 1, 0, 5, 5}, 1, 0, NAN},
                      {{9, 9, 0, 1, 20, 5, 5}, 1, 0, 1},                       // twice as large
                      {{9, 9, 0, 1, 5, 5, 20}, 2, 10 * std::log10(0.25), -1},  // turned round
                      {{9, 9, 0, 1, 5, 5, 10}, std::sqrt(2), 10 * std::log10(0.5), 0},
                      {{9, 9, 0, 1, 5, 0, 5}, INFINITY, -INFINITY, NAN},
                      {{9, 0, 0, 0, 7, 7, 0}, 0, INFINITY, 1},
                      {{9, 0, 0, 0, 0, 0, 0}, 0, INFINITY, NAN}};
  for (const Ratios& row : rows) {
    EXPECT_DOUBLE_EQ(row.comparison.relative_l2(), row.relative_l2);
    EXPECT_DOUBLE_EQ(row.comparison.sqnr(), row.sqnr);
    const double cosine = row.comparison.cosine();
    if (std::isnan(row.cosine)) {
      EXPECT_TRUE(std::isnan(cosine));
    } else {
      EXPECT_NEAR(cosine, row.cosine, 1e-12);
    }
  }
}

struct Row {
  const char* name;
  float value;
  float reference;
  std::uint64_t different;
  std::uint64_t unbounded;
  double largest;
  double noise;
};

bool same(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b));
}

/// One pair of values between two equal ones, 3, whose squares are 18.
TEST(Compare, OneByOne) {
  const Row rows[]{
      {"equal", 2, 2, 0, 0, 0, 0},
      {"less", 2, 2.5F, 1, 0, 0.5, 0.25},
      {"more", -2, -2.5F, 1, 0, 0.5, 0.25},
      {"of other sign", -2, 2, 1, 0, 4, 16},
      {"zeros", 0, -0.0F, 0, 0, 0, 0},
      {"NaN for NaN", NAN, -NAN, 0, 0, 0, 0},
      {"NaN for a number", NAN, 1, 1, 1, NAN, NAN},
      {"a number for NaN", 1, NAN, 1, 1, NAN, NAN},
      {"infinities", -INFINITY, -INFINITY, 0, 0, 0, 0},
      {"of other infinity", INFINITY, -INFINITY, 1, 1, INFINITY, INFINITY},
      {"infinity for a number", INFINITY, 1, 1, 1, INFINITY, INFINITY},
      {"NaN for infinity", NAN, INFINITY, 1, 1, NAN, NAN},
      {"beyond floats", 3e38F, -3e38F, 1, 0, 2 * double{3e38F}, 4 * double{3e38F} * double{3e38F}},
      {"subnormal", 0x1p-149F, 0, 1, 0, 0x1p-149, 0x1p-298}};
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    const ValueDistance found = compared({3, row.value, 3}, {3, row.reference, 3});
    const bool bounded = std::isfinite(row.value) && std::isfinite(row.reference);
    EXPECT_EQ(found.elements, 3u);
    EXPECT_EQ(found.different, row.different);
    EXPECT_EQ(found.unbounded, row.unbounded);
    EXPECT_TRUE(same(found.largest, row.largest)) << found.largest;
    EXPECT_TRUE(same(found.noise, row.noise)) << found.noise;
    EXPECT_EQ(found.signal, 18 + (bounded ? double{row.reference} * double{row.reference} : 0));
  }
}

TEST(Compare, WhateverEitherIsStoredAs) {
  const Dtype dtypes[]{Dtype::F32, Dtype::BF16, Dtype::F16, Dtype::F64};
  const Floats exact = random_values(3 * 17 * 23, 1);
  for (const Dtype dtype : dtypes) {
    for (const Dtype other : dtypes) {
      SCOPED_TRACE(std::string(name_of(dtype)) + " against " + std::string(name_of(other)));
      Sides sides;
      const Shape shape{3, 17, 23};
      sides.add(sides.values.add(dtype, shape, exact), sides.references.add(other, shape, exact));
      const auto held = [&](Dtype in) {
        return slow_plain({"", in, shape, bytes_of(exact, in)}).values;
      };
      expect_comparison(sides.compare(2).front(), held(dtype), held(other));
    }
  }
}

TEST(Compare, TransposedValues) {
  const Floats values = random_values(3 * 41 * 57, 2);
  const Floats other = rounded(values);
  Sides sides;
  sides.add(sides.values.nodes->transpose(sides.values.add(Dtype::F32, {3, 41, 57}, values)),
            sides.references.add(Dtype::BF16, {3, 57, 41}, transposed(other, 41, 57)));
  sides.add(sides.values.add(Dtype::F32, {3, 41, 57}, values),
            sides.references.nodes->transpose(
                sides.references.add(Dtype::F32, {3, 57, 41}, transposed(values, 41, 57))));
  const std::vector<ValueDistance> found = sides.compare(2);
  expect_comparison(found[0], values, other);
  EXPECT_GT(found[0].different, 0u);
  expect_comparison(found[1], values, values);
}

/// With all edges of scales: infinities and subnormals are equal, too.
TEST(Compare, Mxfp4AgainstItsValues) {
  const StoredTensor blocks = stored_tensor("b", Dtype::U8, {3, 10, 2, 16}, Filling::Raw);
  const StoredTensor scales = stored_tensor("s", Dtype::U8, {3, 10, 2}, Filling::EdgeScale);
  Floats decoded = slow_mxfp4(blocks, scales).values;
  const auto against = [&](const Floats& values) {
    Sides sides;
    const ValuePtr packed =
        sides.values.nodes->mxfp4(sides.values.add(blocks), sides.values.add(scales));
    sides.add(packed, sides.references.add(Dtype::BF16, {3, 10, 64}, values));
    sides.add(sides.values.nodes->transpose(packed),
              sides.references.add(Dtype::F32, {3, 64, 10}, transposed(values, 10, 64)));
    return sides.compare(2);
  };
  for (const ValueDistance& one : against(decoded)) {
    EXPECT_TRUE(one.equal());
    EXPECT_GT(one.signal, 0);
  }
  decoded[1000] += 1;
  for (const ValueDistance& one : against(decoded)) EXPECT_EQ(one.different, 1u);
}

TEST(Compare, ScalarsAndNothing) {
  Sides sides;
  sides.add(sides.values.add(Dtype::F32, {}, {3}), sides.references.add(Dtype::BF16, {}, {4}));
  sides.add(sides.values.add(Dtype::F32, {2, 0, 4}, {}),
            sides.references.add(Dtype::BF16, {2, 0, 4}, {}));
  for (int i = 0; i < 40; ++i) sides.pairs.push_back(ValuePair(sides.pairs[0]));
  const std::vector<ValueDistance> found = sides.compare(8);
  expect_comparison(found[0], {3}, {4});
  expect_comparison(found[1], {}, {});
  expect_comparison(found.back(), {3}, {4});
}

/// Tiles have 8 MiB of floats: the first pair makes six, the second has long rows.
TEST(Compare, IsTheSameForEveryNumberOfThreads) {
  const Floats values = random_values(3 * 1700 * 2001, 3);
  const Floats other = rounded(values);
  Sides sides;
  sides.add(sides.values.add(Dtype::F32, {3, 1700, 2001}, values),
            sides.references.add(Dtype::BF16, {3, 1700, 2001}, other));
  sides.add(sides.values.add(Dtype::BF16, {2, 5100 * 2001 / 2}, other),
            sides.references.add(Dtype::F32, {2, 5100 * 2001 / 2}, values));
  const std::vector<ValueDistance> expected = sides.compare(1);
  expect_comparison(expected[0], values, other);
  expect_comparison(expected[1], other, values);
  for (const unsigned threads : {2, 3, 8}) {
    const std::vector<ValueDistance> found = sides.compare(threads);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_EQ(found[i].different, expected[i].different);
      EXPECT_EQ(found[i].largest, expected[i].largest);
      EXPECT_EQ(found[i].signal, expected[i].signal);  // not within a tolerance
      EXPECT_EQ(found[i].noise, expected[i].noise);
    }
  }
}

TEST(Compare, StopsWhenAsked) {
  Sides sides;
  sides.add(sides.values.add(Dtype::F32, {1}, {3}), sides.references.add(Dtype::F32, {1}, {3}));
  Progress progress;
  progress.request_stop();
  try {
    value_distances(sides.values.maker(), sides.references.maker(), sides.pairs, 1, progress,
                    [](std::size_t, const ValueDistance&) { ADD_FAILURE() << "done"; });
    ADD_FAILURE() << "not stopped";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::Interrupted);
  }
}

}  // namespace
}  // namespace ckptscope::testing
