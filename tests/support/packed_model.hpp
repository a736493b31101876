// Weights in memory, a plan that packs them, and its run.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "core/kernels/kernels.hpp"
#include "core/numbers/formats.hpp"
#include "core/run/packing.hpp"
#include "tests/support/memory_sink.hpp"

namespace ckptscope::testing {

struct Weight {
  PackAs as;
  Dtype dtype;  // BF16 or F32
  Shape shape;
  bool transposed = false;  // the source has its last two dimensions the other way round
};

/// Values whose size changes all the time, so that sums of their squares round; experts differ,
/// too.
inline std::vector<float> values_for(const Weight& weight) {
  std::mt19937 random(static_cast<unsigned>(weight.shape.back()));
  std::vector<float> values(element_count(weight.shape).value());
  const std::size_t each = values.size() / weight.shape[0];
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto part = static_cast<float>(static_cast<std::int32_t>(random())) * 0x1p-31F;
    const auto shift = static_cast<std::uint32_t>(i / 37 * 7 % 13) << 23;  // up to 2^-12
    values[i] = part == 0 ? 0 : std::bit_cast<float>(std::bit_cast<std::uint32_t>(part) - shift);
    values[i] /= static_cast<float>(1 + i / each % 5);
    if (weight.dtype == Dtype::BF16) values[i] = bf16_to_float(float_to_bf16(values[i]));
  }
  return values;
}

inline std::vector<std::byte> bytes_of(const std::vector<float>& values, Dtype dtype) {
  std::vector<std::byte> bytes(values.size() * size_of(dtype));
  cast_elements(Dtype::F32, reinterpret_cast<const std::byte*>(values.data()), dtype, bytes.data(),
                values.size());
  return bytes;
}

/// Weights in memory, and the plan that packs them all.
class PackedModel {
 public:
  explicit PackedModel(const std::vector<Weight>& weights) {
    for (const Weight& weight : weights) add(weight, values_for(weight));
  }
  void add(const Weight& weight, const std::vector<float>& values) {
    Shape shape = weight.shape;
    if (weight.transposed) std::swap(shape[shape.size() - 1], shape[shape.size() - 2]);
    const auto number = static_cast<std::uint32_t>(tensors_.size());
    tensors_.push_back({"w" + std::to_string(number), shape, bytes_of(values, weight.dtype)});
    const Tensor& tensor = tensors_.back();
    inputs_.push_back({tensor.name, tensor.shape, 0, tensor.bytes.size(), weight.dtype, 0});
    plan.inputs = inputs_;
    plan.fates.push_back({Fate::Kind::Used, static_cast<std::uint32_t>(plan.outputs.size())});
    Values& nodes = *plan.values;
    const ValuePtr source = nodes.input(number, weight.dtype, tensor.shape);
    const ValuePtr value = weight.transposed ? nodes.transpose(source) : source;
    put(tensor.name, "_codes", nodes.packed_codes(weight.as, value));
    put(tensor.name, "_scales", nodes.packed_scales(weight.as, value));
  }

  struct Result {
    std::vector<std::vector<std::byte>> outputs;  // codes and scales by turns
    std::vector<PackingLoss> losses;
  };
  Result pack(const Resources& resources) const {
    MemorySink sink(plan);
    Progress progress;
    Result result;
    const auto source = [this] { return std::make_unique<Source>(tensors_); };
    result.losses = execute(plan, source, sink, resources, progress, "write").packed;
    EXPECT_EQ(progress.done(), progress.total());
    result.outputs = std::move(sink.outputs);
    return result;
  }

  Plan plan;

 private:
  struct Tensor {
    std::string name;
    Shape shape;
    std::vector<std::byte> bytes;
  };
  struct Source final : TensorSource {
    explicit Source(const std::deque<Tensor>& all) : tensors(all) {}
    void read(std::uint32_t tensor, std::uint64_t offset, std::span<std::byte> out) override {
      const std::span<const std::byte> bytes(tensors.at(tensor).bytes);
      std::ranges::copy(bytes.subspan(offset, out.size()), out.begin());
    }
    const std::deque<Tensor>& tensors;
  };
  void put(const std::string& key, const char* suffix, ValuePtr value) {
    plan.outputs.push_back({key + suffix, value, OutputKind::Encoded, "", key});
  }
  std::vector<TensorInfo> inputs_;
  std::deque<Tensor> tensors_;  // does not move its elements, to which the plan points
};

}  // namespace ckptscope::testing
