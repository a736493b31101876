// What Tab offers: verbs, flags, values, names of tensors by dotted segment.

#include "app/session/completion.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "core/checkpoint/synthetic.hpp"
#include "tests/support/published.hpp"
#include "tests/support/temp_dir.hpp"

namespace ckptscope::testing {
namespace {

/// "a b c", with a space at the end when one may follow.
std::string offered(Session& session, const std::string& line) {
  const std::size_t begin =
      line.find_last_of(" ;|>") == line.npos ? 0 : line.find_last_of(" ;|>") + 1;
  const Candidates found = complete(session, line, begin);
  return fmt::format("{}{}", fmt::join(found.words, " "), found.complete ? " " : "");
}

class Completing : public ::testing::Test {
 protected:
  void SetUp() override {
    SyntheticCheckpoint checkpoint;
    for (const char* key : {"lm_head.weight", "model.norm.weight", "model.layers.0.mlp.up.weight",
                            "model.layers.0.mlp.down.weight", "model.layers.10.mlp.up.weight",
                            "model.odd name.x", "model.esc\x1b[31m.x"}) {
      checkpoint.tensors.push_back({key, Dtype::U8, {1}});
    }
    write_synthetic(dir_ / "c", checkpoint);
    session_.open(dir_ / "c");
  }
  TempDir dir_;
  Session session_;
};

TEST_F(Completing, Rows) {
  const std::pair<std::string, std::string> rows[] = {
      {"in", "info "},
      {"s", "show stat set source "},
      {"ls; in", "info "},
      {"ls --so", "--sort "},
      {"ls --sort ", "key bytes dtype shard "},
      {"ls --sort d", "dtype "},
      {"convert --to n", "native "},
      {"map --adapter gp", "gpt_oss "},
      {"set dt", "dtype "},
      {"help co", "convert commit "},
      {"help con", "convert "},
      {"ls l", "lm_head."},
      {"ls m", "model."},
      {"ls model.l", "model.layers."},
      {"ls model.layers.", "model.layers.0. model.layers.10."},
      {"ls model.layers.1", "model.layers.10."},
      {"ls model.layers.0.mlp.", "model.layers.0.mlp.down. model.layers.0.mlp.up."},
      {"ls model.layers.0.mlp.up.", "model.layers.0.mlp.up.weight "},
      {"ls nothing", ""},
  };
  for (const auto& [line, expected] : rows) EXPECT_EQ(offered(session_, line), expected) << line;
}

TEST_F(Completing, BelowThePrefix) {
  session_.change_prefix("model.layers");
  EXPECT_EQ(offered(session_, "ls "), "0. 10.");
  EXPECT_EQ(offered(session_, "ls 0.mlp.d"), "0.mlp.down.");
  EXPECT_EQ(offered(session_, "ls lm"), "lm_head.");  // a whole key is still found
}

/// Nothing raw reaches the terminal, and what is offered reads back as the name.
TEST_F(Completing, HostileNames) {
  const Candidates found = complete(session_, "ls model.", 3);
  std::vector<std::string> read_back;
  for (const std::string& word : found.words) {
    EXPECT_EQ(word.find('\x1b'), word.npos) << word;
    read_back.push_back(parse_steps(word).front().words.front());
  }
  EXPECT_EQ(read_back, (std::vector<std::string>{"model.esc\x1b[31m.", "model.layers.",
                                                 "model.norm.", "model.odd name."}));
}

TEST_F(Completing, Paths) {
  std::filesystem::create_directories(dir_ / "d/inner");
  write_file(dir_ / "d/a file", "");
  write_file(dir_ / "d/evil\x1b[31m", "");
  write_file(dir_ / "d/.hidden", "");
  const std::string d = dir_ / "d/";
  for (const std::string start : {"open ", "convert --output ", "ls > ", "verify ", "bogus "}) {
    EXPECT_EQ(offered(session_, start + d),
              "\"" + d + "a file\" " + d + "evil\\u{1b}[31m " + d + "inner/")
        << start;
  }
  EXPECT_EQ(offered(session_, "open " + d + "in"), d + "inner/");
  EXPECT_EQ(offered(session_, "open " + d + ".h"), d + ".hidden ");
}

TEST(Completion, IsCapped) {
  TempDir dir;
  write_synthetic(dir / "many", many_tensors(20'000, 3));
  Session session;
  session.open(dir / "many");
  const std::string experts = "ls model.layers.3.mlp.experts.";
  EXPECT_EQ(complete(session, experts, 3).words.size(), 200u);
}

TEST(Completion, WithoutACheckpoint) {
  Session session;
  EXPECT_EQ(offered(session, "ls m"), "");
}

}  // namespace
}  // namespace ckptscope::testing
