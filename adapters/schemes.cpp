// How weights are packed on disk, by the suffixes that are published. Which weights are is read
// from dtypes and names, for every family alike.
#include <algorithm>

#include "adapters/adapter.hpp"

namespace ckptscope {
namespace {

using Kind = QuantScheme::Kind;

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

/// False where compressed-tensors packs integers of another kind: 8 bits, zero points. A config
/// that says nothing leaves it to the shapes.
bool is_symmetric_int4(const Config& config) {
  constexpr const char* kGroups = "quantization_config.config_groups";
  const auto all = [&](const char* path, const ConfigValue& expected) {
    const auto values = config.each(kGroups, path);
    return std::all_of(values.begin(), values.end(),
                       [&](const ConfigValue& value) { return value.equals(expected); });
  };
  return all("weights.num_bits", {std::int64_t{4}, {}}) && all("weights.symmetric", {true, {}});
}

/// Of four bits in rows. Their scales have names that others have too.
QuantScheme in_rows(QuantScheme::Kind kind, const char* weight, const char* scale,
                    const char* third = "", bool divides = false) {
  QuantScheme scheme{kind, ".weight", weight, scale, third, divides};
  scheme.lone_scale = false;
  scheme.in_rows = true;
  return scheme;
}

}  // namespace

/// MXFP4 as GPT-OSS stores it, and in rows (Kimi-K3); int4 (Kimi-K2.5) and NVFP4 of
/// compressed-tensors and of ModelOpt; FP4 and FP8 of DeepSeek-V4; FP8 with a scale beside it:
/// `_scale_inv` (DeepSeek), `_scale` (ModelOpt, compressed-tensors).
std::vector<QuantScheme> known_schemes(const Config& config) {
  const std::vector<std::uint64_t> block = block_size(config);
  const std::uint64_t kv_heads = config.integer({"num_key_value_heads"}).value_or(0);
  const auto fp8 = [&](const char* weight, const char* scale, bool lone_scale) {
    return QuantScheme{Kind::Fp8, weight,     weight, scale, "",
                       false,     lone_scale, false,  block, kv_heads};
  };
  std::vector<QuantScheme> schemes{
      written_form(PackAs::Mxfp4).scheme,
      written_form(PackAs::Mxfp4Rows).scheme,
      in_rows(Kind::Nvfp4, ".weight_packed", ".weight_scale", ".weight_global_scale", true),
      in_rows(Kind::Nvfp4, ".weight", ".weight_scale", ".weight_scale_2"),
      in_rows(Kind::Fp4, ".weight", ".scale"),
      fp8("", "_scale_inv", true),
      fp8(".weight", ".weight_scale", true),
      fp8("", "_scale", false),
      fp8(".weight", ".scale", false),
  };
  if (is_symmetric_int4(config)) {
    schemes.insert(schemes.begin(), written_form(PackAs::Int4).scheme);
  }
  return schemes;
}

}  // namespace ckptscope
