// Files of torch.save opened as checkpoints: tensors through the source that conversions read with.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "core/checkpoint/checkpoint.hpp"
#include "core/inspect/deep_check.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/test_names.hpp"
#include "tests/support/torch_samples.hpp"

namespace ckptscope::testing {
namespace {

bool has(const Checkpoint& checkpoint, Code code) {
  const auto problems = checkpoint.problems();
  return std::any_of(problems.begin(), problems.end(),
                     [&](const Problem& one) { return one.code == code; });
}

class TorchFiles : public ::testing::TestWithParam<std::string> {};

TEST_P(TorchFiles, OpenAsCheckpoints) {
  const TorchSample& sample = torch_sample("torch_save.txt", GetParam());
  const TempDir dir;
  sample.write(dir.path());
  try {
    const Checkpoint checkpoint = Checkpoint::open(dir / sample.name);
    const bool distributed = !sample.optim.empty();  // DTensors are understood
    EXPECT_EQ(has(checkpoint, Code::ForeignNames), !sample.foreign.empty() && !distributed);
    const SampleTensors found = tensors_of(checkpoint);
    for (const auto& [name, tensor] : sample.tensors) {
      ASSERT_TRUE(found.contains(name)) << name;
      EXPECT_TRUE(found.at(name) == tensor) << name;
    }
    // Sums of storages are held by `check --deep` alone.
    const bool told = checkpoint.damaged() || sample.why == "crc";
    EXPECT_TRUE(sample.verdict != "damaged" || told) << sample.why;
    if (sample.why != "crc") return;
    Progress progress;
    const DeepReport report = deep_check(checkpoint, {}, 1, progress);
    ASSERT_EQ(report.problems.size(), 1u);
    EXPECT_EQ(report.problems[0].code, Code::BadArchive);
  } catch (const Error& error) {
    EXPECT_TRUE(sample.verdict == "damaged" || !sample.foreign.empty()) << error.what();
  }
}

INSTANTIATE_TEST_SUITE_P(Torch, TorchFiles,
                         ::testing::ValuesIn(torch_sample_names("torch_save.txt")),
                         [](const auto& test) { return as_identifier(test.param); });

const TorchSample& sample_named(std::string_view name) {
  return torch_sample("torch_save.txt", name);
}

TEST(TorchFile, TiedWeightsAreTold) {
  const TempDir dir;
  sample_named("pytorch_model.bin").write(dir.path());
  EXPECT_TRUE(has(Checkpoint::open(dir.path()), Code::TiedStorage));
}

/// Once failed: the shard of a tensor that is transposed, and so lies in a piece, was looked up as
/// one.
TEST(TorchFile, AnIndexNamesOneOfTwoFilesThatHaveATransposedTensor) {
  const TempDir dir;
  const TorchSample& sample = sample_named("views.pt");
  const std::string files[] = {"pytorch_model-00001-of-00002.bin",
                               "pytorch_model-00002-of-00002.bin"};
  for (const std::string& file : files) write_file(dir / file, sample.files.at("views.pt"));
  for (const std::string& file : files) {
    std::string map;
    for (const auto& [name, tensor] : sample.tensors) {
      map += fmt::format("{}\"{}\":\"{}\"", map.empty() ? "" : ",", name, file);
    }
    write_file(dir / "pytorch_model.bin.index.json", R"({"weight_map":{)" + map + R"(,"absent":")" +
                                                         files[0] + R"(","x":")" + files[1] +
                                                         "\"}}");
    const Checkpoint checkpoint = Checkpoint::open(dir.path());
    std::map<Code, std::size_t> counts;
    for (const Problem& problem : checkpoint.problems()) ++counts[problem.code];
    EXPECT_EQ(counts[Code::DuplicateTensor], sample.tensors.size());
    EXPECT_EQ(counts[Code::MissingTensor], 2u);  // absent and x
    EXPECT_EQ(counts[Code::UnindexedTensor], 0u);
  }
}

/// What a trainer's ranks have saved each for itself: placements say how it goes together.
TEST(RankFiles, BecomeWholeTensors) {
  const TempDir dir;
  const TorchSample& first = sample_named("model_world_size_2_rank_0.pt");
  first.write(dir.path());
  EXPECT_TRUE(has(Checkpoint::open(dir.path()), Code::MissingShard));
  sample_named("model_world_size_2_rank_1.pt").write(dir.path());
  const Checkpoint checkpoint = Checkpoint::open(dir.path());
  EXPECT_TRUE(checkpoint.problems().empty());
  EXPECT_EQ(tensors_of(checkpoint), first.optim);
}

/// Placements of one and two dimensions of a mesh, one over the other too.
TEST(RankFiles, MakeWholeTensors) {
  ASSERT_GE(torch_samples("ranks.txt").size(), 5u);
  for (const TorchSample& sample : torch_samples("ranks.txt")) {
    SCOPED_TRACE(sample.name);
    const TempDir dir;
    sample.write(dir.path());
    const Checkpoint checkpoint = Checkpoint::open(dir.path());
    EXPECT_FALSE(checkpoint.damaged());
    EXPECT_EQ(tensors_of(checkpoint), sample.tensors);
    const std::string first = sample.files.begin()->first;
    const Checkpoint alone = Checkpoint::open(dir / first);
    ASSERT_TRUE(alone.damaged());
    EXPECT_EQ(alone.problems().back().code, Code::MissingShard);
  }
}

}  // namespace
}  // namespace ckptscope::testing
