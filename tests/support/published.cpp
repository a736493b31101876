// Rows of tensors below prefixes, block by block.
#include "tests/support/published.hpp"

#include "tests/support/published_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

namespace ckptscope::testing {
namespace {

using enum Dtype;
using Json = nlohmann::ordered_json;

/// A tensor, named below some prefix.
struct Row {
  std::string_view key;
  Dtype dtype;
  Shape shape;
  Filling filling = Filling::ByDtype;
};
using Rows = std::vector<Row>;

void add(SyntheticCheckpoint& to, const std::string& prefix, const Rows& rows) {
  for (const Row& row : rows) {
    to.tensors.push_back({prefix + std::string(row.key), row.dtype, row.shape, row.filling});
  }
}

// ---- GPT-OSS ------------------------------------------------------------------------------------

enum class Experts { Mxfp4, Bf16 };

/// In the order of the published files.
Rows gpt_oss_attention(std::uint64_t experts) {
  return {
      {"input_layernorm.weight", BF16, {2880}},
      {"self_attn.o_proj.bias", BF16, {2880}},
      {"self_attn.o_proj.weight", BF16, {2880, 4096}},
      {"self_attn.q_proj.bias", BF16, {4096}},
      {"self_attn.k_proj.bias", BF16, {512}},
      {"self_attn.v_proj.bias", BF16, {512}},
      {"self_attn.q_proj.weight", BF16, {4096, 2880}},
      {"self_attn.k_proj.weight", BF16, {512, 2880}},
      {"self_attn.v_proj.weight", BF16, {512, 2880}},
      {"self_attn.sinks", BF16, {64}},
      {"mlp.router.bias", BF16, {experts}},
      {"mlp.router.weight", BF16, {experts, 2880}},
  };
}

Rows gpt_oss_experts(std::uint64_t experts, Experts form) {
  if (form == Experts::Bf16) {
    return {
        {"mlp.experts.gate_up_proj_bias", BF16, {experts, 5760}},
        {"mlp.experts.gate_up_proj", BF16, {experts, 2880, 5760}},
        {"mlp.experts.down_proj_bias", BF16, {experts, 2880}},
        {"mlp.experts.down_proj", BF16, {experts, 2880, 2880}},
        {"post_attention_layernorm.weight", BF16, {2880}},
    };
  }
  return {
      {"mlp.experts.gate_up_proj_bias", BF16, {experts, 5760}},
      {"mlp.experts.gate_up_proj_blocks", U8, {experts, 5760, 90, 16}},
      {"mlp.experts.gate_up_proj_scales", U8, {experts, 5760, 90}, Filling::Scale},
      {"mlp.experts.down_proj_bias", BF16, {experts, 2880}},
      {"mlp.experts.down_proj_blocks", U8, {experts, 2880, 90, 16}},
      {"mlp.experts.down_proj_scales", U8, {experts, 2880, 90}, Filling::Scale},
      {"post_attention_layernorm.weight", BF16, {2880}},
  };
}

Json gpt_oss_config(std::uint64_t layers, std::uint64_t experts, Experts form) {
  Json config = Json::parse(R"({
    "architectures": ["GptOssForCausalLM"], "model_type": "gpt_oss", "hidden_size": 2880,
    "intermediate_size": 2880, "num_hidden_layers": 0, "num_attention_heads": 64,
    "num_key_value_heads": 8, "head_dim": 64, "attention_bias": true, "num_local_experts": 0,
    "experts_per_token": 4, "num_experts_per_tok": 4, "layer_types": [], "sliding_window": 128,
    "swiglu_limit": 7.0, "rope_theta": 150000,
    "rope_scaling": {"rope_type": "yarn", "factor": 32.0}, "initial_context_length": 4096,
    "vocab_size": 201088, "tie_word_embeddings": false, "transformers_version": "4.55.0.dev0"})");
  config["num_hidden_layers"] = layers;
  config["num_local_experts"] = experts;
  for (std::uint64_t i = 0; i < layers; ++i) {
    config["layer_types"].push_back(i % 2 == 0 ? "sliding_attention" : "full_attention");
  }
  if (form == Experts::Mxfp4) {
    config["quantization_config"] = Json::parse(R"({"quant_method": "mxfp4",
      "modules_to_not_convert": ["model.layers.*.self_attn", "model.layers.*.mlp.router",
                                 "model.embed_tokens", "lm_head"]})");
  }
  return config;
}

