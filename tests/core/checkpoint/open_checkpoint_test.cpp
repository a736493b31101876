// Opening: configs and shards that are not what they should be, and that nothing stays open.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "core/base/display.hpp"
#include "tests/support/two_shards.hpp"

namespace ckptscope::testing {
namespace {

namespace fs = std::filesystem;

TEST(ConfigFile, WhatIsNotUsedIsAWarningAndTheRestOpens) {
  struct Row {
    std::string text;
    bool used;
  };
  const Row rows[] = {
      {"{}", true},
      {R"({"num_hidden_layers":9223372036854775808,"hidden_size":18446744073709551615})", true},
      {R"({"num_hidden_layers":123456789012345678901234567890})", true},
      {R"({"num_hidden_layers":"3","model_type":7,"dtype":[]})", true},
      {R"({"auto_map":{"AutoModel":"evil.py"},"_name_or_path":"http://x"})", true},
      {"", false},
      {"[]", false},
      {"null", false},
      {"\"x\"", false},
      {R"({"x":NaN})", true},  // as Python writes them
      {R"({"x":[0.0,Infinity,-Infinity]})", true},
      {R"({"x":nan})", false},
      {R"({"x":+Infinity})", false},
      {R"({"x":Inf})", false},
      {R"({"x":1e999})", false},
      {R"({"x":1,"x":1})", false},
      {R"({"y":{"x":1,"x":1}})", false},
      {R"({"x":1)", false},
      {R"({"x":1} x)", false},
      {"\xef\xbb\xbf{}", false},
      {"{\"x\":\"\xff\"}", false},
      {R"({"x":)" + std::string(1'000'000, '['), false},
      {R"({"x":)" + std::string(400, '9') + "}", false},
  };
  const TempDir dir;
  write_synthetic(dir.path(), two_shards());
  for (const Row& row : rows) {
    write_file(dir / "config.json", row.text);
    const Checkpoint checkpoint = Checkpoint::open(dir.path());
    EXPECT_EQ(codes_of(checkpoint), row.used ? "" : "bad-config") << row.text.substr(0, 80);
    EXPECT_EQ(checkpoint.config().present(), row.used);
    EXPECT_EQ(checkpoint.config_path().empty(), !row.used);
    EXPECT_EQ(checkpoint.tensors().size(), 4u);
    EXPECT_FALSE(checkpoint.damaged());
    // One that was asked for must be good.
    EXPECT_EQ(opened(dir.path(), {dir / "config.json"}), row.used ? "" : "throws bad-config");
  }
  fs::remove(dir / "config.json");
  EXPECT_EQ(opened(dir.path()), "");
  EXPECT_EQ(opened(dir.path(), {dir / "config.json"}), "throws not-found");
  ASSERT_EQ(::mkfifo((dir / "config.json").c_str(), 0600), 0);
  EXPECT_EQ(opened(dir.path()), "bad-config");
}

TEST(ConfigFile, TooLargeIsNotRead) {
  const TempDir dir;
  write_synthetic(dir.path(), two_shards());
  write_file(dir / "config.json", "{}");
  fs::resize_file(dir / "config.json", 1'000'000'000);
  EXPECT_EQ(opened(dir.path()), "bad-config");
}

/// Once failed: the JSON library quotes the bytes it read, and the message is not escaped. U+009B
/// is CSI.
TEST(ConfigFile, MessagesShowNothingRaw) {
  const TempDir dir;
  write_synthetic(dir.path(), two_shards());
  for (const std::string text : {"{\"x\":\"\u009b31m\u202e\xff\"}", "{\"x\":\"\xff\x9b\"}"}) {
    write_file(dir / "config.json", text);
    const Checkpoint checkpoint = Checkpoint::open(dir.path());
    ASSERT_EQ(codes_of(checkpoint), "bad-config");
    EXPECT_FALSE(needs_escape(checkpoint.problems()[0].message))
        << display(checkpoint.problems()[0].message);
  }
}

TEST(Shards, ALinkMayPointAnywhereAndIsNoted) {
  const TempDir dir;
  write_synthetic(dir / "disk", two_shards());
  write_synthetic(dir / "m", two_shards());
  fs::remove(dir / ("m/" + std::string(kFirst)));
  fs::create_symlink(dir / ("disk/" + std::string(kFirst)), dir / ("m/" + std::string(kFirst)));
  const Checkpoint checkpoint = Checkpoint::open(dir / "m");
  ASSERT_EQ(codes_of(checkpoint), "symlink");
  EXPECT_EQ(checkpoint.problems()[0].severity, Severity::Note);
  EXPECT_NE(checkpoint.problems()[0].message.find("disk/"), std::string::npos);
  EXPECT_FALSE(checkpoint.damaged());
}

/// Once failed: not-found for the whole directory; a shard that is named but absent is a defect to
/// list.
TEST(Shards, ADanglingLinkIsAMissingShard) {
  const TempDir dir;
  write_synthetic(dir.path(), two_shards());
  fs::remove(dir / kSecond);
  fs::create_symlink("../blobs/gone", dir / kSecond);
  EXPECT_TRUE(opened(dir.path()).starts_with("missing-shard")) << opened(dir.path());
}

TEST(Shards, NotRegular) {
  const TempDir dir;
  write_synthetic(dir.path(), two_shards());
  fs::remove(dir / kFirst);
  ASSERT_EQ(::mkfifo((dir / kFirst).c_str(), 0600), 0);
  EXPECT_EQ(opened(dir.path()), "missing-shard");
  const std::string message = Checkpoint::open(dir.path()).problems()[0].message;
  EXPECT_NE(message.find("not a regular file: 2 tensors lost"), message.npos) << message;
  fs::remove(dir / kFirst);
  fs::create_symlink("/dev/zero", dir / kFirst);
  EXPECT_EQ(opened(dir.path()), "missing-shard symlink");
  fs::remove(dir / kFirst);
  fs::create_directory(dir / kFirst);
  EXPECT_EQ(opened(dir.path()), "missing-shard");
}

TEST(Shards, NumberingIsOnlyANote) {
  const TempDir dir;
  SyntheticCheckpoint zero_based = two_shards();
  zero_based.zero_based = true;  // 00000 and 00001 of 00001
  write_synthetic(dir.path(), zero_based);
  EXPECT_EQ(opened(dir.path()), "file-numbering");
}

TEST(Shards, TensorInTwoFilesWithoutIndex) {
  const TempDir dir;
  write_one(dir.path(), "one.safetensors", "a");
  write_one(dir.path(), "two.safetensors", "a");
  const Checkpoint checkpoint = Checkpoint::open(dir.path());
  EXPECT_EQ(codes_of(checkpoint), "duplicate-tensor");
  EXPECT_TRUE(checkpoint.damaged());
}

TEST(Shards, LookAlikeNames) {
  const TempDir dir;
  SyntheticCheckpoint checkpoint;
  checkpoint.tensors.push_back({"caf\u00e9", Dtype::F32, {1}});
  checkpoint.tensors.push_back({"cafe\u0301", Dtype::F32, {1}});
  write_synthetic(dir.path(), checkpoint);
  EXPECT_EQ(opened(dir.path()), "look-alike");
}

std::size_t open_descriptors() {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator("/proc/self/fd"), {}));
}

TEST(Shards, TenThousandOpensLeaveNothingOpen) {
  const TempDir dir;
  SyntheticCheckpoint one;
  one.tensors.push_back({"a", Dtype::F32, {2}});
  one.config = "{}";
  write_synthetic(dir.path(), one);
  write_file(dir / "bad.safetensors.index.json", "{");
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_EQ(Checkpoint::open(dir / "model.safetensors").tensors().size(), 1u);
    ASSERT_EQ(opened(dir / "bad.safetensors.index.json"), "throws bad-index");
  }
  EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
}  // namespace ckptscope::testing
