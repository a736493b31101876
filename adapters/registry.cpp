// One row a family. Configs and keys are tried in this order: a more special family stands first.
#include <algorithm>

#include "adapters/adapter.hpp"
#include "adapters/blocks.hpp"
#include "adapters/families.hpp"

namespace ckptscope {

std::span<const Adapter> adapters() {
  static const std::vector<Adapter> rows{
      {"gpt_oss",
       "GPT-OSS, MXFP4 or BF16 experts",
       {"gpt_oss"},
       {"model_type"},
       {"{p}self_attn.sinks", "{p}mlp.router.weight"},
       {{"automodel"}},
       {"attn", "num_experts"},
       Dtype::BF16,
       gpt_oss},
      {"nemotron_v3",
       "Nemotron V3 and dense Nemotron-H",
       {"nemotron_h"},
       {"model_type"},
       {"{p}layers.{L}.mixer.A_log"},
       {{"automodel"}, {"documented"}},
       {"num_experts", "num_hidden_layers"},
       Dtype::BF16,
       nemotron_v3},
      {"hy_v3",
       "Hy3, gated experts",
       {"hy_v3"},
       {"model_type"},
       {"{p}.mlp.expert_bias", "{p}.mlp.router.gate.weight"},
       {{"automodel"}},
       {"num_experts", "num_hidden_layers"},
       Dtype::BF16,
       hy_v3},
      {"mistral4_vlm",
       "Mistral 4 multimodal, FP8",
       {"mistral4"},
       {"text_config.model_type"},
       {"{p}vision_tower.{x}", "{p}.self_attn.kv_a_proj_with_mqa.weight",
        "{p}.mlp.experts.gate_up_proj"},
       {{"automodel", "model.language_model.model."},
        {"documented", "model.language_model.layers."}},
       {"num_experts"},
       Dtype::F32,
       mistral4_vlm},
      {"mistral4",
       "Mistral 4 text, FP8",
       {"mistral4"},
       {"model_type"},
       {"{p}.self_attn.kv_a_proj_with_mqa.weight", "{p}.mlp.experts.gate_up_proj"},
       {{"automodel"}},
       {"num_experts"},
       Dtype::F32,
       mistral4},
  };
  return rows;
}

const Adapter* find_adapter(std::string_view id) {
  const auto rows = adapters();
  const auto found =
      std::find_if(rows.begin(), rows.end(), [&](const Adapter& row) { return row.id == id; });
  return found == rows.end() ? nullptr : &*found;
}

Mapping mapping_of(const Adapter& adapter, const Config& config, const MappingOptions& options) {
  Mapping mapping = adapter.mapping(config, options);
  mapping.add(fp8_schemes(config));
  return mapping;
}

std::vector<QuantScheme> known_schemes(const Config& config) {
  return Mapping{mxfp4_scheme(), fp8_schemes(config)}.schemes;
}

}  // namespace ckptscope
