// Every value and every checksum: what is found, and where.

#include "core/inspect/deep_check.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "tests/support/tensor_files.hpp"
#include "tests/support/torch_samples.hpp"

namespace ckptscope::testing {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

/// "code:key" of every finding.
std::string findings(const DeepReport& report) {
  std::string out;
  for (const Problem& problem : report.problems) {
    out += (out.empty() ? "" : " ") + std::string(name_of(problem.code)) + ":" +
           (problem.key.empty() ? problem.shard : problem.key);
  }
  return out;
}

DeepReport checked(const std::string& path, const Checksums& sums = {}) {
  const Checkpoint checkpoint = Checkpoint::open(path);
  EXPECT_FALSE(checkpoint.damaged());
  Progress progress;
  const DeepReport report = deep_check(checkpoint, sums, 2, progress);
  EXPECT_EQ(progress.done(), progress.total());
  return report;
}

std::string checked_tensor(Dtype dtype, Shape shape, const std::string& bytes) {
  const TempDir dir;
  write_tensors(dir / "x.safetensors", {{"w", dtype, std::move(shape), bytes}});
  return findings(checked(dir / "x.safetensors"));
}

TEST(DeepCheck, Values) {
  struct Row {
    std::string what;
    Dtype dtype;
    Shape shape;
    std::string bytes;
    std::string found;
  };
  const Row rows[] = {
      {"plain", Dtype::F32, {2, 2}, raw<float>({1, 2, 3, 4}), ""},
      {"nan", Dtype::F32, {2, 2}, raw<float>({1, 2, 3, kNan}), "nan:w"},
      {"inf", Dtype::F32, {4}, raw<float>({-kInf, 2, 3, 4}), "inf:w"},
      {"both", Dtype::F32, {2}, raw<float>({kInf, kNan}), "nan:w inf:w"},
      {"bf16 inf", Dtype::BF16, {2}, raw<std::uint16_t>({0x7F80, 0}), "inf:w"},
      {"bf16 nan", Dtype::BF16, {2}, raw<std::uint16_t>({0, 0xFF81}), "nan:w"},
      {"bf16 largest", Dtype::BF16, {2}, raw<std::uint16_t>({0x7F7F, 0}), ""},
      {"f16 inf", Dtype::F16, {2}, raw<std::uint16_t>({0xFC00, 0}), "inf:w"},
      {"f16 largest", Dtype::F16, {2}, raw<std::uint16_t>({0x7BFF, 0}), ""},
      {"e4m3 nan", Dtype::F8_E4M3, {2}, raw<std::uint8_t>({0x7F, 0}), "nan:w"},
      {"e4m3 largest", Dtype::F8_E4M3, {2}, raw<std::uint8_t>({0x7E, 0}), ""},
      {"e5m2 inf", Dtype::F8_E5M2, {2}, raw<std::uint8_t>({0x7C, 0}), "inf:w"},
      {"f64 nan", Dtype::F64, {2}, raw<double>({kNan, 0}), "nan:w"},
      {"f64 inf", Dtype::F64, {2}, raw<double>({0, kInf}), "inf:w"},
      {"integers", Dtype::I32, {2}, raw<std::uint32_t>({0x7FC00000, 0}), ""},
      {"constant", Dtype::F32, {2, 2}, raw<float>({3, 3, 3, 3}), "constant-weight:w"},
      {"zeros", Dtype::BF16, {1, 2}, raw<std::uint16_t>({0, 0}), "constant-weight:w"},
      {"0 and -0", Dtype::BF16, {1, 2}, raw<std::uint16_t>({0, 0x8000}), "constant-weight:w"},
      {"3 and -3", Dtype::F32, {1, 2}, raw<float>({3, -3}), ""},
      {"constant vector", Dtype::F32, {4}, raw<float>({3, 3, 3, 3}), ""},
      {"one element", Dtype::F32, {1, 1}, raw<float>({3}), ""},
      {"scalar", Dtype::F32, {}, raw<float>({3}), ""},
      {"equal bytes",
       Dtype::BF16,
       {1, 2},
       raw<std::uint16_t>({0x3F3F, 0x3F3F}),
       "constant-weight:w"},
      {"shifted bytes", Dtype::BF16, {1, 2}, raw<std::uint16_t>({0x3F40, 0x403F}), ""},
      {"constant codes", Dtype::U8, {2, 2}, "aaaa", ""},
      {"empty", Dtype::F32, {0, 2}, "", ""},
      {"constant nan", Dtype::F32, {2, 1}, raw<float>({kNan, kNan}), "nan:w constant-weight:w"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(checked_tensor(row.dtype, row.shape, row.bytes), row.found) << row.what;
  }
}

/// Once failed: F64 is looked at as F32, in which 1e300 is infinite.
TEST(DeepCheck, LargeDoublesAreFinite) {
  EXPECT_EQ(checked_tensor(Dtype::F64, {2}, raw<double>({1e300, -1e39})), "");
}

TEST(DeepCheck, LastElementOfManyChunks) {
  constexpr std::uint64_t kRows = 1025;  // 4.1 MB and a bit more than one chunk of reading
  std::string bytes(kRows * 1024 * 4, '\0');
  const auto put = [&](float value) { std::memcpy(&bytes[bytes.size() - 4], &value, 4); };
  EXPECT_EQ(checked_tensor(Dtype::F32, {kRows, 1024}, bytes), "constant-weight:w");
  put(1);
  EXPECT_EQ(checked_tensor(Dtype::F32, {kRows, 1024}, bytes), "");
  put(kNan);
  EXPECT_EQ(checked_tensor(Dtype::F32, {kRows, 1024}, bytes), "nan:w");
}

// printf 'x' | sha256sum and the like would do; these are of the files that the test writes.
constexpr const char* kZeros64 = "0000000000000000000000000000000000000000000000000000000000000000";

/// The sha256 of a file, as a wrong expectation makes the report tell it.
std::string sha256_told(const std::string& path, const std::string& name) {
  const DeepReport report = checked(path, {{name, kZeros64}});
  EXPECT_EQ(findings(report), "checksum:" + name);
  const std::string& message = report.problems.at(0).message;
  return message.substr(message.find("sha256 is ") + 10, 64);
}

TEST(DeepCheck, Checksums) {
  const TempDir dir;
  // A header without tensors: 8 bytes of length and "{}" with spaces; sha256 by sha256sum.
  write_file(dir / "e.safetensors", std::string("\x08\0\0\0\0\0\0\0", 8) + "{}      ");
  EXPECT_EQ(sha256_told(dir / "e.safetensors", "e.safetensors"),
            "9bbcbf73561f6bc5d0a17ea6a2081feed2d1304e87602d8c502d9a5c4bd85576");

  write_synthetic(dir / "m", synthetic({{"a", Dtype::F32, {2, 2}}, {"b", Dtype::BF16, {3}}}, 2));
  const std::string first = "model-00001-of-00002.safetensors";
  const std::string second = "model-00002-of-00002.safetensors";
  const Checksums sums{{first, sha256_told(dir / "m", first)},
                       {second, sha256_told(dir / "m", second)},
                       {"other.safetensors", kZeros64}};
  const DeepReport good = checked(dir / "m", sums);
  EXPECT_EQ(findings(good), "");
  EXPECT_EQ(good.sums_compared, 2u);
  EXPECT_EQ(good.sums_equal, 2u);
  EXPECT_EQ(good.tensors, 2u);
  EXPECT_EQ(good.bytes, 22u);

  std::string bytes = read_file(dir / ("m/" + second));
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  write_file(dir / ("m/" + second), bytes);
  const DeepReport bad = checked(dir / "m", sums);
  EXPECT_EQ(findings(bad), "checksum:" + second);
  EXPECT_EQ(bad.sums_equal, 1u);
}

const TorchSample& sample(const std::string& name) {
  return torch_sample("dcp.txt", name);
}

/// The first byte of the elements of the first archive in a file.
std::size_t first_element(const std::string& bytes) {
  const std::string record = "/data/0";
  const std::size_t end = bytes.find(record) + record.size();
  const std::size_t name = bytes.rfind("PK\x03\x04", end);
  const auto extra = static_cast<unsigned char>(bytes[name + 28]);
  return end + extra + 256u * static_cast<unsigned char>(bytes[name + 29]);
}

TEST(DeepCheck, HoldsEveryPieceOfADistributedCheckpointAgainstItsChecksum) {
  TorchSample one = sample("fsdp2_dim0");
  {
    const TempDir dir;
    one.write(dir.path());
    EXPECT_EQ(findings(checked(dir.path())), "");
  }
  std::string& bytes = one.files.at("__2_0.distcp");
  bytes[first_element(bytes)] ^= 1;
  const TempDir dir;
  one.write(dir.path());
  Progress progress;
  const DeepReport report = deep_check(Checkpoint::open(dir.path()), {}, 2, progress);
  EXPECT_EQ(findings(report), "bad-archive:first.weight");
}

TEST(DeepCheck, StopsWhenAsked) {
  const TempDir dir;
  write_synthetic(dir.path(), synthetic({{"a", Dtype::F32, {2}}}));
  const Checkpoint checkpoint = Checkpoint::open(dir.path());
  Progress progress;
  progress.request_stop();
  EXPECT_THROW(deep_check(checkpoint, {}, 1, progress), Error);
}

TEST(DeepCheck, NoticesAChangedFile) {
  const TempDir dir;
  write_synthetic(dir.path(), synthetic({{"a", Dtype::F32, {2}}}));
  const Checkpoint checkpoint = Checkpoint::open(dir.path());
  write_synthetic(dir.path(), synthetic({{"ab", Dtype::F32, {3}}}));
  Progress progress;
  try {
    deep_check(checkpoint, {}, 1, progress);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::SourceChanged);
  }
}

}  // namespace
}  // namespace ckptscope::testing
