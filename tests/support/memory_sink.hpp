// Collects the outputs of a plan in memory.
#pragma once

#include <cstring>
#include <vector>

#include "core/run/executor.hpp"

namespace ckptscope::testing {

class MemorySink final : public TensorSink {
 public:
  explicit MemorySink(const Plan& plan) {
    for (const Output& output : plan.outputs) outputs.emplace_back(output.bytes());
  }
  void write(std::size_t output, std::uint64_t offset, std::span<const std::byte> bytes) override {
    std::memcpy(outputs[output].data() + offset, bytes.data(), bytes.size());
  }
  std::vector<std::vector<std::byte>> outputs;
};

inline std::vector<std::vector<std::byte>> run(const Checkpoint& checkpoint, const Plan& plan,
                                               const Resources& resources = {}) {
  MemorySink sink(plan);
  Progress progress;
  execute(
      plan, [&] { return std::make_unique<CheckpointSource>(checkpoint); }, sink, resources,
      progress, "write");
  return std::move(sink.outputs);
}

}  // namespace ckptscope::testing
