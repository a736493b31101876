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
      {"x.scale", "x.weight", false},
      {"x.scale_weight", "x.weight", false},
      {"x_scale", "x", false},
      {"x.qzeros", "x.qweight", false},
      {"x.weight_zero_point", "x.weight_packed", false},
      {"x.weight.absmax", "x.weight", false},
      {"x.input_global_scale", "x.weight_packed", true},
      {"scaled", "", false},
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

TEST(Companions, TheFirstThatIsThere) {
  std::vector<std::string> weights;
  for (const Companion& one : possible_companions("x.weight_scale")) weights.push_back(one.weight);
  EXPECT_EQ(weights, (std::vector<std::string>{"x.weight", "x.weight_packed"}));
}

}  // namespace
}  // namespace ckptscope::testing
