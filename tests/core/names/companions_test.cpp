// Scales and the weights that they belong to, by name.

#include "core/names/companions.hpp"

#include <gtest/gtest.h>

namespace ckptscope::testing {
namespace {

TEST(Companions, Rows) {
  struct Row {
    std::string key;
    std::string weight;  // empty: nobody's
    bool activation;
  };
  const Row rows[] = {
      {"x.weight_scale_inv", "x.weight", false},
      {"x.down_proj_scale_inv", "x.down_proj", false},
      {"x.weight_scale", "x.weight", false},
      {"x.weight_scale_2", "x.weight", false},
      {"x_scales", "x_blocks", false},
      {"x.input_scale", "x.weight", true},
      {"x.activation_scale", "x.weight", true},
      {"x.gate_activation_scale", "x.gate", true},
      {"x.weight", "", false},
      {"x.scale", "", false},
      {"x.weight_scale.y", "", false},
      {"", "", false},
  };
  for (const Row& row : rows) {
    const auto found = companion_of(row.key);
    ASSERT_EQ(found.has_value(), !row.weight.empty()) << row.key;
    if (!found) continue;
    EXPECT_EQ(found->weight, row.weight) << row.key;
    EXPECT_EQ(found->activation, row.activation) << row.key;
  }
}

}  // namespace
}  // namespace ckptscope::testing
