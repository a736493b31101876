// What is told about a checkpoint and a plan: counts, values, differences, receipts, the layout of
// output files, and numbers as text.

#include <gtest/gtest.h>

#include <atomic>
#include <bit>
#include <cstring>
#include <limits>

#include "core/base/bytes.hpp"
#include "core/base/hash.hpp"
#include "core/base/parallel.hpp"
#include "core/checkpoint/safetensors.hpp"
#include "core/checkpoint/safetensors_writer.hpp"
#include "core/checkpoint/synthetic.hpp"
#include "core/inspect/deep_check.hpp"
#include "core/inspect/diff.hpp"
#include "core/inspect/element_text.hpp"
#include "core/inspect/expected_keys.hpp"
#include "core/inspect/summary.hpp"
#include "core/output/receipt.hpp"
#include "core/output/shard_layout.hpp"
#include "core/output/staging.hpp"
#include "core/plan/folded_plan.hpp"
#include "tests/support/temp_dir.hpp"

namespace ckptscope::testing {
namespace {

namespace fs = std::filesystem;

template <typename T>
std::string raw(std::initializer_list<T> values) {
  std::string bytes;
  for (const T value : values) bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  return bytes;
}

struct Tensor {
  std::string key;
  Dtype dtype;
  Shape shape;
  std::string bytes;
};

void write_tensors(const std::string& path, const std::vector<Tensor>& tensors) {
  std::vector<HeaderEntry> entries;
  std::string data;
  for (const Tensor& tensor : tensors) {
    entries.push_back({tensor.key, tensor.dtype, tensor.shape});
    data += tensor.bytes;
  }
  write_file(path, make_header(entries, {{"format", "pt"}}) + data);
}

SyntheticCheckpoint synthetic(std::vector<SyntheticTensor> tensors, std::size_t shards = 1) {
  SyntheticCheckpoint checkpoint;
  checkpoint.tensors = std::move(tensors);
  checkpoint.shards = shards;
  return checkpoint;
}

// ---- summary ------------------------------------------------------------------------------------

TEST(Summary, CountsWeightsAndScales) {
  const TempDir dir;
  write_synthetic(dir.path(),
                  synthetic({
                      {"model.embed.weight", Dtype::BF16, {10, 4}},
                      {"model.layers.0.mlp.experts.0.w.weight", Dtype::F8_E4M3, {4, 4}},
                      {"model.layers.0.mlp.experts.0.w.weight_scale_inv", Dtype::F32, {1, 1}},
                      {"model.layers.1.mlp.experts.1.w.weight", Dtype::F8_E4M3, {4, 4}},
                      {"model.layers.1.mlp.experts.1.w.weight_scale_inv", Dtype::F32, {2, 2}},
                      {"model.layers.1.mlp.experts.2.w.weight", Dtype::F8_E5M2, {4}},
                      {"model.layers.10.down_proj_blocks", Dtype::U8, {2, 16}},
                      {"model.layers.10.down_proj_scales", Dtype::U8, {2}},
                      {"lm_head.lora_A.weight", Dtype::F32, {3}},
                      {"lonely.weight_scale", Dtype::F32, {5}},
                  }));
  const Summary summary = summarise(Checkpoint::open(dir.path()));
  EXPECT_EQ(summary.tensors, 10u);
  EXPECT_EQ(summary.bytes, 80u + 16 + 4 + 16 + 16 + 4 + 32 + 2 + 12 + 20);
  EXPECT_EQ(summary.parameters, 40u + 16 + 16 + 4 + 64 + 3 + 5);
  EXPECT_EQ(summary.scale_elements, 1u + 4 + 2);
  EXPECT_EQ(summary.fp8_weights, 3u);
  EXPECT_EQ(summary.fp8_with_one_scale, 1u);
  EXPECT_EQ(summary.fp8_with_many_scales, 1u);
  EXPECT_EQ(summary.mxfp4_weights, 1u);
  EXPECT_EQ(summary.layers, 3u);
  EXPECT_EQ(summary.expert_layers, 2u);
  EXPECT_EQ(summary.lora_keys, 1u);

  std::string dtypes;
  for (const Summary::Row& row : summary.dtypes) {
    dtypes += fmt::format("{} {} {} {};", row.name, row.tensors, row.elements, row.bytes);
  }
  EXPECT_EQ(dtypes, "BF16 1 40 80;F32 4 13 52;U8 2 34 34;F8_E4M3 2 32 32;F8_E5M2 1 4 4;");
  std::string parts;
  for (const Summary::Row& row : summary.parts) {
    parts += fmt::format("{} {} {} {};", row.name, row.tensors, row.elements, row.bytes);
  }
  EXPECT_EQ(parts, "model 8 140 170;lonely 1 5 20;lm_head 1 3 12;");
}

TEST(Summary, OfNothing) {
  const TempDir dir;
  write_synthetic(dir.path(), synthetic({}));
  const Summary summary = summarise(Checkpoint::open(dir.path()));
  EXPECT_EQ(summary.tensors, 0u);
  EXPECT_EQ(summary.parameters, 0u);
  EXPECT_TRUE(summary.dtypes.empty());
  EXPECT_TRUE(summary.parts.empty());
}

// ---- deep check ---------------------------------------------------------------------------------

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
      {"0 and -0", Dtype::BF16, {1, 2}, raw<std::uint16_t>({0, 0x8000}), ""},
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

TEST(DeepCheck, HubRecords) {
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

TEST(DeepCheck, HubBlobNames) {
  const TempDir dir;
  const std::string digest(64, 'b');
  write_synthetic(dir / "blobs", synthetic({{"a", Dtype::F32, {2}}}));
  fs::rename(dir / "blobs/model.safetensors", dir / ("blobs/" + digest));
  fs::create_directories(dir / "snapshot");
  fs::create_symlink("../blobs/" + digest, dir / "snapshot/model.safetensors");
  const Checkpoint checkpoint = Checkpoint::open(dir / "snapshot");
  EXPECT_EQ(hub_checksums(checkpoint), (Checksums{{"model.safetensors", digest}}));
}

TEST(DeepCheck, SumsAsText) {
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

// ---- diff ---------------------------------------------------------------------------------------

std::string rows_of(const DiffReport& report) {
  std::string out;
  for (const DiffRow& row : report.rows) {
    out += std::string(name_of(row.kind)) + " " + row.key + ": " + row.detail + "\n";
  }
  return out;
}

TEST(Diff, EveryKind) {
  const TempDir dir;
  const std::string four = raw<float>({1, 2, 3, 4});
  write_tensors(dir / "a.safetensors", {{"layer.10", Dtype::F32, {4}, four},
                                        {"layer.2", Dtype::F32, {4}, four},
                                        {"dtype", Dtype::F32, {4}, four},
                                        {"shape", Dtype::F32, {4}, four},
                                        {"values", Dtype::F32, {4}, four},
                                        {"zero", Dtype::F32, {1}, raw<float>({0})},
                                        {"same", Dtype::F32, {4}, four}});
  write_tensors(dir / "b.safetensors", {{"same", Dtype::F32, {4}, four},
                                        {"dtype", Dtype::I32, {4}, four},
                                        {"shape", Dtype::F32, {2, 2}, four},
                                        {"values", Dtype::F32, {4}, raw<float>({1, 2, 3, 5})},
                                        {"zero", Dtype::F32, {1}, raw<float>({-0.F})},
                                        {"new", Dtype::F32, {4}, four}});
  const Checkpoint a = Checkpoint::open(dir / "a.safetensors");
  const Checkpoint b = Checkpoint::open(dir / "b.safetensors");
  const std::string structure =
      "dtype dtype: F32 in A, I32 in B\n"
      "only in A layer.2: F32 [4], 16 B\n"
      "only in A layer.10: F32 [4], 16 B\n"
      "only in B new: F32 [4], 16 B\n"
      "shape shape: [4] in A, [2, 2] in B\n";
  Progress progress;
  const DiffReport names = diff(a, b, false, 2, progress);
  EXPECT_EQ(rows_of(names), structure);
  EXPECT_EQ(names.in_both, 5u);
  EXPECT_EQ(names.equal, 3u);
  EXPECT_FALSE(names.values_compared);
  const DiffReport values = diff(a, b, true, 2, progress);
  EXPECT_EQ(rows_of(values), structure + "values values: F32 [4]\nvalues zero: F32 [1]\n");
  EXPECT_EQ(values.equal, 1u);
  EXPECT_TRUE(values.values_compared);
  EXPECT_EQ(progress.done(), progress.total());
  const DiffReport none = diff(a, a, true, 2, progress);
  EXPECT_TRUE(none.rows.empty());
  EXPECT_EQ(none.equal, 7u);
}

TEST(Diff, DamagedFilesAreNotRead) {
  const TempDir dir;
  write_tensors(dir / "a.safetensors", {{"w", Dtype::F32, {1}, raw<float>({1})}});
  write_file(dir / "b.safetensors", read_file(dir / "a.safetensors") + "x");
  const Checkpoint a = Checkpoint::open(dir / "a.safetensors");
  const Checkpoint b = Checkpoint::open(dir / "b.safetensors");
  Progress progress;
  EXPECT_FALSE(diff(a, b, true, 1, progress).values_compared);
  EXPECT_FALSE(diff(b, a, true, 1, progress).values_compared);
}

// ---- plans --------------------------------------------------------------------------------------

Plan plan_of(std::vector<std::pair<std::string, std::uint64_t>> bytes_by_key) {
  Plan plan;
  for (const auto& [key, bytes] : bytes_by_key) {
    plan.outputs.push_back(
        {key, plan.values->zeros(Dtype::U8, Shape{bytes}), OutputKind::Synthesised, "test.zeros"});
  }
  return plan;
}

/// "ab|c": the keys of every shard.
std::string packing(const Plan& plan, std::uint64_t limit) {
  const ShardLayout layout = lay_out(plan, limit, {});
  std::string out;
  for (const OutputShard& shard : layout.shards) {
    if (&shard != &layout.shards.front()) out += "|";
    for (std::size_t i = shard.first; i < shard.last; ++i) out += plan.outputs[i].key;
  }
  return out;
}

TEST(ShardLayout, Packing) {
  struct Row {
    std::vector<std::pair<std::string, std::uint64_t>> tensors;
    std::uint64_t limit;
    std::string shards;
  };
  const Row rows[] = {
      {{}, 10, ""},
      {{{"a", 0}}, 10, "a"},
      {{{"a", 5}, {"b", 5}}, 10, "ab"},
      {{{"a", 5}, {"b", 6}}, 10, "a|b"},
      {{{"a", 5}, {"b", 5}, {"c", 1}}, 10, "ab|c"},
      {{{"a", 10}, {"b", 10}}, 10, "a|b"},
      {{{"a", 10}, {"b", 0}, {"c", 10}}, 10, "ab|c"},
      {{{"a", 25}}, 10, "a"},
      {{{"a", 1}, {"b", 25}, {"c", 1}}, 10, "a|b|c"},
      {{{"a", 25}, {"b", 25}}, 10, "a|b"},
      {{{"a", 3}, {"b", 3}, {"c", 3}, {"d", 3}}, 10, "abc|d"},
      {{{"a", 1}, {"b", 1}}, 1, "a|b"},
      {{{"a", 1}, {"b", 1}}, std::numeric_limits<std::uint64_t>::max(), "ab"},
  };
  for (const Row& row : rows) EXPECT_EQ(packing(plan_of(row.tensors), row.limit), row.shards);
}

TEST(ShardLayout, ReadsBackAsWritten) {
  Plan plan;
  plan.outputs.push_back(
      {"a", plan.values->zeros(Dtype::BF16, Shape{3, 5}), OutputKind::Synthesised});
  plan.outputs.push_back(
      {"empty", plan.values->zeros(Dtype::F32, Shape{0}), OutputKind::Synthesised});
  plan.outputs.push_back(
      {"n\u00e4me \"\\\n", plan.values->zeros(Dtype::F64, Shape{7}), OutputKind::Synthesised});
  plan.outputs.push_back(
      {"scalar", plan.values->zeros(Dtype::F32, Shape{}), OutputKind::Synthesised});
  const std::map<std::string, std::string> metadata{{"format", "pt"}, {"x", "\u00e9 \"\\"}};
  for (const std::uint64_t limit : {1ull, 60ull, 1000ull}) {
    const ShardLayout layout = lay_out(plan, limit, metadata);
    const TempDir dir;
    std::uint64_t total = 0;
    for (std::size_t s = 0; s < layout.shards.size(); ++s) {
      const OutputShard& shard = layout.shards[s];
      EXPECT_EQ(shard.header.size() % kHeaderAlignment, 0u);
      EXPECT_EQ(shard.name,
                layout.shards.size() == 1
                    ? "model.safetensors"
                    : fmt::format("model-{:05}-of-{:05}.safetensors", s + 1, layout.shards.size()));
      write_file(dir / shard.name, shard.header + std::string(shard.data_bytes, '\0'));
      const Header header = read_header(File(dir / shard.name));
      EXPECT_FALSE(header.damaged());
      EXPECT_TRUE(header.notes.empty() || header.notes[0].code == Code::OddName);
      EXPECT_EQ(header.metadata, metadata);
      EXPECT_EQ(header.data_start, shard.header.size());
      ASSERT_EQ(header.tensors.size(), shard.last - shard.first);
      for (std::size_t k = 0; k < header.tensors.size(); ++k) {
        const std::size_t output = shard.first + k;
        EXPECT_EQ(header.tensors[k].name, plan.outputs[output].key);
        EXPECT_EQ(header.tensors[k].dtype, plan.outputs[output].dtype());
        EXPECT_TRUE(same_shape(header.tensors[k].shape, plan.outputs[output].shape()));
        EXPECT_EQ(header.data_start + header.tensors[k].begin, layout.offset_of[output]);
        EXPECT_EQ(header.tensors[k].bytes(), plan.outputs[output].bytes());
        EXPECT_EQ(layout.shard_of[output], s);
      }
      total += shard.file_bytes();
    }
    EXPECT_EQ(layout.file_bytes(), total);
    const std::string index = layout.index_json(plan);
    EXPECT_EQ(index.empty(), layout.shards.size() == 1);
    if (!index.empty()) write_file(dir / "model.safetensors.index.json", index);
    const Checkpoint checkpoint = Checkpoint::open(dir.path());
    EXPECT_FALSE(checkpoint.damaged());
    EXPECT_EQ(checkpoint.tensors().size(), 4u);
    for (const Problem& problem : checkpoint.problems()) EXPECT_EQ(problem.code, Code::OddName);
  }
}

TEST(ShardLayout, OfNothingIsOneEmptyFile) {
  const ShardLayout layout = lay_out(Plan(), 10, {{"format", "pt"}});
  ASSERT_EQ(layout.shards.size(), 1u);
  EXPECT_EQ(layout.shards[0].name, "model.safetensors");
  EXPECT_EQ(layout.shards[0].data_bytes, 0u);
  EXPECT_EQ(layout.index_json(Plan()), "");
  const TempDir dir;
  write_file(dir / "model.safetensors", layout.shards[0].header);
  const Header header = read_header(File(dir / "model.safetensors"));
  EXPECT_FALSE(header.damaged());
  EXPECT_TRUE(header.tensors.empty());
}

// ---- expected keys ------------------------------------------------------------------------------

TEST(ExpectedKeys, QuotedKeys) {
  struct Row {
    std::string text;
    std::vector<std::string> keys;
  };
  const Row rows[] = {
      {"", {}},
      {"a.b c.d", {}},
      {"Missing \"a.b\", 'c.d'", {"a.b", "c.d"}},
      {"'a.b' 'a.b'", {"a.b"}},
      {"['b.1', 'a.1']", {"b.1", "a.1"}},
      {"it's 'a.b'", {"a.b"}},
      {"'no dots' 'x' 'a.b", {}},
      {"\"a b.c\" \"d.e\"", {"d.e"}},
      {"File \"/x/y.py\", 'a.b'", {"a.b"}},
      {"'a.b\"", {}},
  };
  for (const Row& row : rows) EXPECT_EQ(quoted_keys(row.text), row.keys) << row.text;
}

TEST(ExpectedKeys, WhyEachIsOrIsNotThere) {
  const TempDir dir;
  write_synthetic(dir.path(), synthetic({{"old.0.w", Dtype::U8, {1}},
                                         {"kept.w", Dtype::U8, {2}},
                                         {"mtp.0.w", Dtype::U8, {3}},
                                         {"mtp.1.w", Dtype::U8, {3}}}));
  const Checkpoint checkpoint = Checkpoint::open(dir.path());
  Plan plan;
  plan.inputs = checkpoint.tensors();
  plan.fates.resize(4);
  plan.drop_rules.push_back({"x.mtp", "MTP layer"});
  const auto id = [&](const char* key) { return *checkpoint.find(key); };
  plan.outputs.push_back(
      {"kept.w", plan.values->input(id("kept.w"), Dtype::U8, Shape{2}), OutputKind::Passed});
  plan.outputs.push_back(
      {"new.0.w", plan.values->input(id("old.0.w"), Dtype::U8, Shape{1}), OutputKind::Renamed});
  plan.outputs.push_back(
      {"zero.w", plan.values->zeros(Dtype::F32, Shape{4}), OutputKind::Synthesised, "x.bias"});
  plan.fates[id("kept.w")] = {Fate::Kind::Used, 0};
  plan.fates[id("old.0.w")] = {Fate::Kind::Used, 1};
  plan.fates[id("mtp.0.w")] = {Fate::Kind::Dropped, 0};
  plan.fates[id("mtp.1.w")] = {Fate::Kind::Dropped, 0};
  plan.excluded.push_back("gone.w");
  const ExpectedKeys found =
      explain_keys(plan, checkpoint,
                   "'kept.w' 'new.0.w' 'old.0.w' 'zero.w' 'mtp.0.w' 'mtp.1.w' 'gone.w' 'no.w'");
  std::string what;
  for (const ExpectedKeys::Key& key : found.keys) what += key.key + " " + key.what + "\n";
  EXPECT_EQ(what,
            "kept.w on disk\nnew.0.w converted\nold.0.w on disk\nzero.w added\n"
            "mtp.0.w dropped\nmtp.1.w dropped\ngone.w excluded\nno.w unknown\n");
  EXPECT_EQ(found.unexplained, 1u);
  EXPECT_EQ(found.keys[4].why, "on disk; converting drops it (MTP layer), rule x.mtp");
  std::uint64_t count = 0;
  bool folded = false;
  for (const ExpectedKeys::Group& group : found.groups) {
    count += group.count;
    folded = folded || (group.pattern == "mtp.[0-1].w" && group.count == 2);
  }
  EXPECT_EQ(count, found.keys.size());
  EXPECT_TRUE(folded);

  std::string rows;
  for (const MapRow& row : fold_plan(plan).rows) {
    rows +=
        fmt::format("{} {} {} {} {}\n", row.sources, row.source, row.op, row.target, row.targets);
  }
  EXPECT_EQ(rows,
            "1 kept.w pass same 1\n1 old.0.w rename new.0.w 1\n0  add zeros zero.w 1\n"
            "2 mtp.[0-1].w drop MTP layer, rule x.mtp 0\n");
}

// ---- receipts -----------------------------------------------------------------------------------

Receipt sample_receipt() {
  Receipt receipt;
  receipt.from = "hf";
  receipt.to = "native";
  receipt.adapter = "hy_v3";
  receipt.layout = "grouped";
  receipt.plan = "0123abcd";
  receipt.options = {{"dtype", "BF16"}, {"exclude", "a\\.\"\n"}};
  receipt.settings = {{"num_experts", "4"}};
  receipt.sources = {{"a.safetensors", 18446744073709551615u, hex64(1)}, {"b", 0, hex64(~0ull)}};
  receipt.outputs = {{"model.safetensors", 7, hex64(255)}, {"n\u00e4me", 8, ""}};
  return receipt;
}

TEST(Receipt, RoundTrip) {
  const TempDir dir;
  const Receipt receipt = sample_receipt();
  write_file(dir / std::string(kReceiptName), receipt.to_json());
  const auto back = read_receipt(dir.path());
  ASSERT_TRUE(back);
  EXPECT_TRUE(back->same_conversion(receipt));
  EXPECT_EQ(back->outputs, receipt.outputs);
  EXPECT_EQ(back->to_json(), receipt.to_json());
  EXPECT_EQ(hex64(255), "00000000000000ff");
}

TEST(Receipt, WhatMakesAnotherConversion) {
  const Receipt receipt = sample_receipt();
  const auto same_after = [&](auto change) {
    Receipt other = receipt;
    change(other);
    return receipt.same_conversion(other);
  };
  EXPECT_TRUE(same_after([](Receipt&) {}));
  EXPECT_TRUE(same_after([](Receipt& r) { r.outputs.clear(); }));
  EXPECT_FALSE(same_after([](Receipt& r) { r.from = "native"; }));
  EXPECT_FALSE(same_after([](Receipt& r) { r.to = "hf"; }));
  EXPECT_FALSE(same_after([](Receipt& r) { r.adapter = "x"; }));
  EXPECT_FALSE(same_after([](Receipt& r) { r.layout = "x"; }));
  EXPECT_FALSE(same_after([](Receipt& r) { r.plan = "x"; }));
  EXPECT_FALSE(same_after([](Receipt& r) { r.options.erase("dtype"); }));
  EXPECT_FALSE(same_after([](Receipt& r) { r.settings["num_experts"] = "5"; }));
  EXPECT_FALSE(same_after([](Receipt& r) { r.sources[0].bytes = 1; }));
  EXPECT_FALSE(same_after([](Receipt& r) { r.sources[0].header_hash = "x"; }));
  EXPECT_FALSE(same_after([](Receipt& r) { r.sources.pop_back(); }));
}

TEST(Receipt, UnreadableIsNone) {
  const TempDir dir;
  const std::string path = dir / std::string(kReceiptName);
  EXPECT_EQ(read_receipt(dir.path()), std::nullopt);
  const std::string good = sample_receipt().to_json();
  const auto replaced = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  const std::string texts[] = {
      "",
      "[]",
      "{}",
      good.substr(0, good.size() / 2),
      good + "x",
      replaced("ckptscope.receipt/1", "ckptscope.receipt/2"),
      replaced("\"ckptscope.receipt/1\"", "1"),
      replaced("\"hf\"", "1"),
      replaced("\"BF16\"", "16"),
      replaced("\"adapter\"", "\"from\""),
      replaced("\"adapter\"", "\"adaptor\""),
      replaced("18446744073709551615", "\"1\""),
      replaced("\"a.safetensors\"", "null"),
      std::string(1'000'000, '['),
      "\xff",
  };
  for (const std::string& text : texts) {
    write_file(path, text);
    EXPECT_EQ(read_receipt(dir.path()), std::nullopt) << text.substr(0, 200);
  }
}

TEST(Receipt, TellsOptionsAndSourcesButNoPath) {
  const TempDir dir;
  write_synthetic(dir.path(), synthetic({{"a", Dtype::F32, {2}}, {"b", Dtype::F32, {2}}}, 2));
  const Checkpoint checkpoint = Checkpoint::open(dir.path());
  Plan plan = plan_of({{"a", 1}});
  plan.options.adapter = "hy_v3";
  plan.options.dtype = Dtype::F16;
  plan.options.exclude = "x";
  plan.options.lenient = true;
  plan.options.mapping.settings["num_experts"] = "4";
  const Receipt receipt = make_receipt(checkpoint, plan, 5'000'000'000);
  const std::map<std::string, std::string> options{
      {"dtype", "F16"}, {"exclude", "x"}, {"lenient", "true"}, {"max-shard-size", "5000000000"}};
  EXPECT_EQ(receipt.options, options);
  EXPECT_EQ(receipt.plan, plan.hash());
  ASSERT_EQ(receipt.sources.size(), 2u);
  EXPECT_EQ(receipt.sources[0].name, "model-00001-of-00002.safetensors");
  EXPECT_EQ(receipt.sources[0].bytes, fs::file_size(dir / receipt.sources[0].name));
  EXPECT_EQ(receipt.to_json().find(dir.path()), std::string::npos);
  EXPECT_TRUE(
      receipt.same_conversion(make_receipt(Checkpoint::open(dir.path()), plan, 5'000'000'000)));
  EXPECT_FALSE(receipt.same_conversion(make_receipt(checkpoint, plan, 1)));
}

// ---- numbers as text ----------------------------------------------------------------------------

TEST(Bytes, Parsing) {
  struct Row {
    std::string text;
    std::optional<std::uint64_t> bytes;
  };
  const Row rows[] = {
      {"0", 0},
      {"4096", 4096},
      {"295 B", 295},
      {"5GB", 5'000'000'000},
      {"5gb", 5'000'000'000},
      {"5 GB", 5'000'000'000},
      {"1.5 GB", 1'500'000'000},
      {"512MiB", 536'870'912},
      {"1KiB", 1024},
      {"1kb", 1000},
      {"2TB", 2'000'000'000'000},
      {"1TiB", 1'099'511'627'776},
      {"0.5GiB", 536'870'912},
      {"1mb", 1'000'000},
      {"", {}},
      {"GB", {}},
      {"-1", {}},
      {"-1GB", {}},
      {"5XB", {}},
      {"5G", {}},
      {"5 GBs", {}},
      {"1,000", {}},
      {"nan", {}},
      {"inf", {}},
      {"infGB", {}},
      {"1e30", {}},
      {"99999999TB", {}},
      {"0x10", {}},
      {"five", {}},
  };
  for (const Row& row : rows) EXPECT_EQ(parse_bytes(row.text), row.bytes) << row.text;
}

TEST(Bytes, Formatting) {
  struct Row {
    std::uint64_t bytes;
    std::string text;
  };
  const Row rows[] = {
      {0, "0 B"},
      {1, "1 B"},
      {295, "295 B"},
      {999, "999 B"},
      {1000, "1.00 kB"},
      {8190, "8.19 kB"},
      {99'990, "99.99 kB"},
      {100'000, "100.0 kB"},
      {999'949, "999.9 kB"},
      {999'950, "1.00 MB"},
      {63'160'000'000, "63.16 GB"},
      {590'100'000'000, "590.1 GB"},
      {1'000'000'000'000, "1.00 TB"},
      {std::numeric_limits<std::uint64_t>::max(), "18.45 EB"},
  };
  for (const Row& row : rows) EXPECT_EQ(format_bytes(row.bytes), row.text);
}

/// Once failed: "100.00 kB" has five digits.
TEST(Bytes, FormattingHasFourDigitsAtTheMost) {
  EXPECT_EQ(format_bytes(99'999), "100.0 kB");
  EXPECT_EQ(format_bytes(99'999'000'000), "100.0 GB");
}

TEST(Bytes, CountsAndMemory) {
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(1000), "1,000");
  EXPECT_EQ(format_count(47'138), "47,138");
  EXPECT_EQ(format_count(1'234'567), "1,234,567");
  EXPECT_EQ(format_count(std::numeric_limits<std::uint64_t>::max()), "18,446,744,073,709,551,615");
  EXPECT_EQ(counted(1, "tensor"), "1 tensor");
  EXPECT_EQ(counted(0, "tensor"), "0 tensors");
  EXPECT_EQ(counted(2880, "tensor"), "2,880 tensors");
  EXPECT_EQ(format_memory(118ull << 20), "118 MiB");
  EXPECT_EQ(format_memory((1u << 20) - 1), "1 MiB");
  EXPECT_EQ(format_memory(0), "0 MiB");
}

TEST(Bytes, Arithmetic) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(checked_mul(1ull << 32, 1ull << 31), 1ull << 63);
  EXPECT_EQ(checked_mul(1ull << 32, 1ull << 32), std::nullopt);
  EXPECT_EQ(checked_mul(0, kMost), 0u);
  EXPECT_EQ(ceil_div(kMost, 2), 1ull << 63);
  EXPECT_EQ(ceil_div(0, 8), 0u);
  EXPECT_EQ(round_up(1, 4096), 4096u);
  EXPECT_EQ(round_up(4096, 4096), 4096u);
}

std::string text_of(Dtype dtype, const std::string& bytes) {
  return element_text(std::as_bytes(std::span(bytes)), dtype);
}

TEST(ElementText, Rows) {
  struct Row {
    Dtype dtype;
    std::string bytes;
    std::string text;
  };
  const Row rows[] = {
      {Dtype::F32, raw<float>({1}), "1"},
      {Dtype::F32, raw<float>({0.1F}), "0.1"},
      {Dtype::F32, raw<float>({-0.F}), "-0"},
      {Dtype::F32, raw<float>({kNan}), "nan"},
      {Dtype::F32, raw<float>({kInf}), "inf"},
      {Dtype::F32, raw<float>({-kInf}), "-inf"},
      {Dtype::F32, raw<float>({16777216}), "16777216"},
      {Dtype::F64, raw<double>({0.1}), "0.1"},
      {Dtype::F64, raw<double>({1e300}), "1e+300"},
      {Dtype::BF16, raw<std::uint16_t>({0x3F80}), "1"},
      {Dtype::BF16, raw<std::uint16_t>({0xBFC0}), "-1.5"},
      {Dtype::BF16, raw<std::uint16_t>({0x8000}), "-0"},
      {Dtype::F16, raw<std::uint16_t>({0x3C00}), "1"},
      {Dtype::F16, raw<std::uint16_t>({0x7BFF}), "65504"},
      {Dtype::F8_E4M3, raw<std::uint8_t>({0x7E}), "448"},
      {Dtype::F8_E4M3, raw<std::uint8_t>({0x7F}), "nan"},
      {Dtype::F8_E5M2, raw<std::uint8_t>({0x7B}), "57344"},
      {Dtype::F8_E5M2, raw<std::uint8_t>({0xFC}), "-inf"},
      {Dtype::F8_E8M0, raw<std::uint8_t>({127}), "2^0"},
      {Dtype::F8_E8M0, raw<std::uint8_t>({0}), "2^-127"},
      {Dtype::F8_E8M0, raw<std::uint8_t>({255}), "nan"},
      {Dtype::I8, raw<std::int8_t>({-128}), "-128"},
      {Dtype::U8, raw<std::uint8_t>({200}), "200"},
      {Dtype::BOOL, raw<std::uint8_t>({1}), "1"},
      {Dtype::BOOL, raw<std::uint8_t>({2}), "2"},
      {Dtype::I16, raw<std::int16_t>({-32768}), "-32768"},
      {Dtype::U16, raw<std::uint16_t>({65535}), "65535"},
      {Dtype::I32, raw<std::int32_t>({-1}), "-1"},
      {Dtype::U32, raw<std::uint32_t>({4294967295u}), "4294967295"},
      {Dtype::I64, raw<std::int64_t>({std::numeric_limits<std::int64_t>::min()}),
       "-9223372036854775808"},
      {Dtype::U64, raw<std::uint64_t>({~0ull}), "18446744073709551615"},
      {Dtype::C64, raw<float>({1.5F, 2}), "1.5+2i"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(text_of(row.dtype, row.bytes), row.text) << name_of(row.dtype);
  }
}

/// Once failed: "1+-2i".
TEST(ElementText, NegativeImaginaryPart) {
  EXPECT_EQ(text_of(Dtype::C64, raw<float>({1, -2})), "1-2i");
}

TEST(ElementText, ReadsBackAsTheSameNumber) {
  for (std::uint32_t high = 0; high < 65536; ++high) {
    const auto code = static_cast<std::uint16_t>(high);
    const float expected = std::bit_cast<float>(high << 16);
    const std::string text = text_of(Dtype::BF16, raw<std::uint16_t>({code}));
    if (expected != expected) {
      ASSERT_TRUE(text == "nan" || text == "-nan") << text;
      continue;
    }
    ASSERT_EQ(std::bit_cast<std::uint32_t>(std::strtof(text.c_str(), nullptr)), high << 16) << text;
  }
}

// ---- work on threads ----------------------------------------------------------------------------

TEST(ParallelFor, EveryNumberOnce) {
  for (const unsigned workers : {0u, 1u, 2u, 7u}) {
    for (const std::size_t count : {0u, 1u, 5u, 1000u}) {
      std::vector<std::atomic<int>> seen(count);
      parallel_for(count, workers, [&](std::size_t i, unsigned worker) {
        EXPECT_LT(worker, std::max(1u, workers));
        ++seen[i];
      });
      for (const auto& one : seen) EXPECT_EQ(one, 1);
    }
  }
}

TEST(ParallelFor, TheLowestFailureIsRethrownAndTheRestNotStarted) {
  for (const unsigned workers : {1u, 4u}) {
    std::atomic<std::size_t> last{0};
    try {
      parallel_for(1'000'000, workers, [&](std::size_t i, unsigned) {
        last = i;
        if (i >= 10) throw std::runtime_error(std::to_string(i));
      });
      ADD_FAILURE();
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "10");
    }
    EXPECT_LT(last, 1000u);
  }
  EXPECT_GE(usable_processors(), 1u);
}

}  // namespace
}  // namespace ckptscope::testing
