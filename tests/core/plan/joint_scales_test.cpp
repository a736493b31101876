// K and V that were quantised together: which shapes say so, and their values against the statement
// of sgl-project/sglang-jax PR 969, row by row.

#include "core/plan/joint_scales.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "core/checkpoint/synthetic.hpp"
#include "core/run/evaluator.hpp"
#include "tests/support/slow_formats.hpp"

namespace ckptscope::testing {
namespace {

TEST(JointScales, OnlyCertainShapes) {
  struct Row {
    const char* what;
    std::uint64_t heads;
    Shape k, k_scales, v, v_scales, block;
    bool fits;
  };
  const Row rows[] = {
      {"MiMo-V2-Flash", 4, {768, 4096}, {8, 32}, {512, 4096}, {4, 32}, {128, 128}, true},
      {"no block stated", 4, {768, 4096}, {8, 32}, {512, 4096}, {4, 32}, {}, true},
      {"blocks of its own", 8, {1536, 4096}, {12, 32}, {1024, 4096}, {8, 32}, {}, false},
      {"other heads", 2, {768, 4096}, {8, 32}, {512, 4096}, {4, 32}, {}, false},
      {"heads not known", 0, {768, 4096}, {8, 32}, {512, 4096}, {4, 32}, {}, false},
      {"V's scales do not", 4, {768, 4096}, {8, 32}, {512, 4096}, {8, 32}, {}, false},
      {"columns do not", 4, {768, 4096}, {8, 31}, {512, 4096}, {4, 31}, {}, false},
      {"other columns in V", 4, {768, 4096}, {8, 32}, {512, 4000}, {4, 32}, {}, false},
      {"whole blocks a head", 4, {512, 256}, {4, 2}, {512, 256}, {4, 2}, {}, false},
      {"one scale", 1, {192, 128}, {1}, {128, 128}, {1}, {}, false},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(fit_joint_scales(row.heads, row.k, row.k_scales, row.v, row.v_scales, row.block)
                  .has_value(),
              row.fits)
        << row.what;
  }
}

/// Tensors by number.
class Tensors final : public TensorSource {
 public:
  StoredTensor add(Dtype dtype, const Shape& shape) {
    const auto id = static_cast<std::uint32_t>(bytes_.size());
    bytes_.push_back(synthetic_bytes({"", dtype, shape, Filling::ByDtype}, id));
    shapes_.push_back(shape);
    return {id, dtype, shapes_.back()};
  }
  void read(std::uint32_t tensor, std::uint64_t offset, std::span<std::byte> out) override {
    ASSERT_LE(offset + out.size(), bytes_.at(tensor).size());
    std::copy_n(bytes_[tensor].begin() + static_cast<std::ptrdiff_t>(offset), out.size(),
                out.begin());
  }
  const std::byte* at(const StoredTensor& tensor, std::uint64_t row, std::uint64_t column) const {
    const std::uint64_t element = row * tensor.shape[1] + column;
    return bytes_[tensor.id].data() + element * size_of(tensor.dtype);
  }
  float number(const StoredTensor& tensor, std::uint64_t row, std::uint64_t column) const {
    return decode_one(tensor.dtype, at(tensor, row, column));
  }

 private:
  std::vector<Bytes> bytes_;
  std::deque<Shape> shapes_;
};

class JointValues : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kHeads = 3, kColumns = 200;
  Tensors tensors;
  StoredTensor k = tensors.add(Dtype::F8_E4M3, {kHeads * 192, kColumns});
  StoredTensor k_scales = tensors.add(Dtype::F32, {kHeads * 2, 2});
  StoredTensor v = tensors.add(Dtype::F8_E4M3, {kHeads * 128, kColumns});
  StoredTensor v_scales = tensors.add(Dtype::F32, {kHeads, 2});
  JointScales joint =
      fit_joint_scales(kHeads, k.shape, k_scales.shape, v.shape, v_scales.shape, {}).value();
  Values values;

  /// `scale_of(row, column)` tells the scale of an element.
  void expect_values(ValuePtr decoded, const StoredTensor& codes, const auto& scale_of) {
    Bytes bytes(byte_count(Dtype::BF16, codes.shape));
    Evaluator(tensors).evaluate(*decoded, whole(codes.shape), bytes);
    for (std::uint64_t row = 0; row < codes.shape[0]; ++row) {
      for (std::uint64_t column = 0; column < kColumns; ++column) {
        std::byte expected[2];
        slow_fp8(codes.dtype, *tensors.at(codes, row, column), scale_of(row, column), Dtype::BF16,
                 expected);
        const std::size_t at = 2 * (row * kColumns + column);
        ASSERT_TRUE(std::equal(expected, expected + 2, bytes.data() + at)) << row << " " << column;
      }
    }
  }
};

TEST_F(JointValues, OfK) {
  expect_values(decode_joint_k(joint, k, k_scales, Dtype::BF16, values), k,
                [&](std::uint64_t row, std::uint64_t column) {
                  const std::uint64_t head = row / 192;
                  return tensors.number(k_scales, 2 * head + (row % 192 < 128 ? 0 : 1),
                                        column / 128);
                });
}

TEST_F(JointValues, OfV) {
  expect_values(decode_joint_v(joint, v, v_scales, k_scales, Dtype::BF16, values), v,
                [&](std::uint64_t row, std::uint64_t column) {
                  const std::uint64_t head = row / 128;
                  return row % 128 < 64 ? tensors.number(k_scales, 2 * head + 1, column / 128)
                                        : tensors.number(v_scales, head, column / 128);
                });
}

}  // namespace
}  // namespace ckptscope::testing
