// The layout of output files: how tensors are dealt out, and that headers read back.

#include "core/output/shard_layout.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <limits>

#include "core/checkpoint/checkpoint.hpp"
#include "core/checkpoint/safetensors.hpp"
#include "core/checkpoint/safetensors_writer.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/zero_plan.hpp"

namespace ckptscope::testing {
namespace {

std::string packing(const Plan& plan, std::optional<std::uint64_t> limit) {
  const ShardLayout layout = lay_out(plan, limit, {});
  std::string out;
  for (const OutputShard& shard : layout.shards) {
    if (&shard != &layout.shards.front()) out += "|";
    for (std::size_t i = shard.first; i < shard.last; ++i) {
      out += plan.outputs[layout.order[i]].key;
    }
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

TEST(ShardLayout, PublishedFilesComeBack) {
  struct Row {
    std::map<std::string, std::uint32_t, std::less<>> file_of;
    std::optional<std::uint64_t> limit;
    std::string shards;
  };
  const Row rows[] = {
      {{{"a", 1}, {"b", 2}, {"c", 1}}, {}, "ac|b"},
      {{{"a", 2}, {"b", 1}, {"c", 2}}, {}, "b|ac"},
      {{{"a", 0}, {"b", 0}, {"c", 0}, {"d", 7}}, {}, "abc"},   // one file, whatever its number
      {{{"a", 3}, {"b", 9}, {"c", 3}, {"d", 5}}, {}, "ac|b"},  // the files that are left
      {{{"a", 1}, {"b", 2}}, {}, "abc"},                       // c is nowhere: by size
      {{{"a", 1}, {"b", 2}, {"c", 1}}, 5, "a|b|c"},            // --max-shard-size
      {{}, {}, "abc"},
  };
  for (const Row& row : rows) {
    Plan plan = plan_of({{"a", 5}, {"b", 5}, {"c", 5}});
    PublishedForm form;
    form.file_of = row.file_of;
    plan.options.published = std::make_shared<const PublishedForm>(form);
    EXPECT_EQ(packing(plan, row.limit), row.shards);
    const ShardLayout layout = lay_out(plan, row.limit, {});
    for (std::uint32_t output = 0; output < 3; ++output) {
      const Header header = [&] {
        const TempDir dir;
        const OutputShard& shard = layout.shards[layout.shard_of[output]];
        write_file(dir / "x", shard.header + std::string(shard.data_bytes, 'x'));
        return read_header(File(dir / "x"));
      }();
      const auto found = std::find_if(
          header.tensors.begin(), header.tensors.end(),
          [&](const TensorInfo& info) { return info.name == plan.outputs[output].key; });
      ASSERT_NE(found, header.tensors.end());
      EXPECT_EQ(header.data_start + found->begin, layout.offset_of[output]);
    }
  }
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

}  // namespace
}  // namespace ckptscope::testing