SyntheticCheckpoint gpt_oss(std::uint64_t layers, std::uint64_t experts, Experts form,
                            std::size_t shards) {
  SyntheticCheckpoint checkpoint;
  checkpoint.shards = shards;
  checkpoint.zero_based = form == Experts::Mxfp4;
  checkpoint.config = gpt_oss_config(layers, experts, form).dump(2);
  // With these three in front, the first cut of the 20b falls between down_proj's blocks and
  // scales.
  add(checkpoint, "",
      {{"model.embed_tokens.weight", BF16, {201088, 2880}},
       {"model.norm.weight", BF16, {2880}},
       {"lm_head.weight", BF16, {201088, 2880}}});
  std::set<std::string> names;  // the published files have layers in the order of text: 0, 1, 10, …
  for (std::uint64_t i = 0; i < layers; ++i) names.insert(fmt::format("model.layers.{}.", i));
  for (const std::string& name : names) {
    add(checkpoint, name, gpt_oss_attention(experts));
    add(checkpoint, name, gpt_oss_experts(experts, form));
  }
  return checkpoint;
}

// ---- Nemotron 3 Nano ----------------------------------------------------------------------------

enum class Precision { Bf16, Fp8, Nvfp4 };

constexpr std::string_view kNemotronPattern =
    "MEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEMEM*EMEMEMEME";

/// A weight of the variant: itself, or packed with ModelOpt's scales beside it.
void add_weight(SyntheticCheckpoint& to, const std::string& stem, Precision precision,
                std::uint64_t rows, std::uint64_t cols) {
  switch (precision) {
    case Precision::Bf16:
      return add(to, stem, {{".weight", BF16, {rows, cols}}});
    case Precision::Fp8:
      return add(to, stem,
                 {{".weight", F8_E4M3, {rows, cols}},
                  {".weight_scale", F32, {}, Filling::Positive},
                  {".input_scale", F32, {}, Filling::Positive}});
    case Precision::Nvfp4:
      return add(to, stem,
                 {{".weight", U8, {rows, cols / 2}},
                  {".weight_scale", F8_E4M3, {rows, cols / 16}, Filling::Positive},
                  {".weight_scale_2", F32, {}, Filling::Positive},
                  {".input_scale", F32, {}, Filling::Positive}});
  }
}

void add_mamba(SyntheticCheckpoint& to, const std::string& mixer, Precision precision) {
  add(to, mixer,
      {{"A_log", F32, {64}},
       {"D", F32, {64}},
       {"dt_bias", BF16, {64}},
       {"conv1d.weight", BF16, {6144, 1, 4}},
       {"conv1d.bias", BF16, {6144}}});
  add_weight(to, mixer + "in_proj", precision, 10304, 2688);
  add(to, mixer, {{"norm.weight", BF16, {4096}}});
  add_weight(to, mixer + "out_proj", precision, 2688, 4096);
}

void add_attention(SyntheticCheckpoint& to, const std::string& mixer, Precision precision) {
  add(to, mixer,
      {{"q_proj.weight", BF16, {4096, 2688}},
       {"k_proj.weight", BF16, {256, 2688}},
       {"v_proj.weight", BF16, {256, 2688}},
       {"o_proj.weight", BF16, {2688, 4096}}});
  if (precision == Precision::Bf16) return;
  add(to, mixer,
      {{"k_proj.k_scale", F32, {}, Filling::Positive},
       {"v_proj.v_scale", F32, {}, Filling::Positive}});
}

void add_plain_experts(SyntheticCheckpoint& to, const std::string& mixer, Precision precision) {
  add(to, mixer,
      {{"gate.weight", BF16, {128, 2688}}, {"gate.e_score_correction_bias", F32, {128}}});
  for (int expert = 0; expert < 128; ++expert) {
    const std::string stem = fmt::format("{}experts.{}.", mixer, expert);
    add_weight(to, stem + "up_proj", precision, 1856, 2688);
    add_weight(to, stem + "down_proj", precision, 2688, 1856);
  }
  add_weight(to, mixer + "shared_experts.up_proj", precision, 3712, 2688);
  add_weight(to, mixer + "shared_experts.down_proj", precision, 2688, 3712);
}

