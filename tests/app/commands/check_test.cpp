// check of what is published: nothing of it may be called incomplete.

#include "tests/support/published.hpp"
#include "tests/support/shell.hpp"

namespace ckptscope::testing {
namespace {

class CheckCli : public ::testing::TestWithParam<std::string> {};

TEST_P(CheckCli, PublishedModelsAreGood) {
  const TempDir dir;
  write_synthetic(dir / "model", published(GetParam()));
  const ShellResult found = run_shell(dir, "ckptscope check model");
  EXPECT_EQ(found.exit, 0) << found.out << found.err;
  EXPECT_NE(found.out.find("GOOD"), std::string::npos) << found.out;
}

INSTANTIATE_TEST_SUITE_P(All, CheckCli, ::testing::ValuesIn(published_models()),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::replace_if(
                               name.begin(), name.end(),
                               [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
                           return name;
                         });

}  // namespace
}  // namespace ckptscope::testing
