// The few bytes that decide are read before anything is written.
#include "core/convert/refusals.hpp"

#include <algorithm>

#include "core/base/buffer.hpp"
#include "core/base/display.hpp"
#include "core/names/companions.hpp"
#include "core/run/evaluator.hpp"
#include "core/tensor/region.hpp"

namespace ckptscope {
namespace {

void refuse_placeholders(const Checkpoint& checkpoint, const Plan& plan, TensorSource& source) {
  const auto is_ones = [&](std::uint32_t id) {
    return every_byte_is(std::byte{1}, source, id, plan.inputs[id].bytes());
  };
  for (std::uint32_t id = 0; id < plan.inputs.size(); ++id) {
    const TensorInfo& scales = plan.inputs[id];
    if (plan.fates[id].kind != Fate::Kind::Used || scales.dtype != Dtype::U8) continue;
    if (!scales.name.ends_with(kScalesSuffix)) continue;
    const auto blocks = checkpoint.find(blocks_of(logical_name(scales.name)));
    if (blocks && is_ones(id) && is_ones(*blocks)) {
      fail(Code::Constant, "{}: blocks and scales are placeholders, every byte is 1",
           display(plan.inputs[*blocks].name));
    }
  }
}

bool is_zero(const Value& value, Evaluator& evaluator) {
  constexpr std::uint64_t kMost = 1 << 20;  // bytes at a time
  std::vector<std::byte> bytes;
  for (const Region& band : row_bands(value.shape, size_of(value.dtype), kMost)) {
    bytes.resize(byte_count(value.dtype, band.extent));
    evaluator.evaluate(value, band, bytes);
    if (std::any_of(bytes.begin(), bytes.end(), [](std::byte b) { return b != std::byte{0}; })) {
      return false;
    }
  }
  return true;
}

void refuse_lost_values(const Plan& plan, TensorSource& source) {
  Evaluator evaluator(source);
  for (const Padding& padding : plan.paddings) {
    if (is_zero(*padding.value, evaluator)) continue;
    fail(Code::NotZero, "{}: what lies behind the length that config.json states is not zero",
         display(padding.key));
  }
  for (const std::uint32_t id : plan.must_be_zero) {
    if (plan.inputs[id].bytes() == 0 ||
        every_byte_is(std::byte{0}, source, id, plan.inputs[id].bytes())) {
      continue;
    }
    fail(Code::NotZero, "{}: not all zero, and the checkpoint of --like has no place for it",
         display(plan.inputs[id].name));
  }
}

}  // namespace

bool every_byte_is(std::byte value, TensorSource& source, std::uint32_t tensor,
                   std::uint64_t bytes) {
  Buffer buffer;
  for (std::uint64_t done = 0; done < bytes;) {
    const auto chunk = buffer.take(std::min<std::uint64_t>(1 << 16, bytes - done));
    source.read(tensor, done, chunk);
    if (!std::all_of(chunk.begin(), chunk.end(), [&](std::byte b) { return b == value; })) {
      return false;
    }
    done += chunk.size();
  }
  return bytes > 0;
}

void refuse_damaged_like(const PlanInputs& sources) {
  if (sources.like != nullptr) refuse_errors(sources.like->problems(), sources.like->name());
}

void refuse_values(const PlanInputs& sources, const Plan& plan) {
  CheckpointSource reader(sources.checkpoint);
  refuse_placeholders(sources.checkpoint, plan, reader);
  refuse_lost_values(plan, reader);
}

}  // namespace ckptscope
