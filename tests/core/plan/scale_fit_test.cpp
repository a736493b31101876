// Shapes of codes and scales, and what they mean together.

#include "core/plan/scale_fit.hpp"

#include <gtest/gtest.h>

namespace ckptscope::testing {
namespace {

TEST(ScaleFit, OnlyCertainReadings) {
  struct Row {
    Shape codes;
    Shape scales;
    Shape block;                // as the config states it
    std::optional<Shape> fits;  // empty: one for all, or one an expert
  };
  const Row rows[] = {
      {{64, 64}, {}, {}, Shape{}},
      {{64, 64}, {1}, {}, Shape{}},
      {{64, 64}, {1, 1}, {32, 32}, Shape{}},
      {{4, 8, 16}, {4}, {}, Shape{}},
      {{4, 8, 16}, {4, 1, 1}, {}, Shape{}},
      {{256, 300}, {2, 3}, {}, Shape{128, 128}},
      {{256, 300}, {2, 1, 3, 1}, {}, Shape{128, 128}},
      {{4, 256, 300}, {4, 2, 3}, {}, Shape{128, 128}},
      {{8, 64}, {8, 2}, {}, Shape{1, 32}},
      {{8, 64}, {8, 1}, {}, Shape{1, 64}},
      {{8, 64}, {8}, {}, Shape{1, 64}},
      {{4, 8, 64}, {4, 8, 1}, {}, Shape{1, 64}},
      {{4, 8, 64}, {4, 8}, {}, Shape{1, 64}},
      {{64, 64}, {2, 2}, {32, 32}, Shape{32, 32}},
      {{64, 64}, {2, 2}, {}, std::nullopt},          // 32 x 32 is nobody's usual block
      {{256, 256}, {2, 2}, {64, 64}, std::nullopt},  // the config binds
      {{256, 64}, {256, 1}, {128, 128}, std::nullopt},
      {{64}, {2}, {}, std::nullopt},
      {{4, 0}, {4, 1}, {}, Shape{}},
      {{0, 4}, {0, 1}, {}, Shape{}},
      {{576, 7168}, {6, 56}, {}, std::nullopt},  // blocks that begin anew inside a fused weight
  };
  for (const Row& row : rows) {
    const auto found = fit_scale(row.codes, row.scales, row.block);
    EXPECT_EQ(found, row.fits) << to_string(row.codes) << " " << to_string(row.scales);
  }
}

}  // namespace
}  // namespace ckptscope::testing
