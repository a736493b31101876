// Keys that somebody expects, and why each is or is not there.

#include "core/inspect/expected_keys.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/plan/folded_plan.hpp"
#include "tests/support/tensor_files.hpp"

namespace ckptscope::testing {
namespace {

TEST(ExpectedKeys, NamedKeys) {
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
      {"a.b", {"a.b"}},
      {"- a.b,\nc.d\n", {"a.b", "c.d"}},
      {"Missing key in state_dict: a.b.c.", {"a.b.c"}},
      {"in torch.nn.modules", {}},
      {"\tsize mismatch for a.b.c: copying a param with shape torch.Size([2])", {"a.b.c"}},
      {"a.{0...2}.b | MISSING |\na.0.b | again |", {"a.0.b", "a.1.b", "a.2.b"}},
      {"a.{0...1}.{8...9}.c | UNEXPECTED", {"a.0.8.c", "a.0.9.c", "a.1.8.c", "a.1.9.c"}},
      {"a.{9...0}.b | x", {}},
      {"a.{0...99999999}.b | x", {}},
      {"| Key | Status |", {}},
  };
  for (const Row& row : rows) EXPECT_EQ(named_keys(row.text), row.keys) << row.text;
}

TEST(ExpectedKeys, FusedNamesAndOtherShapes) {
  const TempDir dir;
  std::vector<SyntheticTensor> tensors;
  for (const char* part : {"q", "k", "v"}) {
    tensors.push_back({std::string("m.0.") + part + "_proj.w", Dtype::U8, {2}});
  }
  write_synthetic(dir.path(), synthetic(std::move(tensors)));
  const Checkpoint checkpoint = Checkpoint::open(dir.path());
  Plan plan;
  plan.inputs = checkpoint.tensors();
  plan.fates.resize(3);
  const ExpectedKeys found = explain_keys(
      plan, checkpoint,
      "size mismatch for m.0.q_proj.w: copying a param with shape torch.Size([2]) from checkpoint, "
      "the shape in current model is torch.Size([3]).\nm.0.qkv_proj.w\nm.0.gate_up_proj.w\n");
  ASSERT_EQ(found.keys.size(), 3u);
  EXPECT_EQ(found.keys[0].what, "shape");
  EXPECT_TRUE(found.keys[0].why.ends_with("; the model's own is [3]")) << found.keys[0].why;
  EXPECT_EQ(found.keys[1].what, "fused");
  EXPECT_EQ(found.keys[2].what, "unknown");
  EXPECT_EQ(found.unexplained, 1u);
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

}  // namespace
}  // namespace ckptscope::testing
