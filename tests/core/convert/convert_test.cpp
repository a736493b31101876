// A conversion's promises: the same bytes whatever the threads, nothing left after a failure,
// nothing lost that was there.

#include "core/convert/convert.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <set>

#include "app/planning/conversion.hpp"
#include "core/convert/verify.hpp"
#include "core/output/staged_sink.hpp"
#include "tests/support/recorded.hpp"
#include "tests/support/temp_dir.hpp"

namespace ckptscope::testing {
namespace {

namespace fs = std::filesystem;

/// A recorded source on disk, opened and planned.
struct Prepared {
  explicit Prepared(const std::string& name, const std::string& to = "native") {
    write_synthetic(dir / "source", recorded_case(name).source);
    checkpoint = Checkpoint::open(dir / "source");
    ConversionRequest request;
    request.to = to;
    plan = plan_conversion(checkpoint, request).plan;
    options.out = dir / "out";
  }
  ConvertReport run() {
    Progress progress;
    return convert(checkpoint, plan, options, progress);
  }
  /// Names in the directory beside the source.
  std::set<std::string> beside() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(dir.path()))
      names.insert(entry.path().filename());
    return names;
  }

  TempDir dir;
  Checkpoint checkpoint;
  Plan plan;
  ConvertOptions options;
};

std::map<std::string, std::string> contents(const std::string& directory) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::directory_iterator(directory)) {
    files[entry.path().filename()] = read_file(entry.path());
  }
  return files;
}

