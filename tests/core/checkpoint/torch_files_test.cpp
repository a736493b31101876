// Files of torch.save opened as checkpoints: tensors through the source that conversions read with.

#include <gtest/gtest.h>

#include <algorithm>

#include "core/checkpoint/checkpoint.hpp"
#include "core/inspect/deep_check.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/torch_samples.hpp"

namespace ckptscope::testing {
namespace {

bool has(const Checkpoint& checkpoint, Code code) {
  const auto problems = checkpoint.problems();
  return std::any_of(problems.begin(), problems.end(),
                     [&](const Problem& one) { return one.code == code; });
}

class TorchFiles : public ::testing::TestWithParam<TorchSample> {};

TEST_P(TorchFiles, OpenAsCheckpoints) {
  const TorchSample& sample = GetParam();
  const TempDir dir;
  sample.write(dir.path());
  try {
    const Checkpoint checkpoint = Checkpoint::open(dir / sample.name);
    EXPECT_EQ(has(checkpoint, Code::ForeignNames), !sample.foreign.empty());
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

INSTANTIATE_TEST_SUITE_P(Torch, TorchFiles, ::testing::ValuesIn(torch_samples("torch_save.txt")),
                         [](const auto& test) {
                           std::string name = test.param.name;
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

TEST(TorchFile, TiedWeightsAreTold) {
  for (const TorchSample& sample : torch_samples("torch_save.txt")) {
    if (sample.name != "pytorch_model.bin") continue;
    const TempDir dir;
    sample.write(dir.path());
    EXPECT_TRUE(has(Checkpoint::open(dir.path()), Code::TiedStorage));
    return;
  }
  ADD_FAILURE();
}

}  // namespace
}  // namespace ckptscope::testing
