// What the program prints of a model on a hub is what it prints of the same model on disk.
#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <regex>
#include <string>

#include "tests/support/environment.hpp"
#include "tests/support/shell.hpp"
#include "tests/support/stand_in_hub.hpp"
#include "tests/support/temp_dir.hpp"

namespace ckptscope::testing {
namespace {

class RemoteProgram : public ::testing::Test {
 protected:
  RemoteProgram() {
    run("ckptscope demo hub/org");
    std::filesystem::rename(dir_ / "hub/org/gpt-oss-demo", dir_ / "hub/org/demo");
    hub_.emplace(dir_ / "hub");
    endpoint_.emplace("HF_ENDPOINT", hub_->endpoint());
  }
  ShellResult run(const std::string& line) const { return run_shell(dir_, line); }

  std::string sha256_line(const std::string& file) const { return run("sha256sum " + file).out; }

  const TempDir dir_;
  const EmptyHome home_{dir_};
  std::optional<StandInHub> hub_;
  std::optional<Environment> endpoint_;
};

/// "DEMO" is the model, on the hub or here.
std::string with_model(const std::string& text, const std::string& model) {
  return std::regex_replace(text, std::regex("DEMO|hf://org/demo"), model);
}

TEST_F(RemoteProgram, PrintsWhatItPrintsOfTheSameDirectory) {
  for (const std::string line :
       {"ckptscope DEMO", "ckptscope info DEMO --json", "ckptscope ls DEMO",
        "ckptscope ls DEMO 'experts' --json", "ckptscope tree DEMO",
        "ckptscope map DEMO --to native", "ckptscope map DEMO --to native --json",
        "ckptscope check DEMO", "ckptscope check DEMO --json",
        "ckptscope diff DEMO hub/org/demo --headers",
        "ckptscope diff hub/org/demo DEMO --headers --json",
        "ckptscope DEMO -c 'ls; cd model; pwd; map --to native'",
        "ckptscope convert DEMO -o out --to native -n"}) {
    const ShellResult here = run(with_model(line, "hub/org/demo"));
    const ShellResult there = run(with_model(line, "hf://org/demo"));
    EXPECT_EQ(there.exit, here.exit) << line;
    EXPECT_FALSE(here.out.empty()) << line << here.err;
    const std::regex free("of [0-9.]+ .B free");  // it changes meanwhile
    EXPECT_EQ(std::regex_replace(with_model(there.out, "hub/org/demo"), free, "free"),
              std::regex_replace(here.out, free, "free"))
        << line;
    EXPECT_EQ(there.err, here.err) << line;
  }
}

TEST_F(RemoteProgram, ExportsWhatExportMakesOfTheSameDirectory) {
  run("ckptscope export hub/org/demo here");
  EXPECT_EQ(run("ckptscope export hf://org/demo there").exit, 0);
  EXPECT_EQ(run("diff -r here there").exit, 0);
}

TEST_F(RemoteProgram, ValuesUpToACap) {
  const std::string key = "model.norm.weight";
  EXPECT_EQ(run("ckptscope stat hf://org/demo " + key).out,
            run("ckptscope stat hub/org/demo " + key).out);
  EXPECT_EQ(run("ckptscope show hf://org/demo " + key + " --values '[0:4]'").out,
            run("ckptscope show hub/org/demo " + key + " --values '[0:4]'").out);
  const ShellResult plain = run("ckptscope show hf://org/demo " + key);
  EXPECT_NE(plain.out.find("values    elsewhere: --values and --image fetch some"),
            std::string::npos)
      << plain.out;
  const std::size_t before = hub_->requests().size();
  const ShellResult capped = run("ckptscope stat hf://org/demo " + key + " --fetch 100");
  EXPECT_EQ(capped.exit, 2);
  EXPECT_EQ(hub_->requests().size(), before + 1) << "nothing but the commit";
  EXPECT_NE(capped.err.find("hf download org/demo [values-elsewhere]"), std::string::npos)
      << capped.err;
}

TEST_F(RemoteProgram, RefusesWhatReadsAllValues) {
  for (const std::string line :
       {"ckptscope convert DEMO -o out --to native",
        "ckptscope verify DEMO hub/org/gpt-oss-demo-native", "ckptscope check DEMO --deep",
        "ckptscope diff DEMO hub/org/demo", "ckptscope diff hub/org/demo DEMO",
        "ckptscope diff DEMO hub/org/gpt-oss-demo-native --decoded",
        "ckptscope extract DEMO model.norm.weight -o norm.npy",
        "ckptscope stat hub/org/demo --against DEMO", "ckptscope report DEMO -o page.html"}) {
    const ShellResult result = run(with_model(line, "hf://org/demo"));
    EXPECT_EQ(result.exit, 2) << line << result.out;
    EXPECT_NE(result.err.find("hf download org/demo [values-elsewhere]"), std::string::npos)
        << line << result.err;
  }
  for (const char* name : {"out", "norm.npy", "page.html"}) {
    EXPECT_FALSE(std::filesystem::exists(dir_ / name)) << name;
  }
}

TEST_F(RemoteProgram, ChecksADownloadAgainstTheHub) {
  const std::string check = "ckptscope check here --against hf://org/demo";
  std::filesystem::copy(dir_ / "hub/org/demo", dir_ / "here");
  const ShellResult good = run(check);
  EXPECT_EQ(good.exit, 0) << good.out << good.err;
  EXPECT_NE(good.out.find("shards as hf://org/demo"), std::string::npos) << good.out;
  std::string shard;
  for (const auto& entry : std::filesystem::directory_iterator(dir_ / "here")) {
    if (entry.path().extension() == ".safetensors") shard = entry.path().string();
  }
  std::string bytes = read_file(shard);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  write_file(shard, bytes);
  const ShellResult flipped = run(check);
  EXPECT_EQ(flipped.exit, 1);
  EXPECT_NE(flipped.out.find("download it again [checksum]"), std::string::npos) << flipped.out;
  std::filesystem::rename(shard, dir_ / "here/other.safetensors");
  EXPECT_EQ(run(check).exit, 1);
  EXPECT_EQ(run("ckptscope check here --against hub/org/demo").exit, 2) << "nothing is recorded";
}

TEST_F(RemoteProgram, AShardWithoutASumIsNotCalledEqual) {
  std::filesystem::copy(dir_ / "hub/org/demo", dir_ / "here");
  write_file(dir_ / "one.txt", sha256_line("here/model-00001-of-00003.safetensors"));
  const ShellResult some = run("ckptscope check here --sums one.txt");
  EXPECT_NE(some.out.find("1 of 3 shards as one.txt"), std::string::npos) << some.out;
  EXPECT_NE(some.out.find("not compared, one.txt has no sha256 of it"), std::string::npos);
}

TEST_F(RemoteProgram, ALikeThatLiesElsewhereLendsItsShapesAlone) {
  write_file(dir_ / "hub/org/demo/tokenizer.json", "{}");
  const ShellResult made =
      run("ckptscope convert hub/org/gpt-oss-demo-native -o back --to hf --quantize mxfp4 --like "
          "hf://org/demo");
  EXPECT_EQ(made.exit, 0) << made.err;
  EXPECT_FALSE(std::filesystem::exists(dir_ / "back/tokenizer.json"));
  EXPECT_NE((made.out + made.err).find("its headers alone were fetched"), std::string::npos)
      << made.out << made.err;
}

TEST_F(RemoteProgram, ShowsNoSignature) {
  const std::string url = hub_->endpoint() + "/none/model.safetensors?X-Amz-Signature=SECRET";
  const ShellResult result = run("ckptscope info '" + url + "' --json");
  EXPECT_EQ((result.out + result.err).find("SECRET"), std::string::npos);
}

TEST_F(RemoteProgram, TouchesNoNetworkForPathsOfThisMachine) {
  run("ckptscope info hub/org/demo");
  run("ckptscope info org/demo");  // a name in the hub's cache
  EXPECT_TRUE(hub_->requests().empty());
}

}  // namespace
}  // namespace ckptscope::testing
