// Slices for expert parallelism: what the ranks have, one behind the other, is the whole, bit for
// bit; and each of them goes back under its own numbers.

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>

#include "app/planning/conversion.hpp"
#include "tests/support/memory_sink.hpp"
#include "tests/support/on_disk.hpp"
#include "tests/support/recorded.hpp"

namespace ckptscope::testing {
namespace {

struct Tensor {
  Dtype dtype;
  Shape shape;
  std::vector<std::byte> bytes;
  bool operator==(const Tensor&) const = default;
};
using Tensors = std::map<std::string, Tensor>;

Plan plan_of(const RecordedCase& one, const Checkpoint& checkpoint, const std::string& experts) {
  ConversionRequest request;
  request.to = "native";
  request.adapter = one.adapter;
  request.allow = {"overflow"};
  request.experts = experts;
  return plan_conversion(checkpoint, request).plan;
}

Tensors outputs_of(const Checkpoint& checkpoint, const Plan& plan) {
  Tensors tensors;
  auto bytes = run(checkpoint, plan);
  for (std::size_t i = 0; i < plan.outputs.size(); ++i) {
    const Output& output = plan.outputs[i];
    tensors[output.key] = {output.dtype(), to_shape(output.shape()), std::move(bytes[i])};
  }
  return tensors;
}

/// Appends what one more rank has of each tensor to what those before it had.
void join(Tensors& joined, const Tensors& slice, const Tensors& whole) {
  ASSERT_EQ(slice.size(), whole.size());
  for (const auto& [key, part] : slice) {
    Tensor& all = joined[key];
    if (part == whole.at(key)) {  // all else is whole in every slice
      all = part;
      continue;
    }
    ASSERT_FALSE(part.shape.empty()) << key;
    all.dtype = part.dtype;
    if (all.shape.empty()) {
      all.shape = part.shape;
      all.shape[0] = 0;
    }
    all.shape[0] += part.shape[0];
    all.bytes.insert(all.bytes.end(), part.bytes.begin(), part.bytes.end());
  }
}

bool has_errors(const Plan& plan) {
  return std::any_of(plan.problems.begin(), plan.problems.end(),
                     [](const Problem& one) { return one.severity == Severity::Error; });
}

/// Recorded ways to native that can be gone, with outputs of experts in three dimensions:
/// "out a.experts.b BF16 [4,32,64] …".
bool groups_experts(std::string_view lines) {
  if (!goes_to_native(lines)) return false;
  std::istringstream text{std::string(lines)};
  for (std::string word, key, dtype, shape; text >> word;) {
    std::string rest;
    if (word == "out") text >> key >> dtype >> shape;
    std::getline(text, rest);
    if (word == "out" && key.find("experts") != key.npos &&
        std::count(shape.begin(), shape.end(), ',') == 2) {
      return true;
    }
  }
  return false;
}

class Slices : public ::testing::TestWithParam<std::string> {};

TEST_P(Slices, JoinedAreTheWhole) {
  const RecordedCase& one = recorded_case(GetParam());
  const OnDisk disk(one.source);
  const Plan plan = plan_of(one, disk.opened, "");
  if (has_errors(plan)) return;  // with the options of the record it is none
  const Tensors whole = outputs_of(disk.opened, plan);
  for (const std::uint64_t ranks : {2, 3, 4}) {
    SCOPED_TRACE(ranks);
    Tensors joined;
    std::uint64_t smaller = 0;
    for (std::uint64_t rank = 0; rank < ranks; ++rank) {
      const Plan slice = plan_of(one, disk.opened, fmt::format("{}/{}", rank, ranks));
      if (has_errors(slice)) {  // only of a config that says nothing, or of fewer experts
        for (const Problem& problem : slice.problems) {
          EXPECT_TRUE(problem.severity != Severity::Error || problem.code == Code::ExpertCount)
              << problem.message;
        }
        return;
      }
      const Tensors part = outputs_of(disk.opened, slice);
      for (const auto& [key, tensor] : part) smaller += tensor == whole.at(key) ? 0 : 1;
      join(joined, part, whole);
    }
    EXPECT_TRUE(joined == whole);
    EXPECT_GT(smaller, 0u) << "nothing was sliced";
  }
}

INSTANTIATE_TEST_SUITE_P(Recorded, Slices, ::testing::ValuesIn(recorded_names(groups_experts)),
                         [](const auto& test) { return as_identifier(test.param); });

/// The experts of a rank under their numbers in the whole.
TEST(SliceBack, WritesItsExpertsAlone) {
  const RecordedCase& one = recorded_case("qwen3_moe");
  const OnDisk hf(one.source);
  const Plan slice = plan_of(one, hf.opened, "1/2");
  const OnDisk native(testing::outputs_of(slice, one.source.config));
  ConversionRequest request;
  request.to = "hf";
  request.experts = "1/2";
  const Plan back = plan_conversion(native.opened, request).plan;
  expect_sound(back);
  std::set<std::string> keys;
  for (const SyntheticTensor& tensor : one.source.tensors) keys.insert(tensor.key);
  for (const Output& output : back.outputs) {
    EXPECT_EQ(keys.erase(output.key), 1u) << output.key << " is not of the source";
  }
  EXPECT_FALSE(keys.empty());
  for (const std::string& key : keys) {  // of three experts rank 0 has two
    EXPECT_TRUE(key.find(".experts.0.") != key.npos || key.find(".experts.1.") != key.npos) << key;
  }
}

}  // namespace
}  // namespace ckptscope::testing
