// Bytes are the same whichever way they come.

#include "core/source/shard_reader.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <random>

#include "core/base/error.hpp"
#include "tests/support/temp_dir.hpp"

namespace ckptscope::testing {
namespace {

std::string random_text(std::size_t size) {
  std::mt19937_64 random(size);
  std::string text(size, '\0');
  for (char& one : text) one = static_cast<char>(random());
  return text;
}

/// On the disk, and nowhere else.
void make_cold(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  ::fsync(fd);
  EXPECT_EQ(::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
  ::close(fd);
}

TEST(ShardReader, ColdAndWarmBytesAreThoseOfTheFile) {
  constexpr std::size_t kSize = (11u << 20) + 1234;  // ends within a block
  const TempDir dir;
  const std::string path = dir / "file";
  const std::string text = random_text(kSize);
  write_file(path, text);
  std::mt19937_64 random(1);
  Buffer scratch;
  for (int i = 0; i < 60; ++i) {
    if (i % 3 == 0) make_cold(path);
    ShardReader reader{File(path)};
    const std::size_t offset = i == 0 ? 0 : random() % kSize;
    const std::size_t most = kSize - offset;
    const std::size_t size = i % 4 == 0 ? most : random() % (most + 1);
    std::string out(size, '\0');
    reader.read(offset, std::as_writable_bytes(std::span(out)), scratch);
    ASSERT_TRUE(out == text.substr(offset, size)) << offset << " + " << size;
    const auto fetched = reader.fetch(offset, size, scratch);
    ASSERT_TRUE(std::equal(fetched.begin(), fetched.end(), std::as_bytes(std::span(out)).begin()));
    ASSERT_EQ(fetched.size(), size);
  }
}

/// Past its end, and where it has been cut since it was opened: the error of any file.
TEST(ShardReader, WhatIsNotThereIsAnError) {
  const TempDir dir;
  const std::string path = dir / "file";
  write_file(path, random_text(4u << 20));
  Buffer scratch;
  std::string out(1u << 20, '\0');
  const auto bytes = std::as_writable_bytes(std::span(out));
  const auto code_of_read = [&](std::uint64_t offset, ShardReader& reader) {
    try {
      reader.read(offset, bytes, scratch);
    } catch (const Error& error) {
      return error.code();
    }
    return Code::Internal;
  };
  ShardReader reader{File(path)};
  make_cold(path);
  EXPECT_EQ(code_of_read((4u << 20) - 100, reader), Code::TruncatedSource);
  EXPECT_EQ(code_of_read(~0ull - 7, reader), Code::Io);
  EXPECT_EQ(::truncate(path.c_str(), 2 << 20), 0);
  EXPECT_EQ(code_of_read(3u << 20, reader), Code::TruncatedSource);
  EXPECT_EQ(code_of_read((2u << 20) - 4096, reader), Code::TruncatedSource);
}

TEST(ShardReader, SmallAndEmptyFiles) {
  const TempDir dir;
  Buffer scratch;
  for (const std::size_t size : {0u, 1u, 5000u}) {
    const std::string text = random_text(size);
    write_file(dir / "file", text);
    ShardReader reader{File(dir / "file")};
    std::string out(size, '\0');
    reader.read(0, std::as_writable_bytes(std::span(out)), scratch);
    EXPECT_EQ(out, text);
  }
}

}  // namespace
}  // namespace ckptscope::testing
