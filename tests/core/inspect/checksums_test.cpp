// Checksums that others recorded: the hub's, and lists as text.

#include "core/inspect/checksums.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/tensor_files.hpp"

namespace ckptscope::testing {
namespace {

namespace fs = std::filesystem;

TEST(Checksums, HubRecords) {
  const TempDir dir;
  write_synthetic(dir.path(), synthetic({{"a", Dtype::F32, {2}}}));
  const std::string digest(64, 'a');
  fs::create_directories(dir / ".cache/huggingface/download");
  const std::string record = dir / ".cache/huggingface/download/model.safetensors.metadata";
  struct Row {
    std::string text;
    bool usable;
  };
  const Row rows[] = {
      {"commit\n" + digest + "\n1700000000.5\n", true},
      {"commit\n" + digest, true},
      {"commit\n\"" + digest + "\"\n", false},
      {"commit\n" + std::string(40, 'a') + "\n", false},  // a git hash, of small files
      {"commit\n" + std::string(64, 'G') + "\n", false},
      {digest + "\n", false},
      {"", false},
  };
  for (const Row& row : rows) {
    write_file(record, row.text);
    const Checksums sums = hub_checksums(Checkpoint::open(dir.path()));
    EXPECT_EQ(sums, row.usable ? (Checksums{{"model.safetensors", digest}}) : Checksums{})
        << row.text;
  }
}

TEST(Checksums, HubBlobNames) {
  const TempDir dir;
  const std::string digest(64, 'b');
  write_synthetic(dir / "blobs", synthetic({{"a", Dtype::F32, {2}}}));
  fs::rename(dir / "blobs/model.safetensors", dir / ("blobs/" + digest));
  fs::create_directories(dir / "snapshot");
  fs::create_symlink("../blobs/" + digest, dir / "snapshot/model.safetensors");
  const Checkpoint checkpoint = Checkpoint::open(dir / "snapshot");
  EXPECT_EQ(hub_checksums(checkpoint), (Checksums{{"model.safetensors", digest}}));
}

TEST(Checksums, SumsAsText) {
  const std::string a(64, 'a');
  const std::string b(64, '0');
  EXPECT_EQ(parse_checksums(""), Checksums{});
  EXPECT_EQ(parse_checksums(a + "  x.safetensors\n\n" + b + " *./d/y z.safetensors"),
            (Checksums{{"x.safetensors", a}, {"y z.safetensors", b}}));
  const std::string lines[] = {
      "x", a, a + "  ", std::string(63, 'a') + "  x", std::string(64, 'g') + "  x", "MD5 (x) = 0"};
  for (const std::string& text : lines) {
    EXPECT_THROW(parse_checksums(text), Error) << text;
  }
}

}  // namespace
}  // namespace ckptscope::testing