void add_nemotron_layer(SyntheticCheckpoint& to, std::uint64_t layer, Precision precision) {
  // Mamba before attention stays BF16 in the quantised variants.
  static const std::set<std::uint64_t> unquantised_mamba{4, 11, 18, 25, 32, 41};
  const std::string name = fmt::format("backbone.layers.{}.", layer);
  add(to, name, {{"norm.weight", BF16, {2688}}});
  switch (kNemotronPattern[layer]) {
    case 'M':
      return add_mamba(to, name + "mixer.",
                       unquantised_mamba.contains(layer) ? Precision::Bf16 : precision);
    case '*':
      return add_attention(to, name + "mixer.", precision);
    default:
      return add_plain_experts(to, name + "mixer.", precision);
  }
}

Json nemotron_config(std::uint64_t layers, Precision precision) {
  Json config = Json::parse(R"({
    "architectures": ["NemotronHForCausalLM"], "model_type": "nemotron_h", "hidden_size": 2688,
    "num_hidden_layers": 0, "hybrid_override_pattern": "", "n_routed_experts": 128,
    "num_experts_per_tok": 6, "moe_intermediate_size": 1856, "intermediate_size": 1856,
    "moe_shared_expert_intermediate_size": 3712, "n_shared_experts": 1, "mamba_num_heads": 64,
    "mamba_head_dim": 64, "ssm_state_size": 128, "n_groups": 8, "conv_kernel": 4,
    "num_attention_heads": 32, "num_key_value_heads": 2, "head_dim": 128, "n_group": 1,
    "topk_group": 1, "routed_scaling_factor": 2.5, "norm_topk_prob": true,
    "mlp_hidden_act": "relu2", "layer_norm_epsilon": 1e-5, "vocab_size": 131072,
    "max_position_embeddings": 262144, "tie_word_embeddings": false,
    "transformers_version": "4.55.4"})");
  config["num_hidden_layers"] = layers;
  config["hybrid_override_pattern"] = kNemotronPattern.substr(0, layers);
  if (precision != Precision::Bf16) {
    config["quantization_config"] = {{"quant_method", "modelopt"},
                                     {"quant_algo", precision == Precision::Fp8 ? "FP8" : "NVFP4"},
                                     {"kv_cache_quant_algo", "FP8"}};
  }
  return config;
}

SyntheticCheckpoint nemotron(std::uint64_t layers, Precision precision, std::size_t shards) {
  SyntheticCheckpoint checkpoint;
  checkpoint.shards = shards;
  checkpoint.config = nemotron_config(layers, precision).dump(2);
  add(checkpoint, "", {{"backbone.embeddings.weight", BF16, {131072, 2688}}});
  for (std::uint64_t i = 0; i < layers; ++i) add_nemotron_layer(checkpoint, i, precision);
  add(checkpoint, "",
      {{"backbone.norm_f.weight", BF16, {2688}}, {"lm_head.weight", BF16, {131072, 2688}}});
  return checkpoint;
}

// ---- Hy3 ----------------------------------------------------------------------------------------

void add_gated_mlp(SyntheticCheckpoint& to, const std::string& prefix, std::uint64_t inner) {
  add(to, prefix,
      {{"gate_proj.weight", BF16, {inner, 4096}},
       {"up_proj.weight", BF16, {inner, 4096}},
       {"down_proj.weight", BF16, {4096, inner}}});
}

void add_hy3_layer(SyntheticCheckpoint& to, std::uint64_t layer) {
  const std::string name = fmt::format("model.layers.{}.", layer);
  add(to, name,
      {{"input_layernorm.weight", BF16, {4096}},
       {"post_attention_layernorm.weight", BF16, {4096}},
       {"self_attn.q_proj.weight", BF16, {8192, 4096}},
       {"self_attn.k_proj.weight", BF16, {1024, 4096}},
       {"self_attn.v_proj.weight", BF16, {1024, 4096}},
       {"self_attn.o_proj.weight", BF16, {4096, 8192}},
       {"self_attn.q_norm.weight", BF16, {128}},
       {"self_attn.k_norm.weight", BF16, {128}}});
  if (layer == 0) return add_gated_mlp(to, name + "mlp.", 13312);
  add(to, name, {{"mlp.expert_bias", F32, {192}}, {"mlp.router.gate.weight", BF16, {192, 4096}}});
  add_gated_mlp(to, name + "mlp.shared_mlp.", 1536);
  for (int expert = 0; expert < 192; ++expert) {
    add_gated_mlp(to, fmt::format("{}mlp.experts.{}.", name, expert), 1536);
  }
}

