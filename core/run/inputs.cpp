// A plan that borrows reads two checkpoints behind one numbering.
#include "core/run/inputs.hpp"

namespace ckptscope {
namespace {

/// Borrowed tensors are numbered behind the checkpoint's own.
class LendingSource final : public TensorSource {
 public:
  LendingSource(const PlanInputs& inputs, const Plan& plan)
      : own_(inputs.checkpoint), lender_(*inputs.like), plan_(plan) {}

  void read(std::uint32_t tensor, std::uint64_t offset, std::span<std::byte> out) override {
    const std::size_t own = plan_.inputs.size();
    if (tensor < own) return own_.read(tensor, offset, out);
    lender_.read(plan_.borrowed[tensor - own].id, offset, out);
  }

 private:
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
