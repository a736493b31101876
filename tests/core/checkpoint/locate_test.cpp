// What a path names.

#include "core/checkpoint/locate.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/environment.hpp"
#include "tests/support/two_shards.hpp"

namespace ckptscope::testing {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> files_of(const Checkpoint& checkpoint) {
  std::vector<std::string> names;
  for (const Shard& shard : checkpoint.shards()) names.push_back(shard.name);
  return names;
}

using Names = std::vector<std::string>;

TEST(Locate, DirectoryFileAndIndex) {
  const TempDir dir;
  write_synthetic(dir / "m", two_shards());
  write_file(dir / "m/config.json", R"({"n":1})");
  for (const std::string path : {"m", "m/", "m//", "m/model.safetensors.index.json"}) {
    const Checkpoint checkpoint = Checkpoint::open(dir / path);
    EXPECT_EQ(files_of(checkpoint), (Names{kFirst, kSecond})) << path;
    EXPECT_EQ(checkpoint.config().integer("n"), 1u) << path;
    EXPECT_EQ(codes_of(checkpoint), "");
  }
  const Checkpoint one = Checkpoint::open(dir / ("m/" + std::string(kSecond)));
  EXPECT_EQ(files_of(one), Names{kSecond});
  EXPECT_EQ(one.tensors().size(), 2u);
  EXPECT_EQ(one.config().integer("n"), 1u);
  EXPECT_EQ(one.name(), kSecond);
  EXPECT_EQ(Checkpoint::open(dir / "m/").name(), "m");
}

/// Once failed: "the index names renamed.bin, a pickle, which is never opened"; there is no index.
TEST(Locate, TensorsNamedLikeAPickle) {
  const TempDir dir;
  write_synthetic(dir.path(), two_shards());
  fs::rename(dir / kFirst, dir / "renamed.bin");
  EXPECT_EQ(opened(dir / "renamed.bin"), "");
}

TEST(Locate, AFileIsJudgedByItsContent) {
  const TempDir dir;
  write_synthetic(dir.path(), two_shards());
  fs::copy_file(dir / kFirst, dir / "renamed.gguf");
  EXPECT_EQ(files_of(Checkpoint::open(dir / "renamed.gguf")), Names{"renamed.gguf"});
  fs::rename(dir / kIndex, dir / "an_index");
  EXPECT_EQ(Checkpoint::open(dir / "an_index").shards().size(), 2u);
  struct Row {
    std::string content;
    std::string outcome;
  };
  const Row rows[] = {
      {"GGUF\x03" + std::string(20, '\0'), "throws foreign-format"},
      {"PK\x03\x04" + std::string(20, 'x'), "throws bad-archive"},
      {"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "throws lfs-pointer"},
      {"", "header-too-small"},
      {"abc", "header-too-small"},
  };
  for (const Row& row : rows) {
    write_file(dir / "x.safetensors", row.content);
    EXPECT_EQ(opened(dir / "x.safetensors"), row.outcome);
  }
}

TEST(Locate, WhatIsNoCheckpoint) {
  const TempDir dir;
  const auto fresh = [&](const std::string& file) {
    fs::remove_all(dir / "d");
    fs::create_directory(dir / "d");
    if (!file.empty()) write_file(dir / ("d/" + file), "x");
    return opened(dir / "d");
  };
  EXPECT_EQ(fresh(""), "throws not-a-checkpoint");
  EXPECT_EQ(fresh("README.md"), "throws not-a-checkpoint");
  EXPECT_EQ(fresh("pytorch_model.bin"), "throws foreign-format");
  EXPECT_EQ(fresh("model.gguf"), "throws foreign-format");
  EXPECT_EQ(fresh("model.pt"), "throws foreign-format");
  EXPECT_EQ(fresh("__0_0.distcp"), "throws rank-shards");
  EXPECT_EQ(fresh("adapter_config.json"), "throws lora-adapter");
  EXPECT_EQ(opened(dir / "nowhere"), "throws not-found");
  EXPECT_EQ(opened("/dev/null"), "throws not-regular");
  ASSERT_EQ(::mkfifo((dir / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(opened(dir / "fifo"), "throws not-regular");
  fs::create_symlink(dir / "loop", dir / "loop");
  EXPECT_TRUE(opened(dir / "loop").starts_with("throws "));
  fs::create_symlink(dir / "gone", dir / "dangling.safetensors");
  EXPECT_EQ(opened(dir / "dangling.safetensors"), "throws not-found");
}

TEST(Locate, CheckpointsBelowAreListed) {
  const TempDir dir;
  write_synthetic(dir / "run/model/consolidated", two_shards());
  fs::create_directories(dir / "run/optim");
  write_file(dir / "run/optim/__0_0.distcp", "");
  fs::create_directories(dir / "run/rng");
  write_file(dir / "run/rng/rng_dp_rank_0.pt", "");
  fs::create_directories(dir / "run/saved");
  write_file(dir / "run/saved/pytorch_model.bin", "");
  const std::vector<std::string> below{dir / "run/model/consolidated", dir / "run/optim",
                                       dir / "run/saved"};
  EXPECT_EQ(checkpoints_below(dir / "run"), below);
  fs::remove_all(dir / "run/optim");  // else it is a step, and its model is opened
  const std::string message = message_of(dir / "run");
  EXPECT_NE(message.find("run/model/consolidated"), message.npos) << message;
}

TEST(Locate, SlicesMustBeOfTheirFilesTensors) {
  const TempDir dir;
  SyntheticCheckpoint slices = two_shards();
  slices.metadata["DCP_SHARDING_INFO"] = "{}";
  write_synthetic(dir.path(), slices);
  EXPECT_EQ(opened(dir.path()), "throws bad-dcp");
}

/// A run, its step, and what a save leaves that never finished.
TEST(Locate, AStepOfATrainingRunIsItsModel) {
  const TempDir dir;
  write_synthetic(dir / "run/epoch_0_step_9/model", two_shards());
  fs::create_directories(dir / "run/epoch_0_step_9/optim");
  write_file(dir / "run/LATEST.txt", "/elsewhere/run/epoch_0_step_9\n");
  for (const char* path : {"run", "run/epoch_0_step_9", "run/epoch_0_step_9/model"}) {
    const Checkpoint checkpoint = Checkpoint::open(dir / path);
    EXPECT_EQ(checkpoint.location().directory, dir / "run/epoch_0_step_9/model") << path;
    EXPECT_FALSE(checkpoint.damaged());
  }
  fs::create_directories(dir / "bare/model");
  write_file(dir / "bare/model/.metadata", "no pickle");
  EXPECT_EQ(opened(dir / "bare"), "throws bad-pickle");  // so that is what was read
  write_file(dir / "run/epoch_0_step_9/.incomplete", "");
  EXPECT_TRUE(Checkpoint::open(dir / "run").damaged());
}

TEST(Locate, WithoutAnIndexAllFilesButConsolidated) {
  const TempDir dir;
  write_one(dir.path(), "consolidated.safetensors", "z");
  EXPECT_EQ(files_of(Checkpoint::open(dir.path())), Names{"consolidated.safetensors"});
  EXPECT_EQ(opened(dir.path()), "");
  write_one(dir.path(), "part10.safetensors", "b");
  write_one(dir.path(), "part9.safetensors", "a");
  const Checkpoint both = Checkpoint::open(dir.path());
  EXPECT_EQ(files_of(both), (Names{"part9.safetensors", "part10.safetensors"}));
  EXPECT_EQ(codes_of(both), "ignored-file");
  EXPECT_EQ(both.location().ignored, Names{"consolidated.safetensors"});
}

TEST(Locate, WithAnIndexOnlyTheFilesItNames) {
  const TempDir dir;
  write_synthetic(dir.path(), two_shards());
  write_one(dir.path(), "consolidated.safetensors", "a");
  write_one(dir.path(), "extra.safetensors", "a");
  const Checkpoint checkpoint = Checkpoint::open(dir.path());
  EXPECT_EQ(files_of(checkpoint), (Names{kFirst, kSecond}));
  EXPECT_EQ(codes_of(checkpoint), "ignored-file ignored-file");
  EXPECT_FALSE(checkpoint.damaged());
}

/// Once failed: the files that the index names are noted as weights of no part of the checkpoint.
TEST(Locate, AnIndexOfConsolidatedFiles) {
  const TempDir dir;
  write_one(dir.path(), "consolidated-00001-of-00001.safetensors", "a");
  write_file(dir / "consolidated.safetensors.index.json",
             R"({"weight_map":{"a":"consolidated-00001-of-00001.safetensors"}})");
  const Checkpoint checkpoint = Checkpoint::open(dir.path());
  EXPECT_EQ(files_of(checkpoint), Names{"consolidated-00001-of-00001.safetensors"});
  EXPECT_EQ(codes_of(checkpoint), "total-size");
}

TEST(Locate, SeveralIndexes) {
  const TempDir dir;
  write_synthetic(dir.path(), two_shards());
  fs::copy_file(dir / kIndex, dir / "other.safetensors.index.json");
  EXPECT_EQ(opened(dir.path()), "");  // the usual one
  fs::rename(dir / kIndex, dir / "second.safetensors.index.json");
  EXPECT_EQ(opened(dir.path()), "throws ambiguous-index");
  const std::string message = message_of(dir.path());
  EXPECT_NE(message.find("other.safetensors.index.json, second.safetensors.index.json"),
            message.npos);
  EXPECT_EQ(opened(dir / "second.safetensors.index.json"), "");
  fs::remove(dir / "other.safetensors.index.json");
  EXPECT_EQ(opened(dir.path()), "");  // the only one
}

/// A cache as the hub's library makes it: blobs, a snapshot of links, refs/main.
void write_cache(const std::string& entry) {
  write_synthetic(entry + "/blobs", two_shards());
  fs::create_directories(entry + "/snapshots/abc123");
  fs::create_directories(entry + "/refs");
  for (const char* name : {kFirst, kSecond, kIndex}) {
    fs::create_symlink("../../blobs/" + std::string(name), entry + "/snapshots/abc123/" + name);
  }
  write_file(entry + "/refs/main", "abc123");
}

TEST(Locate, HubCache) {
  const TempDir dir;
  const std::string entry = dir / "hub/models--org--name";
  write_cache(entry);
  const Environment home("HF_HOME", dir.path());
  for (const std::string& path : {entry, entry + "/", std::string("org/name")}) {
    const Checkpoint checkpoint = Checkpoint::open(path);
    EXPECT_EQ(checkpoint.tensors().size(), 4u);
    EXPECT_EQ(codes_of(checkpoint), "symlink");  // once for all
    EXPECT_NE(checkpoint.location().resolved_from.find("models--org--name"), std::string::npos);
    EXPECT_TRUE(checkpoint.location().directory.ends_with("/snapshots/abc123"));
    EXPECT_EQ(checkpoint.location().path, path);
  }
  EXPECT_EQ(Checkpoint::open("org/name").name(), "name");
  EXPECT_EQ(opened("org/other"), "throws not-found");
  EXPECT_EQ(opened("org/name/x"), "throws not-found");
  EXPECT_EQ(opened("orgname"), "throws not-found");
  for (const std::string revision : {"", "../../..", "gone", ".."}) {
    write_file(entry + "/refs/main", revision);
    EXPECT_EQ(opened("org/name"), "throws not-a-checkpoint") << revision;
  }
}

TEST(Locate, HubCacheUnderHome) {
  const TempDir dir;
  write_cache(dir / ".cache/huggingface/hub/models--org--name");
  const Environment home("HOME", dir.path());
  if (std::getenv("HF_HOME") != nullptr) GTEST_SKIP() << "HF_HOME is set";
  EXPECT_EQ(Checkpoint::open("org/name").tensors().size(), 4u);
}

}  // namespace
}  // namespace ckptscope::testing