SyntheticCheckpoint hy3(std::uint64_t layers) {
  SyntheticCheckpoint checkpoint;
  checkpoint.shards = 112;
  Json config = Json::parse(R"({
    "architectures": ["HYV3ForCausalLM"], "model_type": "hy_v3", "num_hidden_layers": 0,
    "num_nextn_predict_layers": 1, "hidden_size": 4096, "intermediate_size": 13312,
    "moe_intermediate_size": 1536, "expert_hidden_dim": 1536, "num_experts": 192,
    "num_experts_per_tok": 8, "num_shared_experts": 1, "first_k_dense_replace": 1,
    "num_attention_heads": 64, "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 120832,
    "router_scaling_factor": 2.826, "route_norm": true, "moe_router_use_sigmoid": true,
    "moe_router_enable_expert_bias": true, "qk_norm": true, "rope_theta": 11158840,
    "enable_lm_head_fp32": true, "max_position_embeddings": 262144, "tie_word_embeddings": false,
    "transformers_version": "5.6.0"})");
  config["num_hidden_layers"] = layers;
  checkpoint.config = config.dump(2);
  add(checkpoint, "", {{"model.embed_tokens.weight", BF16, {120832, 4096}}});
  for (std::uint64_t i = 0; i < layers; ++i) add_hy3_layer(checkpoint, i);
  // The MTP layer is a layer like the others, with four tensors more.
  add_hy3_layer(checkpoint, layers);
  add(checkpoint, fmt::format("model.layers.{}.", layers),
      {{"eh_proj.weight", BF16, {4096, 8192}},
       {"enorm.weight", BF16, {4096}},
       {"hnorm.weight", BF16, {4096}},
       {"final_layernorm.weight", BF16, {4096}}});
  add(checkpoint, "",
      {{"model.norm.weight", BF16, {4096}}, {"lm_head.weight", BF16, {120832, 4096}}});
  return checkpoint;
}

// ---- Mistral Small 4 ----------------------------------------------------------------------------

void add_fp8_linear(SyntheticCheckpoint& to, const std::string& stem, std::uint64_t rows,
                    std::uint64_t cols) {
  add(to, stem,
      {{".weight", F8_E4M3, {rows, cols}},
       {".weight_scale_inv", BF16, {}, Filling::Positive},
       {".activation_scale", BF16, {}, Filling::Positive}});
}

void add_mistral_layer(SyntheticCheckpoint& to, std::uint64_t layer) {
  const std::string name = fmt::format("language_model.model.layers.{}.", layer);
  add(to, name,
      {{"input_layernorm.weight", BF16, {4096}},
       {"post_attention_layernorm.weight", BF16, {4096}},
       {"self_attn.q_a_layernorm.weight", BF16, {1024}},
       {"self_attn.kv_a_layernorm.weight", BF16, {256}}});
  add_fp8_linear(to, name + "self_attn.q_a_proj", 1024, 4096);
  add_fp8_linear(to, name + "self_attn.q_b_proj", 4096, 1024);
  add_fp8_linear(to, name + "self_attn.kv_a_proj_with_mqa", 320, 4096);
  add_fp8_linear(to, name + "self_attn.kv_b_proj", 6144, 256);
  add_fp8_linear(to, name + "self_attn.o_proj", 4096, 4096);
  add_fp8_linear(to, name + "mlp.shared_experts.gate_proj", 2048, 4096);
  add_fp8_linear(to, name + "mlp.shared_experts.up_proj", 2048, 4096);
  add_fp8_linear(to, name + "mlp.shared_experts.down_proj", 4096, 2048);
  add(to, name,
      {{"mlp.gate.weight", BF16, {128, 4096}},
       {"mlp.experts.gate_up_proj", F8_E4M3, {128, 4096, 4096}},
       {"mlp.experts.gate_up_proj_scale_inv", BF16, {128, 1, 1}, Filling::Positive},
       {"mlp.experts.gate_up_proj_activation_scale", BF16, {128}, Filling::Positive},
       {"mlp.experts.down_proj", F8_E4M3, {128, 4096, 2048}},
       {"mlp.experts.down_proj_scale_inv", BF16, {128, 1, 1}, Filling::Positive},
       {"mlp.experts.down_proj_activation_scale", BF16, {128}, Filling::Positive}});
}

