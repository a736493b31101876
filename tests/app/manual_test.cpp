// The manual and the completions say what the tables say. CKPTSCOPE_REGENERATE=1 writes them anew.

#include "app/manual.hpp"

#include <gtest/gtest.h>

#include "app/shell_completions.hpp"
#include "core/checkpoint/synthetic.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/shell.hpp"

namespace ckptscope::testing {
namespace {

/// The manual with what stands between its markers replaced.
std::string with_section(const std::string& manual, const std::string& name,
                         const std::string& text) {
  const std::string begin = ".\\\" begin " + name + " (generated)\n";
  const std::string end = ".\\\" end " + name + "\n";
  const auto from = manual.find(begin);
  const auto to = manual.find(end);
  if (from == manual.npos || to == manual.npos) return "no section " + name;
  return manual.substr(0, from + begin.size()) + text + manual.substr(to);
}

void expect_file(const std::string& path, const std::string& text) {
  const std::string full = std::string(CKPTSCOPE_ROOT) + "/" + path;
  if (regenerates_goldens()) return write_file(full, text);
  const std::string found = read_file(full);
  EXPECT_TRUE(found == text) << path << ": CKPTSCOPE_REGENERATE=1 writes it; "
                             << first_difference(text, found);
}

TEST(Manual, HasTheTables) {
  std::string manual = read_file(std::string(CKPTSCOPE_ROOT) + "/man/ckptscope.1");
  manual = with_section(manual, "commands", manual_commands());
  manual = with_section(manual, "flags", manual_flags());
  manual = with_section(manual, "codes", manual_codes());
  manual = with_section(manual, "query", manual_query());
  expect_file("man/ckptscope.1", manual);
}

TEST(Manual, HasTheKeysOfTheScreen) {
  const std::string path = "man/ckptscope-tui.7";
  const std::string manual = read_file(std::string(CKPTSCOPE_ROOT) + "/" + path);
  expect_file(path, with_section(manual, "keys", manual_keys()));
}

TEST(Manual, HasTheWordsOfMappings) {
  const std::string path = "man/ckptscope-mapping.7";
  const std::string manual = read_file(std::string(CKPTSCOPE_ROOT) + "/" + path);
  expect_file(path, with_section(manual, "words", manual_words()));
}

TEST(Manual, CompletionsHaveTheTables) {
  expect_file("app/completions/ckptscope.bash", bash_completion());
  expect_file("app/completions/_ckptscope", zsh_completion());
  expect_file("app/completions/ckptscope.fish", fish_completion());
}

TEST(Manual, BashCompletesNamesWithBlanks) {
  const TempDir dir;
  for (const char* name : {"a b.safetensors", "a c*.safetensors"}) write_file(dir / name, "");
  const ShellResult result =
      run_shell(dir, "bash -c 'source " CKPTSCOPE_ROOT
                     "/app/completions/ckptscope.bash; COMP_WORDS=(x info a);"
                     " COMP_CWORD=2; _ckptscope;"
                     " printf \"%s\\n\" \"${COMPREPLY[@]}\" | sort'");
  EXPECT_EQ(result.out, "a b.safetensors\na c*.safetensors\n") << result.err;
}

TEST(Manual, BashCompletesKeysOfTheCheckpoint) {
  const TempDir dir;
  SyntheticCheckpoint checkpoint;
  checkpoint.tensors = {{"model.a.weight", Dtype::U8, {1}}, {"model.b", Dtype::U8, {1}}};
  write_synthetic(dir / "c", checkpoint);
  const ShellResult result =
      run_shell(dir, "bash -c 'source " CKPTSCOPE_ROOT
                     "/app/completions/ckptscope.bash; compopt() { echo \"$@\"; };"
                     " COMP_WORDS=(x ls c model.); COMP_CWORD=3; _ckptscope " CKPTSCOPE_BINARY
                     ";"
                     " printf \"%s\n\" \"${COMPREPLY[@]}\"'");
  EXPECT_EQ(result.out, "-o nospace\nmodel.a.\nmodel.b\n") << result.err;
}

}  // namespace
}  // namespace ckptscope::testing
