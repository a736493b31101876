// The order of keys: numbers by value, and total.

#include "core/base/natural_order.hpp"

#include <gtest/gtest.h>

#include <iterator>
#include <vector>

#include "tests/support/named_tensors.hpp"

namespace ckptscope::testing {
namespace {

TEST(NaturalOrder, Rows) {
  const std::string_view ordered[] = {
      "",
      ".",
      ".a",
      "0",
      "1",
      "1.5",
      "1a",
      "2",
      "10",
      "10.w",
      "100000000000000000000000000001",
      "100000000000000000000000000002",
      "a",
      "a.0",
      "a.2",
      "a.10",
      "a.b",
      "a b",
      "a!",
      "a1",
      "a1.x",
      "a2",
      "a10",
      "aB",
      "ab",
      "layers.2.x10",
      "layers.2.x9y",
      "layers.10.x",
      "\xc3\xa9",
  };
  std::vector<std::string_view> sorted(std::begin(ordered), std::end(ordered));
  // x9y before x10 within layer 2.
  std::swap(sorted[25], sorted[26]);
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    for (std::size_t k = 0; k < sorted.size(); ++k) {
      EXPECT_EQ(natural_less(sorted[i], sorted[k]), i < k) << sorted[i] << " " << sorted[k];
    }
  }
}

TEST(NaturalOrder, IsAStrictTotalOrder) {
  Random random(3);
  for (int i = 0; i < 100'000; ++i) {
    constexpr std::string_view kLetters = "0012.a!/:";
    const std::string a = random_name(random, kLetters);
    const std::string b = random_name(random, kLetters);
    const std::string c = random_name(random, kLetters);
    ASSERT_EQ(natural_compare(a, b) == 0, a == b) << a << " " << b;
    ASSERT_EQ(natural_less(a, b), natural_compare(b, a) > 0) << a << " " << b;
    if (natural_less(a, b) && natural_less(b, c)) {
      ASSERT_TRUE(natural_less(a, c)) << a << " " << b << " " << c;
    }
  }
}

}  // namespace
}  // namespace ckptscope::testing
