// Pieces that several families share.
#pragma once

#include <string>

#include "core/base/config.hpp"
#include "core/mapping/mapping.hpp"

namespace ckptscope {

/// Number of routed experts: --set num_experts, or one of the names that configs use.
Extent experts(const Config& config, const MappingOptions& options);
/// --set num_hidden_layers, or the config's; `fallback` without either.
std::uint64_t hidden_layers(const Config& config, const MappingOptions& options,
                            std::uint64_t fallback);
/// Inner size of a routed expert, where the config states it.
Extent expert_size(const Config& config);

/// experts.{E}.{gate,up,down}_proj.weight under `scope` <-> gate_and_up_projs [n, H, 2I] (gate and
/// up joined along the last dim) and down_projs [n, I, H].
Rules gated_experts(const std::string& scope, Extent count, Extent size);
/// The same without a gate: gate_and_up_projs [n, H, I] holds up alone.
Rules plain_experts(const std::string& scope, Extent count);

/// OCP MXFP4 as GPT-OSS stores it.
QuantScheme mxfp4_scheme();

/// FP8 weights with `_scale_inv` (per tensor, per expert, or in blocks) and ModelOpt's
/// `.weight_scale`.
Rules fp8_schemes(const Config& config);

}  // namespace ckptscope
