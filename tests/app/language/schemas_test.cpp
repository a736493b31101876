// Every verb has a schema, and what it prints with --json is as the schema says. Outputs of all
// other tests are held against them too, by run_shell().

#include "app/language/schemas.hpp"

#include <set>

#include "tests/support/json_contract.hpp"
#include "tests/support/recorded.hpp"
#include "tests/support/shell.hpp"

namespace ckptscope::testing {
namespace {

TEST(Schemas, AreOneAVerb) {
  std::vector<std::string> verbs;
  for (const Command* command : commands()) verbs.emplace_back(command->name);
  std::vector<std::string> found;
  for (const Schema& schema : schemas()) found.emplace_back(schema.verb);
  std::sort(verbs.begin(), verbs.end());
  std::sort(found.begin(), found.end());
  EXPECT_EQ(found, verbs);
}

TEST(Schemas, AreSchemas) {
  expect_contract("", "--schemas");
}

/// A checkpoint of every kind that one line or another asks for, and one that is damaged.
void prepare(const TempDir& dir) {
  write_synthetic(dir / "hf", recorded_case("gpt_oss-mxfp4").source);
  write_synthetic(dir / "fp8", recorded_case("mistral4-fp8-bf16").source);
  ASSERT_EQ(run_shell(dir, "ckptscope convert hf --to native -o native -q").exit, 0);
  write_file(dir / "damaged.safetensors", "no header");
  write_file(dir / "trace.txt", "KeyError: 'model.norm.weight'");
}

TEST(Schemas, HoldForEveryVerb) {
  const TempDir dir;
  prepare(dir);
  const char* lines[]{
      "info hf",
      "info fp8",
      "info damaged.safetensors",
      "info nowhere",
      "ls hf",
      "ls hf !nothing",
      "ls hf no.such.key",
      "tree hf",
      "show hf model.norm.weight",
      "show hf model.layers.0.mlp.experts.down_proj_blocks",
      "show hf model.norm.weight --values [0:2]",
      "map hf",
      "map native",
      "map hf --expect trace.txt",
      "map fp8 --set num_experts=4",
      "stat hf",
      "stat hf model.norm.weight",
      "stat hf model.layers.0.mlp.experts.down_proj --linear",
      "stat hf --against native",
      "adapters",
      "convert hf --to native -o out -q --dry-run",
      "convert hf --to native -o out -q",
      "convert hf --to native -o out -q",
      "convert fp8 --to native -o fp8-native -q",
      "convert native --quantize mxfp4 -o again -q",
      "convert hf --to native -o parts -q --part 0/2",
      "commit out",
      "verify hf out",
      "verify hf out --dtype f32",
      "verify fp8 fp8-native",
      "verify hf again --quantize mxfp4 --like hf",
      "check hf",
      "check hf --deep",
      "check damaged.safetensors",
      "diff hf native",
      "diff hf hf",
      "diff hf native --decoded",
      "diff hf hf --headers",
      "extract hf model.norm.weight -o norm.npy",
      "report hf -o page.html -q",
      "demo made",
      "export hf skeleton",
      "help",
      "help convert",
  };
  std::set<std::string> verbs;
  for (const std::string line : lines) {
    SCOPED_TRACE(line);
    verbs.insert(line.substr(0, line.find(' ')));
    const ShellResult result = run_shell(dir, "ckptscope " + line + " --json");
    EXPECT_EQ(result.out.find("{\"schema\":\"ckptscope."), 0u) << result.out << result.err;
  }
  const char* in_a_session[]{"open hf",
                             "pwd",
                             "clear",
                             "set dtype f32",
                             "set",
                             "unset dtype",
                             "cd model.layers.0",
                             "pwd",
                             "history",
                             "source lines",
                             "close",
                             "pwd",
                             "quit"};
  write_file(dir / "lines", "cd ..\n");
  std::string script;
  for (const std::string line : in_a_session) {
    verbs.insert(line.substr(0, line.find(' ')));
    script += line + " --json\n";
  }
  write_file(dir / "script", script);
  EXPECT_EQ(run_shell(dir, "ckptscope -f script").exit, 0);
  for (const Command* command : commands()) {
    EXPECT_TRUE(verbs.contains(std::string(command->name))) << command->name;
  }
}

/// Of a line of a script the verb tells, whoever asks for JSON.
TEST(Schemas, HoldForErrorsInSessions) {
  const TempDir dir;
  prepare(dir);
  const char* lines[]{"-c 'open nowhere --json'", "-c 'ls nothing --json' hf",
                      "-k -c 'ls nothing --json; ls nothing; show x --json' hf",
                      "-c 'set json; ls nothing' hf", "--json -c 'ls nothing' hf"};
  for (const std::string line : lines) {
    SCOPED_TRACE(line);
    const ShellResult result = run_shell(dir, "ckptscope " + line);
    EXPECT_NE(result.exit, 0);
    EXPECT_NE(result.out.find("\"status\":\"error\""), std::string::npos) << result.out;
    EXPECT_EQ(result.out.find("script/1"), std::string::npos) << result.out;
  }
}

TEST(Schemas, HoldForEveryRow) {
  struct Row {
    const char* line;
    const char* verb;
    const char* definition;
  };
  const Row rows[]{{"ls hf", "ls", "row"},
                   {"tree hf", "tree", "row"},
                   {"map hf", "map", "row"},
                   {"map hf --expect trace.txt", "map", "expected"},
                   {"stat hf", "stat", "row"},
                   {"stat hf --against native", "stat", "compared"},
                   {"diff hf native --headers", "diff", "row"},
                   {"diff hf native --decoded", "diff", "compared"}};
  const TempDir dir;
  prepare(dir);
  for (const Row& row : rows) {
    SCOPED_TRACE(row.line);
    const std::string out = run_shell(dir, std::string("ckptscope ") + row.line + " --jsonl").out;
    expect_contract(out, std::string(row.verb) + " " + row.definition);
  }
}

TEST(Schemas, ArePrinted) {
  const TempDir dir;
  for (const Schema& schema : schemas()) {
    const std::string line = "ckptscope help --schema " + std::string(schema.verb);
    EXPECT_EQ(run_shell(dir, line).out, schema.text);
  }
}

}  // namespace
}  // namespace ckptscope::testing
