// Values as text: what parts of a stack are written once.

#include <gtest/gtest.h>

#include "tests/support/value_texts.hpp"

namespace ckptscope::testing {
namespace {

std::string stack_of(const std::vector<std::string>& names, std::uint64_t first = 0,
                     bool fold = true) {
  Values values;
  std::vector<ValuePtr> parts;
  for (std::uint32_t id = 0; id < names.size(); ++id) {
    parts.push_back(values.input(id, Dtype::BF16, Shape{2}));
  }
  return text_of(
      *values.stack(parts, first), [&](std::uint32_t id) { return names[id]; }, fold);
}

TEST(ValueText, StacksAreFoldedWhereTheNumberCountsUp) {
  struct Row {
    std::vector<std::string> parts;
    std::uint64_t first;
    std::string text;
  };
  const Row rows[] = {
      {{"e.0", "e.1", "e.2"}, 0, "stack(E=0..2, e.{E})"},
      {{"e.4.w", "e.5.w"}, 4, "stack(E=4..5, e.{E}.w)"},
      {{"e.9", "e.10", "e.11"}, 9, "stack(E=9..11, e.{E})"},
      {{"0", "1"}, 0, "stack(E=0..1, {E})"},
      // The first part's layer 0 is not taken for expert 0.
      {{"layers.0.e.0.w", "layers.0.e.1.w"}, 0, "stack(E=0..1, layers.0.e.{E}.w)"},
      {{"layers.3.e.3.w", "layers.3.e.4.w"}, 3, "stack(E=3..4, layers.3.e.{E}.w)"},
      {{"e.0.x0", "e.1.x1"}, 0, "stack(E=0..1, e.{E}.x{E})"},
      {{"e.0.x1", "e.1.x1"}, 0, "stack(E=0..1, e.{E}.x1)"},
      {{"e.0"}, 0, "stack(e.0)"},
      {{"e.0", "e.2"}, 0, "stack(e.0, e.2)"},
      {{"e.1", "e.2"}, 0, "stack(e.1, e.2)"},
      {{"e.1", "e.0"}, 0, "stack(e.1, e.0)"},
      {{"e.0", "e.1", "e.3"}, 0, "stack(e.0, e.1, e.3)"},
      {{"e.0", "e.1", "f.2"}, 0, "stack(e.0, e.1, f.2)"},
      {{"e.00", "e.01"}, 0, "stack(e.00, e.01)"},
      {{"e.0", "e.1.w"}, 0, "stack(e.0, e.1.w)"},
      {{"same", "same"}, 0, "stack(E=0..1, same)"},
  };
  for (const Row& row : rows) EXPECT_EQ(stack_of(row.parts, row.first), row.text);
  EXPECT_EQ(stack_of({"e.0", "e.1"}, 0, false), "stack(e.0, e.1)");
}

TEST(ValueText, EveryOperation) {
  Values values;
  const auto text = [](ValuePtr value) {
    return text_of(*value,
                   [](std::uint32_t id) { return std::string(1, static_cast<char>('a' + id)); });
  };
  const ValuePtr a = values.input(0, Dtype::BF16, Shape{4, 32});
  const ValuePtr b = values.input(1, Dtype::BF16, Shape{4, 32});
  const ValuePtr codes = values.input(2, Dtype::U8, Shape{4, 2, 16});
  const ValuePtr scales = values.input(3, Dtype::U8, Shape{4, 2});
  const ValuePtr fp8 = values.input(4, Dtype::F8_E4M3, Shape{4});
  const ValuePtr one = values.input(5, Dtype::F32, Shape{});
  EXPECT_EQ(text(a), "a");
  EXPECT_EQ(text(values.transpose(a)), "t(a)");
  EXPECT_EQ(text(values.slice(a, 1, 2, 5)), "slice(a, 1, 2..5)");
  EXPECT_EQ(text(values.select(a, 3)), "select(a, 3)");
  const ValuePtr both[] = {a, b};
  EXPECT_EQ(text(values.concat(both, 0)), "cat(-2, a, b)");
  EXPECT_EQ(text(values.concat(both, 1)), "cat(-1, a, b)");
  EXPECT_EQ(text(values.cast(a, Dtype::F32)), "cast(F32, a)");
  EXPECT_EQ(text(values.zeros(Dtype::F32, Shape{2})), "zeros");
  EXPECT_EQ(text(values.mxfp4(codes, scales)), "mxfp4(c, d)");
  EXPECT_EQ(text(values.fp8(fp8, one, Dtype::BF16, {})), "fp8(e, f)");
  EXPECT_EQ(text(values.packed_codes(PackAs::Mxfp4, a)), "mxfp4_blocks(a)");
  EXPECT_EQ(text(values.packed_scales(PackAs::Mxfp4, a)), "mxfp4_scales(a)");
  EXPECT_EQ(text(values.packed_codes(PackAs::Fp8, a)), "fp8_codes(a)");
  EXPECT_EQ(text(values.packed_scales(PackAs::Fp8, a)), "fp8_scale(a)");
}

}  // namespace
}  // namespace ckptscope::testing
