// Reading back finds every changed byte; a shard is done once it has its name and its record.

#include "core/output/staged_sink.hpp"

#include <gtest/gtest.h>

#include "core/run/executor.hpp"
#include "tests/support/prepared.hpp"

namespace ckptscope::testing {
namespace {

TEST(ReadBack, FindsEveryChangedByte) {
  const TempDir dir;
  const std::string good(10'000, 'x');
  const std::string file = dir / "file";
  const auto read_back = [&] {
    WrittenRanges written;
    for (const std::size_t at : {std::size_t{4096}, std::size_t{0}}) {
      const auto range = std::as_bytes(std::span(good)).subspan(at, at == 0 ? 4096 : 5904);
      written.add(at, range.size(), xxh3(range));
    }
    Progress progress;
    return written.read_back(file, "file", good.size(), progress);
  };
  write_file(file, good);
  EXPECT_EQ(read_back(), xxh3(good));
  for (const std::size_t at : {0u, 100u, 4095u, 4096u, 9999u}) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    write_file(file, bad);
    EXPECT_EQ(code_of(read_back), Code::Mismatch) << at;
  }
  write_file(file, good.substr(0, good.size() - 1));
  EXPECT_EQ(code_of(read_back), Code::Mismatch);
}

TEST(StagedSink, AShardIsDoneWithItsRecord) {
  Prepared one("gpt_oss-bf16");
  const ShardLayout layout = lay_out(one.plan, 5'000'000'000, {{"format", "pt"}});
  const OutputShard& shard = layout.shards.at(0);
  Staging staging(one.options.out, {{}, {}, {shard.name}, {{shard.name, shard.file_bytes()}}, {}},
                  {});
  Progress progress;
  std::size_t finished = 0;
  StagedSink sink(staging, layout, progress, {true, {}, [&](std::size_t) { ++finished; }});
  EXPECT_TRUE(staging.done_now().empty());
  execute(
      one.plan, [&] { return std::make_unique<CheckpointSource>(one.checkpoint); }, sink, {},
      progress, "write");
  sink.finish();
  EXPECT_EQ(finished, 1u);
  EXPECT_EQ(progress.done(), progress.total());
  const auto done = staging.done_now();
  ASSERT_EQ(done.count(shard.name), 1u);
  EXPECT_EQ(done.at(shard.name).xxh3, hex64(xxh3(read_file(staging.path() + "/" + shard.name))));
}

TEST(StagedSink, WritesOnlyWhatIsWanted) {
  Prepared one("gpt_oss-bf16");
  const ShardLayout layout = lay_out(one.plan, 1, {{"format", "pt"}});  // a tensor a shard
  ASSERT_GT(layout.shards.size(), 2u);
  StagedWork work;
  for (const OutputShard& shard : layout.shards) {
    work.files.push_back(shard.name);
    work.shards.push_back({shard.name, shard.file_bytes()});
  }
  Staging staging(one.options.out, work, {});
  Progress progress;
  std::vector<bool> wanted(layout.shards.size());
  wanted[1] = true;
  StagedSink sink(staging, layout, progress, {false, wanted});
  execute(
      one.plan, [&] { return std::make_unique<CheckpointSource>(one.checkpoint); }, sink, {},
      progress, "write");
  sink.finish();
  EXPECT_EQ(progress.done(), progress.total());
  const auto done = staging.done_now();
  ASSERT_EQ(done.size(), 1u);
  EXPECT_EQ(done.begin()->first, layout.shards[1].name);
  EXPECT_EQ(done.begin()->second.xxh3, "");
}

}  // namespace
}  // namespace ckptscope::testing
