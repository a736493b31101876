// Mistral 4, text alone and multimodal. FP8 experts come grouped as [E, out, in]; native wants the
// last two dims swapped, a gate bias, and no scales.
#include "adapters/blocks.hpp"
#include "adapters/families.hpp"

namespace ckptscope {
namespace {

/// What the published checkpoints store as E4M3: 2-D weights of the text part and grouped experts.
QuantPreset fp8() {
  return {
      {QuantScheme::Kind::Fp8, "", "", "_scale_inv"},
      {{"{p}.weight", 2}, {"{p}.mlp.experts.{a=gate_up_proj|down_proj}", 3}},
      {"input_layernorm.weight", "post_attention_layernorm.weight", "norm.weight", "lm_head.weight",
       "embed_tokens.weight", "mlp.gate.weight", "vision_tower.", "multi_modal_projector."},
      true,
      R"({"activation_scheme": "dynamic", "dequantize": false, "quant_method": "fp8",
              "weight_block_size": null})"};
}

Rules text_rules(const Config& config, const MappingOptions& options) {
  const Extent count = experts(config, options);
  return {
      fp8(),
      drop_hf("mistral4.activation_scale", "{p}{a=.|_}activation_scale", "activation scales"),
      native("{p}.mlp.experts.gate_and_up_projs", t(hf("{p}.mlp.experts.gate_up_proj")))
          .with_rows(count),
      native("{p}.mlp.experts.down_projs", t(hf("{p}.mlp.experts.down_proj"))).with_rows(count),
      Synth{"mistral4.gate_bias", "{p}.mlp.gate.weight", "{p}.mlp.gate.e_score_correction_bias",
            Dtype::F32, count},
  };
}

}  // namespace

Mapping mistral4(const Config& config, const MappingOptions& options) {
  return {prefix("language_model.", ""), text_rules(config, options)};
}

Mapping mistral4_vlm(const Config& config, const MappingOptions& options) {
  const Rules automodel = {
      prefix("language_model.model.", "model.language_model.model."),
      prefix("language_model.lm_head.", "model.language_model.lm_head."),
      back_only("language_model.", "model.language_model."),
  };
  const Rules documented = {
      prefix("language_model.model.", "model.language_model."),
      prefix("language_model.lm_head.", "lm_head."),
  };
  return {
      options.layout == "documented" ? documented : automodel,
      prefix("vision_tower.", "model.vision_tower."),
      prefix("multi_modal_projector.", "model.multi_modal_projector."),
      text_rules(config, options),
  };
}

}  // namespace ckptscope
