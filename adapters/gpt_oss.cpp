// GPT-OSS (GptOssForCausalLM). Experts come grouped, gate and up interleaved, as MXFP4 blocks and
// scales or as BF16 that already has the native layout; so only names differ.
#include "adapters/blocks.hpp"
#include "adapters/families.hpp"

namespace ckptscope {

Mapping gpt_oss(const Config& config, const MappingOptions& options) {
  const Extent count = experts(config, options);
  const QuantScheme mxfp4 = mxfp4_scheme();
  Mapping mapping{
      mxfp4,
      QuantPreset{mxfp4,
                  {{"{p}mlp.experts.gate_up_proj", 3}, {"{p}mlp.experts.down_proj", 3}},
                  {},
                  false,
                  R"({"modules_to_not_convert": ["model.layers.*.self_attn",
                      "model.layers.*.mlp.router", "model.embed_tokens", "lm_head"],
                      "quant_method": "mxfp4"})"},
      same("{p}mlp.router.{a=weight|bias}", "{p}mlp.gate.{a}"),
      same("{p}mlp.experts.gate_up_proj", "{p}mlp.experts.gate_and_up_projs").with_rows(count),
      same("{p}mlp.experts.down_proj", "{p}mlp.experts.down_projs").with_rows(count),
      same("{p}mlp.experts.{a=gate_up|down}_proj_bias", "{p}mlp.experts.{a}_proj_bias"),
  };
  const auto attention = options.settings.find("attn");
  if (attention != options.settings.end() && attention->second == "te") {
    mapping.add(same("{p}self_attn.sinks", "{p}self_attn.attn_module.softmax_offset"));
  }
  return mapping;
}

}  // namespace ckptscope
