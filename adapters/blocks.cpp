// What several families have alike: how settings are read, gated and plain experts, FP8 names.
#include "adapters/blocks.hpp"

#include <charconv>

namespace ckptscope {
namespace {

Extent setting(const MappingOptions& options, std::string_view name) {
  const auto found = options.settings.find(name);
  if (found == options.settings.end()) return std::nullopt;
  std::uint64_t value = 0;
  const std::string& text = found->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? Extent(value) : std::nullopt;
}

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

}  // namespace

Extent experts(const Config& config, const MappingOptions& options) {
  if (const Extent set = setting(options, "num_experts")) return set;
  return config.experts();
}

std::uint64_t hidden_layers(const Config& config, const MappingOptions& options,
                            std::uint64_t fallback) {
  if (const Extent set = setting(options, "num_hidden_layers")) return *set;
  return config.layers().value_or(fallback);
}

Extent expert_size(const Config& config) {
  return config.integer({"moe_intermediate_size", "expert_hidden_dim"});
}

Rules gated_experts(const std::string& scope, Extent count, Extent size) {
  const auto part = [&](const char* name) { return t(hf(scope + "{E}." + name + ".weight")); };
  return {
      native(scope + "gate_and_up_projs",
             stack("E", count, cat(-1, {part("gate_proj"), part("up_proj")}, size))),
      native(scope + "down_projs", stack("E", count, part("down_proj"))),
  };
}

Rules plain_experts(const std::string& scope, Extent count) {
  const auto part = [&](const char* name) { return t(hf(scope + "{E}." + name + ".weight")); };
  return {
      native(scope + "gate_and_up_projs", stack("E", count, part("up_proj"))),
      native(scope + "down_projs", stack("E", count, part("down_proj"))),
  };
}

Rules fused_experts(const std::string& scope, Extent count, const std::string& up) {
  return {
      native(scope + "gate_and_up_projs", t(hf(scope + up))).with_rows(count),
      native(scope + "down_projs", t(hf(scope + "down_proj"))).with_rows(count),
  };
}

QuantScheme mxfp4_scheme() {
  return {QuantScheme::Kind::Mxfp4, "", "_blocks", "_scales"};
}

Rules fp8_schemes(const Config& config) {
  const std::vector<std::uint64_t> block = block_size(config);
  const auto scheme = [&](const char* weight, const char* scale, bool lone_scale) {
    return QuantScheme{QuantScheme::Kind::Fp8, weight, weight, scale, lone_scale, block};
  };
  return {
      scheme("", "_scale_inv", true),
      scheme(".weight", ".weight_scale", true),
      scheme("", "_scale", false),
      scheme(".weight", ".scale", false),
      drop_hf("modelopt.input_scale", "{p}.input_scale", "activation scales"),
  };
}

}  // namespace ckptscope
