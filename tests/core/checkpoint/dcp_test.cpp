// Every sample of a distributed checkpoint: its tensors byte for byte, or the rule that it breaks.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "core/checkpoint/checkpoint.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/torch_samples.hpp"

namespace ckptscope::testing {
namespace {

namespace fs = std::filesystem;

/// Directories that hold a checkpoint of ranks. (What torch has consolidated itself is none of
/// them: it writes zeros for the scalar of hf_consolidated.)
std::vector<std::string> checkpoints_in(const std::string& root) {
  std::vector<std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    const std::string name = entry.path().filename().string();
    const bool holds = name.ends_with(".metadata") || name.starts_with("shard-");
    const std::string parent = entry.path().parent_path().string();
    if (holds && std::find(found.begin(), found.end(), parent) == found.end()) {
      found.push_back(parent);
    }
  }
  return found;
}

/// What is wrong with it, the first thing; empty where nothing is.
std::string read_all(const std::string& path, SampleTensors& found) {
  try {
    const Checkpoint checkpoint = Checkpoint::open(path);
    for (const Problem& problem : checkpoint.problems()) {
      if (problem.severity == Severity::Error) return problem.message;
    }
    found = tensors_of(checkpoint);
  } catch (const Error& error) {
    const Code code = error.code();
    EXPECT_TRUE(code == Code::BadDcp || code == Code::BadPickle || code == Code::BadArchive);
    return error.what();
  }
  return "";
}

/// "global posix system" is "global: posix system" here: the rule, then what breaks it.
bool names_rule(const std::string& error, const std::string& rule) {
  const std::string what = rule.starts_with("global ") ? "global: " + rule.substr(7) : rule;
  return error.find(what) != error.npos;
}

class DcpSamples : public ::testing::TestWithParam<std::string> {};

TEST_P(DcpSamples, AreWhatTheyAre) {
  const TorchSample& sample = torch_sample("dcp.txt", GetParam());
  const TempDir dir;
  sample.write(dir.path());
  for (const std::string& path : checkpoints_in(dir.path())) {
    SCOPED_TRACE(path);
    SampleTensors found;
    const std::string wrong = read_all(path, found);
    if (sample.verdict == "damaged") {
      EXPECT_TRUE(names_rule(wrong, sample.why)) << wrong << "\n" << sample.why;
      continue;
    }
    EXPECT_EQ(wrong, "");
    const bool optim = path.ends_with("/optim") && !sample.optim.empty();
    const SampleTensors& wanted = optim ? sample.optim : sample.tensors;
    EXPECT_EQ(found.size(), wanted.size());
    for (const auto& [name, tensor] : wanted) {
      ASSERT_TRUE(found.contains(name)) << name;
      EXPECT_EQ(found[name].dtype, tensor.dtype) << name;
      EXPECT_EQ(found[name].shape, tensor.shape) << name;
      EXPECT_EQ(found[name].sha256, tensor.sha256) << name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Torch, DcpSamples, ::testing::ValuesIn(torch_sample_names("dcp.txt")),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace ckptscope::testing
