// The laws of round trips, on the recorded checkpoints: bytes come back.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "app/planning/conversion.hpp"
#include "core/checkpoint/safetensors_writer.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/memory_sink.hpp"
#include "tests/support/on_disk.hpp"
#include "tests/support/recorded.hpp"
#include "tests/support/temp_dir.hpp"

namespace ckptscope::testing {
namespace {

struct Tensor {
  std::string dtype;
  Shape shape;
  std::vector<std::byte> bytes;
  bool operator==(const Tensor&) const = default;
};
using Tensors = std::map<std::string, Tensor>;

Tensors load(const Checkpoint& checkpoint) {
  Tensors tensors;
  CheckpointSource source(checkpoint);
  for (std::uint32_t id = 0; id < checkpoint.tensors().size(); ++id) {
    const TensorInfo& info = checkpoint.tensors()[id];
    std::vector<std::byte> bytes(info.bytes());
    source.read(id, 0, bytes);
    tensors[std::string(info.name)] = {std::string(name_of(info.dtype)), to_shape(info.shape),
                                       std::move(bytes)};
  }
  return tensors;
}

/// A checkpoint of one file with the outputs of a plan.
void write_outputs(const std::string& directory, const Plan& plan,
                   const std::vector<std::vector<std::byte>>& bytes, const std::string& config) {
  std::vector<HeaderEntry> entries;
  for (const Output& output : plan.outputs) {
    entries.push_back({output.key, output.dtype(), to_shape(output.shape())});
  }
  std::string file = make_header(entries, {{"format", "pt"}});
  for (const auto& tensor : bytes)
    file.append(reinterpret_cast<const char*>(tensor.data()), tensor.size());
  write_file(directory + "/model.safetensors", file);
  if (!config.empty()) write_file(directory + "/config.json", config);
}

/// One conversion after another, each from the files that the last one wrote.
class Journey {
 public:
  Journey(const std::string& adapter, const SyntheticCheckpoint& start)
      : adapter_(adapter), config_(start.config) {
    write_synthetic(next(), start);
  }

  Tensors tensors() const { return load(Checkpoint::open(here())); }

  void go(const std::string& to) {
    const Checkpoint from = Checkpoint::open(here());
    const Plan plan = plan_from(from, to);
    expect_sound(plan);
    const auto bytes = run(from, plan);
    write_outputs(next(), plan, bytes, config_);
  }

  /// Asks `question` about the plan of the next conversion.
  auto ask(const std::string& to, const auto& question) const {
    const Checkpoint from = Checkpoint::open(here());
    return question(plan_from(from, to));
  }

 private:
  const std::string& here() const { return dirs_.back()->path(); }
  const std::string& next() { return dirs_.emplace_back(std::make_unique<TempDir>())->path(); }
  Plan plan_from(const Checkpoint& from, const std::string& to) const {
    ConversionRequest request;
    request.to = to;
    request.adapter = adapter_;
    request.allow = {"overflow"};
    return plan_conversion(from, request).plan;
  }

  std::string adapter_;
  std::string config_;
  std::vector<std::unique_ptr<TempDir>> dirs_;
};

void expect_same(const Tensors& expected, const Tensors& found) {
  for (const auto& [key, tensor] : expected) {
    const auto other = found.find(key);
    ASSERT_NE(other, found.end()) << key << " is gone";
    EXPECT_EQ(tensor.dtype, other->second.dtype) << key;
    EXPECT_EQ(tensor.shape, other->second.shape) << key;
    EXPECT_TRUE(tensor.bytes == other->second.bytes) << key << ": other bytes";
  }
  for (const auto& [key, tensor] : found) EXPECT_TRUE(expected.contains(key)) << key << " is new";
}

class Laws : public ::testing::TestWithParam<std::string> {
 protected:
  const RecordedCase& recorded() const { return recorded_case(GetParam()); }
};

/// Law 1: native(hf(native(x))) == native(x).
TEST_P(Laws, NativeComesBack) {
  // The original has no place for a head of its own on disk; the plan drops it by name.
  if (GetParam() == "diffusion_gemma-own-head") return;
  Journey journey(recorded().adapter, recorded().source);
  journey.go("native");
  const Tensors native = journey.tensors();
  journey.go("hf");
  journey.go("native");
  expect_same(native, journey.tensors());
}

/// The same checkpoint without what the plan drops, and in the dtypes to which it casts.
SyntheticCheckpoint without_losses(const SyntheticCheckpoint& source, const Plan& plan) {
  std::map<std::string, Dtype> kept;
  for (const Output& output : plan.outputs) {
    const bool casts = ops_of(*output.value).has(Value::Op::Cast);
    for_each_input(*output.value, [&](std::uint32_t id) {
      const TensorInfo& info = plan.inputs[id];
      kept[std::string(info.name)] = casts ? output.dtype() : info.dtype;
    });
  }
  SyntheticCheckpoint result = source;
  result.tensors.clear();
  for (SyntheticTensor tensor : source.tensors) {
    const auto found = kept.find(tensor.key);
    if (found == kept.end()) continue;
    tensor.dtype = found->second;
    result.tensors.push_back(std::move(tensor));
  }
  return result;
}

/// The case without what its plan says is lost by dropping and casting.
SyntheticCheckpoint reduced(const RecordedCase& one) {
  return Journey(one.adapter, one.source).ask("native", [&](const Plan& plan) {
    return without_losses(one.source, plan);
  });
}

/// Law 2: hf(native(x)) == x, where the plan says that nothing is lost.
TEST_P(Laws, LosslessComesBack) {
  Journey journey(recorded().adapter, reduced(recorded()));
  if (!journey.ask("native", [](const Plan& plan) { return plan.lossless(); })) return;
  const Tensors hf = journey.tensors();
  journey.go("native");
  journey.go("hf");
  expect_same(hf, journey.tensors());
}

/// What cannot come back, case by case: packed weights are decoded, tensors made, and keys of two
/// spellings are written as they are not written back.
TEST(LawsOfAll, LossesAreAsRecorded) {
  std::string text;
  for (const std::string& name : recorded_names(goes_to_native)) {
    const RecordedCase& one = recorded_case(name);
    const Journey journey(one.adapter, reduced(one));
    text += one.name + ": " + journey.ask("native", [](const Plan& plan) {
      std::string said = plan.lossless() ? "nothing" : "";
      for (const std::string& loss : plan.losses()) said += (said.empty() ? "" : "; ") + loss;
      for (const Problem& problem : plan.problems) {
        if (problem.code == Code::Alias || problem.code == Code::Padding)
          said += "; " + problem.message;
      }
      return said;
    }) + "\n";
  }
  expect_golden("losses.txt", text);
}

INSTANTIATE_TEST_SUITE_P(Recorded, Laws, ::testing::ValuesIn(recorded_names(goes_to_native)),
                         [](const auto& test) { return as_identifier(test.param); });

}  // namespace
}  // namespace ckptscope::testing