Code code_of(const auto& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.code();
  }
  return Code::Internal;
}

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
  for (const char* phase : {"write", "read back", "commit"}) {
    for (const std::uint64_t after : {0, 1, 20'000}) {
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
    void phase(std::string_view name, std::uint64_t total) override {
      Progress::phase(name, total);
      if (name == "read back") fs::last_write_time(path_, fs::file_time_type::clock::now());
    }

   private:
    std::string path_;
  };
  Prepared one("gpt_oss-bf16");
  Touch progress(one.dir / "source/model.safetensors");
  EXPECT_EQ(code_of([&] { convert(one.checkpoint, one.plan, one.options, progress); }),
            Code::SourceChanged);
  EXPECT_EQ(one.beside(), std::set<std::string>{"source"});
}

/// What a run writes into its staging directory before its first file.
std::string journal_of(const std::string& output) {
  return "ckptscope conversion in progress\npid 1, host a, since b\noutput " + output + "\n";
}

TEST(Output, IsLockedWhileAnotherWritesToIt) {
  Prepared one("gpt_oss-bf16");
  const Staging other(one.options.out, Staging::IfExists::Fail);
  EXPECT_EQ(code_of([&] { one.run(); }), Code::Locked);
}

TEST(Output, LeftoversOfAnInterruptedRunAreClearedOthersRefused) {
  Prepared one("gpt_oss-bf16");
  const std::string partial = one.options.out.text() + ".partial";
  fs::create_directory(partial);
  write_file(partial + "/model.safetensors", "half");
  EXPECT_EQ(code_of([&] { one.run(); }), Code::Exists);
  EXPECT_EQ(read_file(partial + "/model.safetensors"), "half");
  write_file(partial + "/" + std::string(kJournalName),
             journal_of("out") + "file model.safetensors\n");
  write_file(partial + "/NOTES.txt", "measured for a week");
  EXPECT_EQ(code_of([&] { one.run(); }), Code::Exists);
  EXPECT_EQ(contents(partial).size(), 3u) << "all is kept where one file is not the run's";
  fs::remove(partial + "/NOTES.txt");
  const ConvertReport report = one.run();
  EXPECT_EQ(report.notes,
            std::vector<std::string>{"cleared what an interrupted conversion had left"});
  EXPECT_EQ(one.beside(), (std::set<std::string>{"out", "source"}));
}

TEST(Output, AFinishedOneIsNeverTakenForALeftover) {
  Prepared one("gpt_oss-bf16");
  const OutputPath wanted = one.options.out;
  one.options.out = wanted.text() + ".partial";
  one.run();
  write_file(one.options.out.text() + "/NOTES.txt", "measured for a week");
  const auto before = contents(one.options.out.text());
  one.options.out = wanted;
  EXPECT_EQ(code_of([&] { one.run(); }), Code::Exists);
  EXPECT_EQ(contents(wanted.text() + ".partial"), before);
}

TEST(Output, AJournalOfAnotherOutputProvesNothing) {
  Prepared one("gpt_oss-bf16");
  const std::string partial = one.options.out.text() + ".partial";
  fs::create_directory(partial);
  write_file(partial + "/model.safetensors", "whole, and renamed by its owner");
  write_file(partial + "/" + std::string(kJournalName),
             journal_of("another") + "file model.safetensors\n");
  EXPECT_EQ(code_of([&] { one.run(); }), Code::Exists);
  EXPECT_EQ(contents(partial).size(), 2u);
}

/// As a kill between the exchange of OUT.partial and OUT and the renaming of the old one leaves it.
void interrupt_replacing(const Prepared& one) {
  const std::string out = one.options.out.text();
  fs::rename(out, out + ".partial");
  write_file(out + ".partial/mine", "precious");
  fs::create_directory(out);
  write_file(out + "/" + std::string(kJournalName), journal_of("out"));
}

TEST(Output, AKillWhileReplacingLosesNothing) {
  for (const ExistsPolicy policy : {ExistsPolicy::Replace, ExistsPolicy::Fail}) {
    Prepared one("gpt_oss-bf16");
    one.run();
    interrupt_replacing(one);
    one.options.if_exists = policy;
    if (policy == ExistsPolicy::Replace) {
      EXPECT_EQ(one.run().notes,
                std::vector<std::string>{"what a killed conversion had replaced is now " +
                                         one.options.out.text() + ".old-1"});
    } else {
      EXPECT_EQ(code_of([&] { one.run(); }), Code::Exists);
    }
    EXPECT_EQ(read_file(one.options.out.text() + ".old-1/mine"), "precious");
    EXPECT_FALSE(fs::exists(one.options.out.text() + "/" + std::string(kJournalName)));
    EXPECT_FALSE(fs::exists(one.options.out.text() + ".partial"));
  }
}

TEST(Output, ReplaceKeepsTheOldOneAndAFileIsNeverReplaced) {
  Prepared one("gpt_oss-bf16");
  one.options.if_exists = ExistsPolicy::Replace;
  fs::create_directory(one.options.out.text());
  EXPECT_EQ(one.run().replaced, "");  // an empty directory is nothing to keep
  write_file(one.options.out.text() + "/mine", "precious");
  EXPECT_EQ(one.run().replaced, one.options.out.text() + ".old-1");
  EXPECT_EQ(read_file(one.options.out.text() + ".old-1/mine"), "precious");
  EXPECT_EQ(one.run().replaced, one.options.out.text() + ".old-2");
  one.options.out = one.dir / "file";
  write_file(one.options.out.text(), "precious");
  EXPECT_EQ(code_of([&] { one.run(); }), Code::Exists);
  EXPECT_EQ(read_file(one.options.out.text()), "precious");
}

TEST(Output, IsNeverTheSourceByAnyName) {
  Prepared one("gpt_oss-bf16");
  fs::create_directory_symlink(one.dir / "source", one.dir / "link");
  for (const char* out : {"source", "source/", "source/below", "link", "link/below",
                          "source/../source/x", "./source"}) {
    one.options.out = one.dir / out;
    one.options.if_exists = ExistsPolicy::Replace;
    EXPECT_EQ(code_of([&] { one.run(); }), Code::SameFiles) << out;
  }
  Prepared inner("gpt_oss-bf16");
  inner.options.out = inner.dir.path();  // the directory that holds the source
  inner.options.if_exists = ExistsPolicy::Replace;
  EXPECT_EQ(code_of([&] { inner.run(); }), Code::SameFiles);
}

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

TEST(Plan, PlacesEveryKeyOfARankSlice) {
  const RecordedCase& recorded = recorded_case("hy_v3-moe-mtp");
  const TempDir dir;
  write_synthetic(dir.path(), recorded.source);
  const Checkpoint checkpoint = Checkpoint::open(dir.path());
  const Plan whole = plan_conversion(checkpoint, {}).plan;
  PlanOptions options = whole.options;
  options.expert_range = {2, 5};
  const Mapping mapping = mapping_of(*find_adapter("hy_v3"), checkpoint.config(), {});
  const Plan slice = make_plan({checkpoint.tensors(), checkpoint.keys()}, mapping, options);
  const Output* output = slice.find_output("model.layers.1.mlp.experts.down_projs");
  ASSERT_NE(output, nullptr);
  EXPECT_EQ(to_shape(output->shape()), (Shape{3, 40, 56}));
  EXPECT_NE(slice.expression(*output).find("E=2..4"), std::string::npos);
  EXPECT_EQ(slice.account().unplaced, 0u);
}

TEST(Plan, WithoutAConfigInfersTheExpertsAndLosesNone) {
  for (const char* name : {"hy_v3-moe-mtp", "nemotron_v3-moe"}) {
    SyntheticCheckpoint source = recorded_case(name).source;
    source.config.clear();
    const TempDir dir;
    write_synthetic(dir.path(), source);
    const Checkpoint checkpoint = Checkpoint::open(dir.path());
    ConversionRequest request;
    request.adapter = recorded_case(name).adapter;
    const Plan plan = plan_conversion(checkpoint, request).plan;
    EXPECT_TRUE(plan.sound()) << name;
    EXPECT_EQ(plan.account().unplaced, 0u) << name;
    EXPECT_TRUE(std::any_of(plan.problems.begin(), plan.problems.end(),
                            [](const Problem& one) { return one.code == Code::Inferred; }));
  }
}

TEST(Plan, ClaimsOfEmptyTensorsCostNothing) {
  const Shape experts{1ull << 40, 0, 8};
  const Shape gate{1ull << 62, 0};
  const TensorInfo tensors[] = {
      {"model.layers.0.mlp.experts.gate_and_up_projs", experts, 0, 0, Dtype::BF16},
      {"model.layers.0.mlp.gate.weight", gate, 0, 0, Dtype::BF16}};
  KeyIndex index(2);
  for (const std::uint32_t id : {0u, 1u}) index.insert(tensors, id);
  PlanOptions options;
  std::swap(options.from, options.to);
  EXPECT_FALSE(
      make_plan({tensors, index}, mapping_of(*find_adapter("hy_v3"), {}, {}), options).sound());
  EXPECT_FALSE(
      make_plan({tensors, index}, mapping_of(*find_adapter("mistral4"), {}, {}), {}).sound());
}

TEST(Verify, ReportsWhatIsMissingOddOrDamaged) {
  using Kind = Difference::Kind;
  Prepared one("gpt_oss-bf16");
  one.run();
  const std::string file = one.options.out.text() + "/model.safetensors";
  const auto kinds = [&](const Plan& plan) {
    Progress progress;
    std::set<Kind> found;
    const Checkpoint output = Checkpoint::open(one.options.out.text());
    for (const Difference& difference :
         verify(one.checkpoint, plan, output, {}, progress).differences) {
      found.insert(difference.kind);
    }
    return found;
  };
  Plan changed = one.plan;
  changed.outputs.front().key = "another";
  EXPECT_EQ(kinds(changed), (std::set{Kind::Missing, Kind::Extra}));
  changed = one.plan;
  changed.outputs.back().value = changed.values->cast(changed.outputs.back().value, Dtype::F32);
  EXPECT_EQ(kinds(changed), std::set{Kind::OtherDtype});
  changed = one.plan;
  changed.outputs.back().value = changed.values->zeros(Dtype::BF16, Shape{1});
  EXPECT_EQ(kinds(changed), std::set{Kind::OtherShape});
  write_file(file, read_file(file) + "x");
  EXPECT_EQ(kinds(one.plan), std::set{Kind::Damaged});
}

TEST(Plan, SaysWhichPartIsMissing) {
  const Mapping mapping{native("{p}.qkv", cat(0, {hf("{p}.q"), hf("{p}.k")}))};
  const TensorInfo tensors[] = {{"a.q", {}, 0, 0, Dtype::BF16}};
  KeyIndex index(1);
  index.insert(tensors, 0);
  const Plan plan = make_plan({tensors, index}, mapping, {});
  ASSERT_EQ(plan.problems.size(), 1u);
  EXPECT_EQ(plan.problems[0].code, Code::MissingPart);
  EXPECT_EQ(plan.problems[0].message, "a.qkv: its part {p}.k is missing");
}

}  // namespace
}  // namespace ckptscope::testing
