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

/// The same where transformers 5 has the experts of a layer in one tensor: `up` ("gate_up_proj", or
/// "up_proj" without a gate) [n, out, H] and down_proj [n, H, I]. Understood, never written: stands
/// behind the rules that are.
Rules fused_experts(const std::string& scope, Extent count, const std::string& up);

/// OCP MXFP4 as GPT-OSS stores it.
QuantScheme mxfp4_scheme();

/// FP8 weights with a scale beside them, by the suffixes that are published: `_scale_inv`
/// (DeepSeek), `_scale` (ModelOpt, compressed-tensors), `.scale` (DeepSeek-V4).
Rules fp8_schemes(const Config& config);

}  // namespace ckptscope