void add_vision(SyntheticCheckpoint& to) {
  add(to, "vision_tower.",
      {{"patch_conv.weight", BF16, {1024, 3, 14, 14}}, {"ln_pre.weight", BF16, {1024}}});
  for (int i = 0; i < 24; ++i) {
    add(to, fmt::format("vision_tower.transformer.layers.{}.", i),
        {{"attention.q_proj.weight", BF16, {1024, 1024}},
         {"attention.k_proj.weight", BF16, {1024, 1024}},
         {"attention.v_proj.weight", BF16, {1024, 1024}},
         {"attention.o_proj.weight", BF16, {1024, 1024}},
         {"feed_forward.gate_proj.weight", BF16, {4096, 1024}},
         {"feed_forward.up_proj.weight", BF16, {4096, 1024}},
         {"feed_forward.down_proj.weight", BF16, {1024, 4096}},
         {"attention_norm.weight", BF16, {1024}},
         {"ffn_norm.weight", BF16, {1024}}});
  }
  add(to, "multi_modal_projector.",
      {{"norm.weight", BF16, {1024}},
       {"patch_merger.merging_layer.weight", BF16, {1024, 4096}},
       {"linear_1.weight", BF16, {4096, 1024}},
       {"linear_2.weight", BF16, {4096, 4096}}});
}

/// The config of the text part; it states no dtype.
Json mistral_text_config(std::uint64_t layers) {
  Json config = Json::parse(R"({
    "model_type": "mistral4", "hidden_size": 4096, "intermediate_size": 12288,
    "moe_intermediate_size": 2048, "num_hidden_layers": 0, "first_k_dense_replace": 0,
    "n_routed_experts": 128, "n_shared_experts": 1, "num_experts_per_tok": 4, "n_group": 1,
    "topk_group": 1, "routed_scaling_factor": 1.0, "q_lora_rank": 1024, "kv_lora_rank": 256,
    "qk_nope_head_dim": 64, "qk_rope_head_dim": 64, "v_head_dim": 128, "num_attention_heads": 32,
    "vocab_size": 131072, "max_position_embeddings": 1048576, "rms_norm_eps": 1e-6,
    "rope_parameters": {"rope_type": "yarn", "factor": 128.0, "llama_4_scaling_beta": 0.1}})");
  config["num_hidden_layers"] = layers;
  return config;
}

Json mistral_config(std::uint64_t layers, bool multimodal) {
  Json config = mistral_text_config(layers);
  if (multimodal) {
    config = {{"architectures", Json::array({"Mistral3ForConditionalGeneration"})},
              {"model_type", "mistral3"},
              {"text_config", std::move(config)}};
  } else {
    config["architectures"] = Json::array({"Mistral4ForCausalLM"});
  }
  config["quantization_config"] = {{"quant_method", "fp8"},
                                   {"activation_scheme", "static"},
                                   {"weight_block_size", nullptr},
                                   {"dequantize", false}};
  return config;
}

SyntheticCheckpoint mistral4(std::uint64_t layers, bool multimodal) {
  SyntheticCheckpoint checkpoint;
  checkpoint.shards = 25;
  checkpoint.config = mistral_config(layers, multimodal).dump(2);
  add(checkpoint, "language_model.", {{"model.embed_tokens.weight", BF16, {131072, 4096}}});
  for (std::uint64_t i = 0; i < layers; ++i) add_mistral_layer(checkpoint, i);
  add(checkpoint, "language_model.",
      {{"model.norm.weight", BF16, {4096}}, {"lm_head.weight", BF16, {131072, 4096}}});
  if (multimodal) add_vision(checkpoint);
  return checkpoint;
}

// ---- all of them --------------------------------------------------------------------------------

struct Model {
  std::string name;
  std::uint64_t layers;
  SyntheticCheckpoint (*make)(std::uint64_t layers);
};

