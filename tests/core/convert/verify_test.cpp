// Verifying finds what is missing, odd or damaged.

#include "core/convert/verify.hpp"

#include <gtest/gtest.h>

#include "tests/support/prepared.hpp"

namespace ckptscope::testing {
namespace {

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

}  // namespace
}  // namespace ckptscope::testing
