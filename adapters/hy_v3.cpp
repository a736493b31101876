// Hy3 (HYV3ForCausalLM). Gated experts, one tensor each on disk, grouped and transposed in native.
#include "adapters/blocks.hpp"
#include "adapters/families.hpp"

namespace ckptscope {

Mapping hy_v3(const Config& config, const MappingOptions& options) {
  const std::string scope =
      "{p=|model.|language_model.|model.language_model.}layers.{L}.mlp.experts.";
  return {
      drop_hf("hy_v3.mtp", "{p=|model.}layers.{L}.{x}",
              where("L") >= hidden_layers(config, options, 80), "MTP layer"),
      same("{p}.mlp.expert_bias", "{p}.mlp.gate.e_score_correction_bias")
          .also_hf("{p}.mlp.e_score_correction_bias"),
      same("{p}.mlp.router.gate.weight", "{p}.mlp.gate.weight"),
      same("{p}.mlp.shared_mlp.{x}", "{p}.mlp.shared_experts.{x}"),
      gated_experts(scope, experts(config, options), expert_size(config)),
      fused_experts(scope, experts(config, options), "gate_up_proj"),
  };
}

}  // namespace ckptscope
