// A conversion's promises: the same bytes whatever the threads, nothing left after a failure.

#include "core/convert/convert.hpp"

#include <gtest/gtest.h>

#include "core/convert/verify.hpp"
#include "tests/support/prepared.hpp"

namespace ckptscope::testing {
namespace {

namespace fs = std::filesystem;

class EveryFamily : public ::testing::TestWithParam<const char*> {};

TEST_P(EveryFamily, SameFilesWhateverThreadsAndMemory) {
  Prepared one(GetParam());
  one.options.max_shard_bytes = 30'000;
  std::map<std::string, std::string> first;
  for (const unsigned threads : {1u, 2u, 7u}) {
    for (const std::uint64_t memory : {1ull << 20, 512ull << 20, 4ull << 30}) {
      one.options.out = one.dir / ("out-" + std::to_string(threads) + "-" + std::to_string(memory));
      one.options.resources = {memory, threads};
      one.run();
      const auto files = contents(one.options.out.text());
      if (first.empty()) first = files;
      EXPECT_EQ(files, first) << threads << " threads, " << memory;
    }
  }
}

TEST_P(EveryFamily, OutputVerifiesAndDamageIsFound) {
  Prepared one(GetParam());
  one.options.verify = VerifyLevel::RoundTrip;
  one.run();
  const Checkpoint output = Checkpoint::open(one.options.out.text());
  Progress progress;
  const VerifyReport good = verify(one.checkpoint, one.plan, output, {}, progress);
  EXPECT_TRUE(good.verified());
  EXPECT_EQ(good.equal, one.plan.outputs.size());

  const std::string file = one.options.out.text() + "/model.safetensors";
  std::string bytes = read_file(file);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  write_file(file, bytes);
  const VerifyReport bad =
      verify(one.checkpoint, one.plan, Checkpoint::open(one.options.out.text()), {}, progress);
  ASSERT_EQ(bad.differences.size(), 1u);
  EXPECT_EQ(bad.differences[0].kind, Difference::Kind::OtherValues);
  EXPECT_EQ(bad.differences[0].key, one.plan.outputs.back().key);
}

INSTANTIATE_TEST_SUITE_P(Families, EveryFamily,
                         ::testing::Values("gpt_oss-mxfp4", "nemotron_v3-moe", "hy_v3-moe-mtp",
                                           "mistral4-fp8-f32", "mistral4_vlm-fp8"));

/// Asks to stop once `after` bytes of a phase are done.
class StopAt final : public Progress {
 public:
  StopAt(std::string phase, std::uint64_t after) : wanted_(std::move(phase)), after_(after) {}
  void phase(std::string_view name, std::uint64_t total) override {
    Progress::phase(name, total);
    in_phase_ = name == wanted_;
  }
  bool stop_requested() const override { return in_phase_ && done() >= after_; }

 private:
  std::string wanted_;
  std::uint64_t after_;
  bool in_phase_ = false;
};

TEST(Interrupted, LeavesNothing) {
  for (const char* phase : {"write+read", "commit"}) {
    for (const std::uint64_t after : {0, 1, 20'000, 90'000}) {
      if (phase == std::string("commit") && after > 0) continue;
      Prepared one("hy_v3-moe-mtp");
      one.options.max_shard_bytes = 30'000;
      StopAt progress(phase, after);
      EXPECT_EQ(code_of([&] { convert(one.checkpoint, one.plan, one.options, progress); }),
                phase == std::string("commit") ? Code::Internal : Code::Interrupted)
          << phase << " " << after;
      const std::set<std::string> expected = phase == std::string("commit")
                                                 ? std::set<std::string>{"out", "source"}
                                                 : std::set<std::string>{"source"};
      EXPECT_EQ(one.beside(), expected);
    }
  }
}

TEST(Failing, ASourceThatChangesOrShrinksFailsTheConversion) {
  {
    Prepared one("gpt_oss-mxfp4");
    const std::string shard = one.dir / "source/model-00002-of-00003.safetensors";
    write_file(shard, read_file(shard));  // the same bytes at another time
    EXPECT_EQ(code_of([&] { one.run(); }), Code::SourceChanged);
    EXPECT_EQ(one.beside(), std::set<std::string>{"source"});
  }
  {
    Prepared one("gpt_oss-bf16");
    CheckpointSource source(one.checkpoint);
    std::byte byte{};
    source.read(0, 0, {&byte, 1});  // open before it shrinks
    fs::resize_file(one.dir / "source/model.safetensors",
                    one.checkpoint.shards()[0].data_start + 1);
    std::vector<std::byte> tensor(one.checkpoint.tensors()[1].bytes());
    EXPECT_EQ(code_of([&] { source.read(1, 0, tensor); }), Code::TruncatedSource);
  }
}

TEST(Failing, ASourceThatChangesDuringTheRunIsNoticedAtTheEnd) {
  class Touch final : public Progress {
   public:
    explicit Touch(std::string path) : path_(std::move(path)) {}
    void line(std::string_view text) override {  // the only shard is done
      if (text.starts_with("write")) {
        fs::last_write_time(path_, fs::file_time_type::clock::now());
      }
    }

   private:
    std::string path_;
  };
  for (const char* name : {"model.safetensors", "config.json"}) {
    Prepared one("gpt_oss-bf16");
    Touch progress(one.dir / (std::string("source/") + name));
    EXPECT_EQ(code_of([&] { convert(one.checkpoint, one.plan, one.options, progress); }),
              Code::SourceChanged);
    EXPECT_EQ(one.beside(), std::set<std::string>{"source"});
  }
}

}  // namespace
}  // namespace ckptscope::testing