const std::vector<Model>& models() {
  using Count = std::uint64_t;
  static const std::vector<Model> rows{
      {"gpt-oss-20b", 24, [](Count n) { return gpt_oss(n, 32, Experts::Mxfp4, 3); }},
      {"gpt-oss-120b", 36, [](Count n) { return gpt_oss(n, 128, Experts::Mxfp4, 15); }},
      {"gpt-oss-20b-bf16", 24, [](Count n) { return gpt_oss(n, 32, Experts::Bf16, 9); }},
      {"nemotron-nano", 52, [](Count n) { return nemotron(n, Precision::Bf16, 13); }},
      {"nemotron-nano-fp8", 52, [](Count n) { return nemotron(n, Precision::Fp8, 7); }},
      {"nemotron-nvfp4", 52, [](Count n) { return nemotron(n, Precision::Nvfp4, 5); }},
      {"hy3", 80, hy3},
      {"mistral4", 36, [](Count n) { return mistral4(n, true); }},
      {"mistral4-text", 36, [](Count n) { return mistral4(n, false); }},
  };
  return rows;
}

// ---- many tensors -------------------------------------------------------------------------------

constexpr int kManyExperts = 1024;
constexpr std::size_t kPerLayer = 12 + 3 * kManyExperts;

void add_deepseek_layer(SyntheticCheckpoint& to, std::size_t layer) {
  const std::string name = fmt::format("model.layers.{}.", layer);
  add(to, name,
      {{"input_layernorm.weight", BF16, {2048}},
       {"post_attention_layernorm.weight", BF16, {2048}},
       {"self_attn.q_a_proj.weight", BF16, {512, 2048}},
       {"self_attn.q_a_layernorm.weight", BF16, {512}},
       {"self_attn.q_b_proj.weight", BF16, {2048, 512}},
       {"self_attn.kv_a_proj_with_mqa.weight", BF16, {576, 2048}},
       {"self_attn.kv_a_layernorm.weight", BF16, {512}},
       {"self_attn.kv_b_proj.weight", BF16, {4096, 512}},
       {"self_attn.o_proj.weight", BF16, {2048, 2048}},
       {"mlp.gate.weight", BF16, {kManyExperts, 2048}},
       {"mlp.gate.e_score_correction_bias", F32, {kManyExperts}},
       {"mlp.shared_experts.gate_proj.weight", BF16, {256, 2048}}});
  for (int expert = 0; expert < kManyExperts; ++expert) {
    add(to, fmt::format("{}mlp.experts.{}.", name, expert),
        {{"gate_proj.weight", BF16, {256, 2048}},
         {"up_proj.weight", BF16, {256, 2048}},
         {"down_proj.weight", BF16, {2048, 256}}});
  }
}

}  // namespace

SyntheticCheckpoint published(std::string_view model, const Reduced& reduced) {
  for (const Model& row : models()) {
    if (row.name != model) continue;
    SyntheticCheckpoint checkpoint =
        row.make(std::min(reduced.layers.value_or(row.layers), row.layers));
    checkpoint.sparse = !reduced.real;
    return checkpoint;
  }
  return read_published_text(std::string(model)).checkpoint;
}

const std::vector<std::string>& published_models() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const Model& row : models()) list.push_back(row.name);
    return list;
  }();
  return names;
}

SyntheticCheckpoint many_tensors(std::size_t count, std::size_t shards) {
  SyntheticCheckpoint checkpoint;
  checkpoint.shards = shards;
  checkpoint.sparse = true;
  const std::size_t layers = (count - 3) / kPerLayer;
  checkpoint.config = Json{
      {"architectures", Json::array({"DeepseekV3ForCausalLM"})},
      {"model_type", "deepseek_v3"},
      {"num_hidden_layers", layers},
      {"n_routed_experts", kManyExperts},
      {"moe_intermediate_size", 256},
      {"hidden_size",
       2048}}.dump(2);
  checkpoint.tensors.reserve(count);
  add(checkpoint, "",
      {{"model.embed_tokens.weight", BF16, {129280, 2048}},
       {"model.norm.weight", BF16, {2048}},
       {"lm_head.weight", BF16, {129280, 2048}}});
  for (std::size_t i = 0; i < layers; ++i) add_deepseek_layer(checkpoint, i);
  for (std::size_t i = 0; checkpoint.tensors.size() < count; ++i) {
    add(checkpoint, fmt::format("vision.blocks.{}.", i), {{"norm.weight", BF16, {1024}}});
  }
  return checkpoint;
}

}  // namespace ckptscope::testing
