// A plan that borrows reads two checkpoints behind one numbering.
#include "core/run/inputs.hpp"

#include <utility>

namespace ckptscope {
namespace {

/// Borrowed tensors are numbered behind the checkpoint's own.
class LendingSource final : public TensorSource {
 public:
  LendingSource(const PlanInputs& inputs, const Plan& plan)
      : own_(inputs.checkpoint), lender_(*inputs.like), plan_(plan) {}

  void read(std::uint32_t tensor, std::uint64_t offset, std::span<std::byte> out) override {
    auto [source, id] = place_of(tensor);
    source.read(id, offset, out);
  }
  std::span<const std::byte> fetch(std::uint32_t tensor, std::uint64_t offset, std::uint64_t bytes,
                                   Buffer& buffer) override {
    auto [source, id] = place_of(tensor);
    return source.fetch(id, offset, bytes, buffer);
  }

 private:
  std::pair<TensorSource&, std::uint32_t> place_of(std::uint32_t tensor) {
    const std::size_t own = plan_.inputs.size();
    if (tensor < own) return {own_, tensor};
    return {lender_, plan_.borrowed[tensor - own].id};
  }

  CheckpointSource own_;
  CheckpointSource lender_;
  const Plan& plan_;
};

}  // namespace

std::unique_ptr<TensorSource> PlanInputs::open(const Plan& plan) const {
  if (plan.borrowed.empty()) return std::make_unique<CheckpointSource>(checkpoint);
  return std::make_unique<LendingSource>(*this, plan);
}

}  // namespace ckptscope
