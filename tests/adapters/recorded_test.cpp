// Every recorded conversion: keys, dtypes, shapes and the hash of every output tensor.

#include <gtest/gtest.h>

#include <algorithm>

#include "app/planning/conversion.hpp"
#include "tests/support/memory_sink.hpp"
#include "tests/support/recorded.hpp"
#include "tests/support/temp_dir.hpp"

namespace ckptscope::testing {
namespace {

class Recorded : public ::testing::TestWithParam<std::string> {};

ConversionRequest request_of(const RecordedCase& one) {
  ConversionRequest request;
  request.to = one.to;
  request.adapter = one.adapter;
  for (const auto& [name, value] : one.options) {
    if (name == "dtype") request.dtype = value;
    if (name == "exclude") request.exclude = value;
    if (name == "allow") request.allow.insert(value);
    if (name == "quantize") request.quantise = value;
    if (name == "attn") request.settings["attn"] = value;
  }
  return request;
}

TEST_P(Recorded, Outputs) {
  const RecordedCase& one = recorded_case(GetParam());
  const TempDir dir;
  write_synthetic(dir.path(), one.source);
  const Checkpoint checkpoint = Checkpoint::open(dir.path());
  ASSERT_FALSE(checkpoint.damaged());
  const Plan plan = plan_conversion(checkpoint, request_of(one)).plan;
  if (!one.refused.empty()) {
    ASSERT_FALSE(plan.sound());
    const auto first =
        std::find_if(plan.problems.begin(), plan.problems.end(),
                     [](const Problem& problem) { return problem.severity == Severity::Error; });
    EXPECT_EQ(name_of(first->code), one.refused);
    EXPECT_EQ(first->message, one.message);
    return;
  }
  for (const Problem& problem : plan.problems) {
    EXPECT_NE(problem.severity, Severity::Error) << problem.message;
  }
  std::vector<RecordedOutput> expected = one.outputs;
  const auto bytes = run(checkpoint, plan);
  ASSERT_EQ(plan.outputs.size(), expected.size());
  for (std::size_t i = 0; i < plan.outputs.size(); ++i) {
    const Output& output = plan.outputs[i];
    const auto wanted = std::find_if(expected.begin(), expected.end(),
                                     [&](const RecordedOutput& o) { return o.key == output.key; });
    ASSERT_NE(wanted, expected.end()) << "not recorded: " << output.key;
    EXPECT_EQ(name_of(output.dtype()), name_of(wanted->dtype)) << output.key;
    EXPECT_EQ(to_shape(output.shape()), wanted->shape) << output.key;
    EXPECT_EQ(fnv1a64(bytes[i]), wanted->fnv1a64) << plan.line(output);
  }
  const Account account = plan.account();
  EXPECT_EQ(account.unplaced, 0u);
}

INSTANTIATE_TEST_SUITE_P(All, Recorded, ::testing::ValuesIn(recorded_names()),
                         [](const auto& test) { return as_identifier(test.param); });

}  // namespace
}  // namespace ckptscope::testing
