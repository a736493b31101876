// Two checkpoints side by side: every kind of difference.

#include "core/inspect/diff.hpp"

#include <gtest/gtest.h>

#include "tests/support/tensor_files.hpp"

namespace ckptscope::testing {
namespace {

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

}  // namespace
}  // namespace ckptscope::testing
