// Which part of a conversion a process is, and what falls to it.

#include "core/convert/parts.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/support/prepared.hpp"

namespace ckptscope::testing {
namespace {

/// "R/N", or the error.
std::string parsed(std::string_view text) {
  try {
    const ConversionPart part = parse_part(text);
    return fmt::format("{}/{}", part.number, part.count);
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(Part, Rows) {
  EXPECT_EQ(parsed("0/1"), "0/1");
  EXPECT_EQ(parsed("15/16"), "15/16");
  for (const char* text :
       {"", "3", "3/", "/3", "3/3", "4/3", "0/0", "-1/3", "1/3x", "a/b", "1 /3"}) {
    EXPECT_EQ(parsed(text),
              fmt::format("--part {}: R/N is expected, R from 0 to N - 1, or auto", text));
  }
}

TEST(Part, AsTheLauncherSays) {
  struct Row {
    std::vector<std::pair<const char*, const char*>> environment;
    const char* part;
  };
  const char* const none = "--part auto: no launcher says rank and size; --part R/N does";
  const Row rows[] = {
      {{}, none},
      {{{"RANK", "3"}, {"WORLD_SIZE", "8"}}, "3/8"},
      {{{"RANK", "3"}}, none},
      {{{"RANK", "8"}, {"WORLD_SIZE", "8"}}, none},
      {{{"RANK", "x"}, {"WORLD_SIZE", "8"}}, none},
      {{{"OMPI_COMM_WORLD_RANK", "1"}, {"OMPI_COMM_WORLD_SIZE", "2"}}, "1/2"},
      {{{"PMI_RANK", "1"}, {"PMI_SIZE", "2"}}, "1/2"},
      {{{"SLURM_PROCID", "4"}, {"SLURM_NTASKS", "6"}}, "4/6"},
      // A job array from 1 on whose tasks have a step of one process each.
      {{{"SLURM_PROCID", "0"},
        {"SLURM_NTASKS", "1"},
        {"SLURM_ARRAY_TASK_ID", "4"},
        {"SLURM_ARRAY_TASK_COUNT", "4"},
        {"SLURM_ARRAY_TASK_MIN", "1"}},
       "3/4"},
      {{{"SLURM_PROCID", "0"},
        {"SLURM_NTASKS", "1"},
        {"SLURM_ARRAY_TASK_ID", "6"},
        {"SLURM_ARRAY_TASK_COUNT", "4"},
        {"SLURM_ARRAY_TASK_MIN", "0"},
        {"SLURM_ARRAY_TASK_STEP", "2"}},
       "3/4"},
      {{{"SLURM_ARRAY_TASK_ID", "6"}, {"SLURM_ARRAY_TASK_COUNT", "4"}},
       "--part auto: task 6 of a job array of 4 is no rank; --part R/N says it"},
      {{{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "1"}, {"RANK", "1"}, {"WORLD_SIZE", "2"}}, "1/2"},
  };
  for (const Row& row : rows) {
    for (const auto& [name, value] : row.environment) ::setenv(name, value, 1);
    EXPECT_EQ(parsed("auto"), row.part);
    for (const auto& [name, value] : row.environment) ::unsetenv(name);
  }
}

TEST(Share, EveryShardFallsToOnePart) {
  Prepared one("gpt_oss-mxfp4");
  const ShardLayout layout = lay_out(one.plan, 20'000, {});
  const std::size_t shards = layout.shards.size();
  for (const std::uint64_t count : {1, 2, 3, 7, 100}) {
    std::vector<std::size_t> parts_of(shards);
    std::uint64_t written = 0;
    std::uint64_t read = 0;
    for (std::uint64_t number = 0; number < count; ++number) {
      const PartShare share = share_of({number, count}, one.plan, layout);
      for (std::size_t i = 0; i < shards; ++i) parts_of[i] += share.shards[i] ? 1 : 0;
      written += share.bytes_written;
      read += share.bytes_read;
    }
    EXPECT_EQ(parts_of, std::vector<std::size_t>(shards, 1)) << count;
    EXPECT_EQ(written, layout.file_bytes());
    EXPECT_EQ(read, one.plan.account().bytes_in);
  }
}

TEST(Share, IsEven) {
  Values values;
  Plan plan;
  for (const std::uint64_t size : {9, 8, 7, 6, 5, 4, 3, 2, 1}) {
    plan.outputs.push_back({fmt::format("t{}", size), values.zeros(Dtype::U8, Shape{size << 20})});
  }
  const ShardLayout layout = lay_out(plan, 1, {});
  std::vector<std::uint64_t> bytes;
  for (const std::uint64_t number : {0, 1, 2}) {
    bytes.push_back(share_of({number, 3}, plan, layout).bytes_written >> 20);
  }
  EXPECT_EQ(bytes, (std::vector<std::uint64_t>{16, 15, 14}));
}

/// Of what is sliced as much is read as is wanted.
TEST(Share, CountsWhatIsRead) {
  Values values;
  const ValuePtr stack = values.input(0, Dtype::BF16, Shape{8, 6, 10});
  EXPECT_EQ(bytes_read_for(*stack), 960u);
  EXPECT_EQ(bytes_read_for(*values.select(stack, 3)), 120u);
  EXPECT_EQ(bytes_read_for(*values.slice(values.select(stack, 3), 0, 1, 3)), 40u);
  const ValuePtr pair[] = {values.select(stack, 0), values.select(stack, 1)};
  EXPECT_EQ(bytes_read_for(*values.cast(values.stack(pair, 0), Dtype::F32)), 240u);
}

}  // namespace
}  // namespace ckptscope::testing
