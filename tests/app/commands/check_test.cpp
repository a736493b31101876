// check of what is published: nothing of it may be called incomplete.

#include <functional>

#include "tests/support/published.hpp"
#include "tests/support/published_text.hpp"
#include "tests/support/shell.hpp"
#include "tests/support/test_names.hpp"

namespace ckptscope::testing {
namespace {

/// A checkpoint under a name.
struct Row {
  std::string name;
  std::function<SyntheticCheckpoint()> make;
};

std::vector<Row> published_rows() {
  std::vector<Row> rows;
  for (const std::string& name : published_models()) {
    rows.push_back({name, [name] { return published(name); }});
  }
  for (const std::string& name : published_text_names()) {
    rows.push_back({name, [name] { return read_published_text(name).checkpoint; }});
  }
  return rows;
}

class CheckCli : public ::testing::TestWithParam<Row> {};

TEST_P(CheckCli, PublishedModelsAreGood) {
  const TempDir dir;
  write_synthetic(dir / "model", GetParam().make());
  const ShellResult found = run_shell(dir, "ckptscope check model");
  EXPECT_EQ(found.exit, 0) << found.out << found.err;
  EXPECT_NE(found.out.find("GOOD"), std::string::npos) << found.out;
}

INSTANTIATE_TEST_SUITE_P(All, CheckCli, ::testing::ValuesIn(published_rows()),
                         [](const auto& test) { return as_identifier(test.param.name); });

}  // namespace
}  // namespace ckptscope::testing
