// Reading back finds every changed byte.

#include "core/output/staged_sink.hpp"

#include <gtest/gtest.h>

#include "core/run/executor.hpp"
#include "tests/support/prepared.hpp"

namespace ckptscope::testing {
namespace {

TEST(ReadBack, FindsEveryChangedByte) {
  Prepared one("gpt_oss-bf16");
  const ShardLayout layout = lay_out(one.plan, 5'000'000'000, {{"format", "pt"}});
  Staging staging(one.options.out, Staging::IfExists::Fail);
  StagedSink sink(staging, layout);
  Progress progress;
  execute(
      one.plan, [&] { return std::make_unique<CheckpointSource>(one.checkpoint); }, sink, {},
      progress, "write");
  sink.finish();
  const std::string file = staging.path() + "/model.safetensors";
  const std::string good = read_file(file);
  EXPECT_EQ(sink.read_back(0, progress), xxh3(good));
  for (const std::size_t at :
       {std::size_t{0}, std::size_t{100}, std::size_t{4096}, good.size() / 2, good.size() - 1}) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    write_file(file, bad);
    EXPECT_EQ(code_of([&] { sink.read_back(0, progress); }), Code::Mismatch) << at;
  }
  write_file(file, good.substr(0, good.size() - 1));
  EXPECT_EQ(code_of([&] { sink.read_back(0, progress); }), Code::Mismatch);
}

}  // namespace
}  // namespace ckptscope::testing
