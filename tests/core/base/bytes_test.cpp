// Sizes and counts as text, and arithmetic that cannot overflow.

#include "core/base/bytes.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace ckptscope::testing {
namespace {

TEST(Bytes, Parsing) {
  struct Row {
    std::string text;
    std::optional<std::uint64_t> bytes;
  };
  const Row rows[] = {
      {"0", 0},
      {"4096", 4096},
      {"295 B", 295},
      {"5GB", 5'000'000'000},
      {"5gb", 5'000'000'000},
      {"5 GB", 5'000'000'000},
      {"1.5 GB", 1'500'000'000},
      {"512MiB", 536'870'912},
      {"1KiB", 1024},
      {"1kb", 1000},
      {"2TB", 2'000'000'000'000},
      {"1TiB", 1'099'511'627'776},
      {"0.5GiB", 536'870'912},
      {"1mb", 1'000'000},
      {"", {}},
      {"GB", {}},
      {"-1", {}},
      {"-1GB", {}},
      {"5XB", {}},
      {"5G", {}},
      {"5 GBs", {}},
      {"1,000", {}},
      {"nan", {}},
      {"inf", {}},
      {"infGB", {}},
      {"1e30", {}},
      {"99999999TB", {}},
      {"0x10", {}},
      {"five", {}},
  };
  for (const Row& row : rows) EXPECT_EQ(parse_bytes(row.text), row.bytes) << row.text;
}

TEST(Bytes, Formatting) {
  struct Row {
    std::uint64_t bytes;
    std::string text;
  };
  const Row rows[] = {
      {0, "0 B"},
      {1, "1 B"},
      {295, "295 B"},
      {999, "999 B"},
      {1000, "1.00 kB"},
      {8190, "8.19 kB"},
      {99'990, "99.99 kB"},
      {100'000, "100.0 kB"},
      {999'949, "999.9 kB"},
      {999'950, "1.00 MB"},
      {63'160'000'000, "63.16 GB"},
      {590'100'000'000, "590.1 GB"},
      {1'000'000'000'000, "1.00 TB"},
      {std::numeric_limits<std::uint64_t>::max(), "18.45 EB"},
  };
  for (const Row& row : rows) EXPECT_EQ(format_bytes(row.bytes), row.text);
}

/// Once failed: "100.00 kB" has five digits.
TEST(Bytes, FormattingHasFourDigitsAtTheMost) {
  EXPECT_EQ(format_bytes(99'999), "100.0 kB");
  EXPECT_EQ(format_bytes(99'999'000'000), "100.0 GB");
}

TEST(Bytes, CountsAndMemory) {
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(1000), "1,000");
  EXPECT_EQ(format_count(47'138), "47,138");
  EXPECT_EQ(format_count(1'234'567), "1,234,567");
  EXPECT_EQ(format_count(std::numeric_limits<std::uint64_t>::max()), "18,446,744,073,709,551,615");
  EXPECT_EQ(counted(1, "tensor"), "1 tensor");
  EXPECT_EQ(counted(0, "tensor"), "0 tensors");
  EXPECT_EQ(counted(2880, "tensor"), "2,880 tensors");
  EXPECT_EQ(format_memory(118ull << 20), "118 MiB");
  EXPECT_EQ(format_memory((1u << 20) - 1), "1 MiB");
  EXPECT_EQ(format_memory(0), "0 MiB");
}

TEST(Bytes, Arithmetic) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(checked_mul(1ull << 32, 1ull << 31), 1ull << 63);
  EXPECT_EQ(checked_mul(1ull << 32, 1ull << 32), std::nullopt);
  EXPECT_EQ(checked_mul(0, kMost), 0u);
  EXPECT_EQ(ceil_div(kMost, 2), 1ull << 63);
  EXPECT_EQ(ceil_div(0, 8), 0u);
  EXPECT_EQ(round_up(1, 4096), 4096u);
  EXPECT_EQ(round_up(4096, 4096), 4096u);
}

}  // namespace
}  // namespace ckptscope::testing
