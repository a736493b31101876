// Hashes: known ones, and piece by piece the same as at once.

#include "core/base/hash.hpp"

#include <gtest/gtest.h>

#include <random>

namespace ckptscope::testing {
namespace {

TEST(Hash, SixteenDigits) {
  EXPECT_EQ(hex64(0), "0000000000000000");
  EXPECT_EQ(hex64(255), "00000000000000ff");
  EXPECT_EQ(hex64(~0ull), "ffffffffffffffff");
}

/// By xxhsum -H3: receipts of older versions must stay comparable.
TEST(Hash, OfKnownTexts) {
  EXPECT_EQ(hex64(xxh3("")), "2d06800538d394c2");
  EXPECT_EQ(hex64(xxh3("abc")), "78af5f94892f3950");
  EXPECT_NE(xxh3("abc", 1), xxh3("abc"));
}

TEST(Hash, PieceByPieceIsAtOnce) {
  std::mt19937_64 random(1);
  RunningXxh3 running;
  for (int round = 0; round < 300; ++round) {
    std::vector<std::byte> bytes(random() % 3000);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    running.reset();
    for (std::span<const std::byte> rest = bytes; !rest.empty();) {
      const auto part = rest.first(std::min<std::size_t>(rest.size(), random() % 700));
      running.add(part);
      rest = rest.subspan(part.size());
    }
    ASSERT_EQ(running.digest(), xxh3(bytes)) << bytes.size();
    ASSERT_EQ(running.digest(), xxh3(bytes)) << "asking changes nothing";
  }
}

}  // namespace
}  // namespace ckptscope::testing
