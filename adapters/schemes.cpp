// How weights are packed on disk, by the suffixes that are published. Which weights are is read
// from dtypes and names, for every family alike.
#include "adapters/adapter.hpp"

namespace ckptscope {
namespace {

/// Rows and columns that share one FP8 scale, where the config states them: as DeepSeek does, or
/// compressed-tensors.
std::vector<std::uint64_t> block_size(const Config& config) {
  for (const char* path : {"quantization_config.weight_block_size",
                           "quantization_config.config_groups.group_0.weights.block_structure"}) {
    const auto block = config.integers(path);
    if (block && block->size() == 2 && (*block)[0] > 0 && (*block)[1] > 0) return *block;
  }
  return {};
}

/// Of compressed-tensors (Kimi-K3).
QuantScheme mxfp4_rows() {
  QuantScheme scheme{QuantScheme::Kind::Mxfp4, ".weight", ".weight_packed", ".weight_scale"};
  scheme.lone_scale = false;  // it may be FP8's too
  scheme.in_rows = true;
  return scheme;
}

}  // namespace

/// MXFP4 as GPT-OSS stores it, and in rows; FP8 with a scale beside it: `_scale_inv` (DeepSeek),
/// `_scale` (ModelOpt, compressed-tensors), `.scale` (DeepSeek-V4).
std::vector<QuantScheme> known_schemes(const Config& config) {
  const std::vector<std::uint64_t> block = block_size(config);
  const auto fp8 = [&](const char* weight, const char* scale, bool lone_scale) {
    return QuantScheme{QuantScheme::Kind::Fp8, weight, weight, scale, lone_scale, false, block};
  };
  return {
      written_scheme(QuantScheme::Kind::Mxfp4),
      mxfp4_rows(),
      fp8("", "_scale_inv", true),
      fp8(".weight", ".weight_scale", true),
      fp8("", "_scale", false),
      fp8(".weight", ".scale", false),
  };
}

}  // namespace ckptscope
