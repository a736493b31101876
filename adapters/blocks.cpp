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

}  // namespace

Extent experts(const Config& config, const MappingOptions& options) {
  if (const Extent set = setting(options, "num_experts")) return set;
  return config.integer({"num_local_experts", "n_routed_experts", "num_experts"});
}

std::uint64_t hidden_layers(const Config& config, const MappingOptions& options,
                            std::uint64_t fallback) {
  if (const Extent set = setting(options, "num_hidden_layers")) return *set;
  return config.integer_or("num_hidden_layers", fallback);
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

QuantScheme mxfp4_scheme() {
  return {QuantScheme::Kind::Mxfp4, "", "_blocks", "_scales"};
}

Rules fp8_schemes(const Config& config) {
  QuantScheme scale_inv{QuantScheme::Kind::Fp8, "", "", "_scale_inv"};
  if (const auto block = config.integers("quantization_config.weight_block_size");
      block && block->size() == 2 && (*block)[0] > 0 && (*block)[1] > 0) {
    scale_inv.block = *block;
  }
  return {
      scale_inv,
      QuantScheme{QuantScheme::Kind::Fp8, ".weight", ".weight", ".weight_scale"},
      drop_hf("modelopt.input_scale", "{p}.input_scale", "activation scales"),
  };
}

}  // namespace ckptscope
