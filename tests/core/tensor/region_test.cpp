// Bands: they cover a tensor once, in order, within their limit.

#include "core/tensor/region.hpp"

#include <gtest/gtest.h>

#include "tests/support/indexes.hpp"

namespace ckptscope::testing {
namespace {

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

}  // namespace
}  // namespace ckptscope::testing
