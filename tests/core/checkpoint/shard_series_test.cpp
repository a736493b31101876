// Which numbers of a series of files are missing.

#include "core/checkpoint/shard_series.hpp"

#include <fmt/ranges.h>
#include <gtest/gtest.h>

namespace ckptscope::testing {
namespace {

TEST(ShardSeries, Missing) {
  struct Row {
    std::vector<std::string> names;
    std::string missing;  // of each series
  };
  const Row rows[] = {
      {{"model.safetensors"}, ""},
      {{"m-00001-of-00002.s", "m-00002-of-00002.s"}, "[] "},
      {{"m-00001-of-00003.s", "m-00003-of-00003.s"}, "[2] "},
      {{"m-00000-of-00002.s", "m-00001-of-00002.s"}, "[] "},
      {{"m-00000-of-00002.s", "m-00001-of-00002.s", "m-00002-of-00002.s"}, "[] "},
      {{"m-00000-of-00003.s", "m-00002-of-00003.s"}, "[1] "},
      {{"a-00001-of-00001.s", "b-00002-of-00002.s"}, "[] [1] "},
      {{"m-x-of-2.s", "m-1-of-.s"}, ""},
  };
  for (const Row& row : rows) {
    std::vector<Shard> shards;
    for (const std::string& name : row.names) shards.emplace_back().name = name;
    std::string missing;
    for (const ShardSeries& one : numbered_series(shards)) {
      missing += fmt::format("{} ", one.missing());
    }
    EXPECT_EQ(missing, row.missing) << row.names.front();
  }
}

TEST(ShardSeries, AHostileTotalIsBounded) {
  std::vector<Shard> shards(1);
  shards[0].name = "m-1-of-18446744073709551615.s";
  EXPECT_EQ(numbered_series(shards).front().missing().size(), 1000u);
}

}  // namespace
}  // namespace ckptscope::testing
