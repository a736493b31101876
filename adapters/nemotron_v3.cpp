// Nemotron V3 (NemotronHForCausalLM, dense Nemotron-H too). Non-gated experts, one tensor each on
// disk; Mamba parameters that native keeps in F32; "backbone." on disk is "model." in native.
#include "adapters/blocks.hpp"
#include "adapters/families.hpp"

namespace ckptscope {

Mapping nemotron_v3(const Config& config, const MappingOptions& options) {
  constexpr std::uint64_t kAll = ~0ull;
  const bool documented = options.layout == "documented";
  const Pattern bare = "{p=model.|mtp.}layers.{L}.mixer.{a=A_log|dt_bias|D}";
  const Pattern nested = "{p=model.|mtp.}layers.{L}.mixer._fp32_params.{a=A_log|dt_bias|D}";
  const std::string scope = "{p=model.|mtp.}layers.{L}.mixer.experts.";
  return {
      drop_hf("nemotron_v3.extra_layers", "{p=backbone.|model.}layers.{L}.{x}",
              where("L") >= hidden_layers(config, options, kAll),
              "layers beyond num_hidden_layers"),
      prefix("backbone.", "model."),
      same("model.norm_f.weight", "model.norm.weight"),
      documented ? same("model.embed_tokens.weight", "model.embed_tokens.weight")
                       .also_hf("model.embeddings.weight")
                       .also_hf("model.embedding.weight")
                 : same("model.embeddings.weight", "model.embed_tokens.weight")
                       .also_hf("model.embed_tokens.weight")
                       .also_hf("model.embedding.weight"),
      same(bare, documented ? bare : nested).as(Dtype::F32).also_native(documented ? nested : bare),
      plain_experts(scope, experts(config, options)),
      fused_experts(scope, experts(config, options), "up_proj"),
  };
}

}  // namespace ckptscope
