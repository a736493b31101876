// Situations out of public reports, rebuilt small: what a user does, and what must hold. A row asks
// for what the user needs to be told, not for a wording.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "tests/field/situation.hpp"
#include "tests/support/recorded.hpp"
#include "tests/support/tensor_files.hpp"

namespace ckptscope::testing {
namespace {

namespace fs = std::filesystem;
using Byte = unsigned char;
using Bytes = std::vector<Byte>;

constexpr Byte kOne = 0x38;  // 1.0 as E4M3

std::uint64_t size_of_shape(const Shape& shape, Dtype dtype) {
  return byte_count(dtype, shape);
}

/// A tensor whose bytes repeat a pattern.
FileTensor filled(const std::string& key, Dtype dtype, Shape shape, const Bytes& pattern) {
  std::string bytes(size_of_shape(shape, dtype), '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<char>(pattern[i % pattern.size()]);
  }
  return {key, dtype, std::move(shape), std::move(bytes)};
}

/// Floats, one after another.
FileTensor floats(const std::string& key, Shape shape, const std::vector<float>& values) {
  std::string bytes;
  for (const float value : values) bytes += raw({value});
  return {key, Dtype::F32, std::move(shape), std::move(bytes)};
}

void put(const TempDir& dir, const std::vector<FileTensor>& tensors, const std::string& config) {
  fs::create_directories(dir / "in");
  write_tensors(dir / "in/model.safetensors", tensors);
  if (!config.empty()) write_file(dir / "in/config.json", config);
}

const std::string kW = "model.layers.0.mlp.up_proj.weight";

std::string quantised(const std::string& quantisation) {
  return R"({"model_type":"qwen3_moe","num_hidden_layers":1,"quantization_config":)" +
         quantisation + "}";
}

SyntheticCheckpoint recorded(const std::string& name) {
  return recorded_case(name).source;
}

void put(const TempDir& dir, const SyntheticCheckpoint& checkpoint) {
  write_synthetic(dir / "in", checkpoint);
}

SyntheticCheckpoint renamed(SyntheticCheckpoint checkpoint,
                            const std::function<std::string(const std::string&)>& rename) {
  for (SyntheticTensor& one : checkpoint.tensors) one.key = rename(one.key);
  return checkpoint;
}

SyntheticCheckpoint without(SyntheticCheckpoint checkpoint, const std::string& part) {
  std::erase_if(checkpoint.tensors, [&](const SyntheticTensor& one) {
    return one.key.find(part) != std::string::npos;
  });
  return checkpoint;
}

/// The config with a member more.
SyntheticCheckpoint with_member(SyntheticCheckpoint checkpoint, const std::string& member) {
  checkpoint.config.insert(1, member + ",");
  return checkpoint;
}

std::vector<Situation> scales() {
  const std::string block = quantised(R"({"quant_method":"fp8","weight_block_size":[128,128]})");
  const auto stat = "ckptscope stat in " + kW + " --json";
  const std::vector<std::string> decoded{"\"min\":0.25", "\"max\":8"};
  const Bytes exponents{125, 127, 128, 130};
  const auto codes = [](Shape shape) { return filled(kW, Dtype::F8_E4M3, shape, {kOne}); };
  return {
      {"ue8m0_block",
       [=](const TempDir& dir) {
         put(dir, {codes({256, 256}), filled(kW + "_scale_inv", Dtype::F8_E8M0, {2, 2}, exponents)},
             block);
       },
       stat, 0, decoded},
      {"scale_without_weight_in_its_name",
       [=](const TempDir& dir) {
         put(dir,
             {codes({256, 256}),
              filled("model.layers.0.mlp.up_proj.scale", Dtype::F8_E8M0, {2, 2}, exponents)},
             block);
       },
       stat, 0, decoded},
      {"modelopt_block",
       [=](const TempDir& dir) {
         put(dir, {codes({256, 256}), floats(kW + "_scale", {2, 1, 2, 1}, {0.25, 1, 2, 8})},
             quantised(R"({"quant_method":"modelopt"})"));
       },
       stat, 0, decoded},
      {"per_channel",
       [=](const TempDir& dir) {
         put(dir, {codes({4, 48}), floats(kW + "_scale", {4, 1}, {0.25, 1, 2, 8})},
             quantised(R"({"quant_method":"compressed-tensors"})"));
       },
       stat, 0, decoded},
      {"per_channel_flat",
       [=](const TempDir& dir) {
         put(dir, {codes({4, 48}), floats(kW + "_scale", {4}, {0.25, 1, 2, 8})}, "");
       },
       stat, 0, decoded},
      {"mxfp8",
       [=](const TempDir& dir) {
         put(dir, {codes({2, 64}), filled(kW + "_scale", Dtype::U8, {2, 2}, exponents)}, "");
       },
       stat, 0, decoded},
      {"block_size_of_the_text_model",
       [=](const TempDir& dir) {
         put(dir, {codes({64, 64}), floats(kW + "_scale_inv", {2, 2}, {0.25, 1, 2, 8})},
             R"({"model_type":"x","text_config":{"quantization_config":{"weight_block_size":[32,32]}}})");
       },
       stat, 0, decoded},
      {"blocks_that_nobody_states",
       [=](const TempDir& dir) {
         put(dir, {codes({64, 64}), floats(kW + "_scale_inv", {2, 2}, {0.25, 1, 2, 8})}, "");
       },
       stat,
       1,
       {"scale-not-applied", kW + "_scale_inv"}},
      {"blocks_that_nobody_states_shown",
       [=](const TempDir& dir) {
         put(dir, {codes({64, 64}), floats(kW + "_scale_inv", {2, 2}, {0.25, 1, 2, 8})}, "");
       },
       "ckptscope show in " + kW,
       1,
       {"not applied"}},
      {"show_decodes",
       [=](const TempDir& dir) {
         put(dir, {codes({4, 48}), floats(kW + "_scale", {4, 1}, {0.25, 1, 2, 8})}, "");
       },
       "ckptscope show in " + kW + " --json",
       0,
       {R"("values":["0.25","0.25","0.25","0.25"])", R"("last_values":["8","8","8","8"])"}},
      {"no_columns",
       [=](const TempDir& dir) {
         put(dir,
             {filled(kW, Dtype::F8_E4M3, {4, 0}, {0}), floats(kW + "_scale", {4, 1}, {1, 1, 1, 1}),
              floats("w", {1}, {1})},
             "");
       },
       "ckptscope stat in", 0},
      {"against_other_scales",
       [=](const TempDir& dir) {
         for (const Byte exponent : {Byte{120}, Byte{125}}) {
           put(dir,
               {codes({256, 256}), filled(kW + "_scale_inv", Dtype::F8_E8M0, {2, 2}, {exponent})},
               block);
           fs::rename(dir / "in", dir / (exponent == 120 ? "a" : "b"));
         }
       },
       "ckptscope stat a --against b --json",
       0,
       {"\"equal\":0", "\"in_both\":1"}},
      {"against_other_bytes",
       [=](const TempDir& dir) {
         for (const Byte byte : {Byte{1}, Byte{2}}) {
           put(dir, {filled("codes", Dtype::U8, {8}, {byte}), floats("same", {1}, {1})}, "");
           fs::rename(dir / "in", dir / (byte == 1 ? "a" : "b"));
         }
       },
       "ckptscope stat a --against b --json",
       0,
       {"\"equal\":1", "\"in_both\":2", R"("bytes_differ":["codes"])"}},
      {"against_nan",
       [=](const TempDir& dir) {
         put(dir, {floats("w", {2}, {1, NAN})}, "");
         fs::rename(dir / "in", dir / "a");
         put(dir, {floats("w", {2}, {1, 2})}, "");
       },
       "ckptscope stat a --against in",
       0,
       {"nan", "0 of 1"}},
      {"stat_of_codes_alone",
       [=](const TempDir& dir) {
         put(dir, {filled("w.weight_packed", Dtype::U8, {4, 8}, {1})}, "");
       },
       "ckptscope stat in",
       1,
       {"no tensor holds numbers", "U8"}},
  };
}

std::vector<Situation> families() {
  const auto hy3 = recorded("hy_v3-moe-mtp");
  const auto map = "ckptscope map in --to native";
  return {
      {"other_family_in_the_config",
       [=](const TempDir& dir) {
         SyntheticCheckpoint other = recorded("mistral4-fp8-bf16");
         other.config = R"({"model_type":"acme_v1"})";
         put(dir, other);
       },
       map,
       1,
       {"acme_v1", "no-adapter"}},
      {"compiled_model",
       [=](const TempDir& dir) {
         put(dir, renamed(hy3, [](const std::string& key) { return "_orig_mod." + key; }));
       },
       map,
       1,
       {"not-grouped", "_orig_mod."}},
      {"compiled_model_allowed",
       [=](const TempDir& dir) {
         put(dir, renamed(hy3, [](const std::string& key) { return "_orig_mod." + key; }));
       },
       map + std::string(" --allow not-grouped"),
       0,
       {"warning"}},
      {"gptq_experts",
       [=](const TempDir& dir) {
         put(dir,
             {filled("backbone.layers.0.mixer.experts.0.up_proj.qweight", Dtype::I32, {4, 16}, {1}),
              filled("backbone.layers.0.mixer.experts.0.up_proj.qzeros", Dtype::I32, {1, 2}, {1}),
              filled("backbone.layers.0.mixer.experts.0.up_proj.scales", Dtype::F16, {1, 16}, {1}),
              filled("backbone.layers.0.mixer.experts.0.up_proj.g_idx", Dtype::I32, {32}, {0})},
             R"({"model_type":"nemotron_h","quantization_config":{"quant_method":"gptq","bits":4}})");
       },
       "ckptscope convert in --to native -o out",
       1,
       {"gptq"}},
      {"embedding_in_the_singular",
       [=](const TempDir& dir) {
         put(dir, renamed(recorded("nemotron_v3-moe"), [](std::string key) {
               const auto at = key.find("backbone.embeddings");
               return at == key.npos ? key : key.erase(at + 18, 1);
             }));
       },
       map + std::string(" --json"),
       0,
       {"\"model.embed_tokens.weight\""}},
      {"experts_of_a_layer_in_one_tensor",
       [=](const TempDir& dir) {
         put(dir,
             {filled("model.layers.0.mlp.experts.gate_up_proj", Dtype::BF16, {2, 8, 4}, {0, 63}),
              filled("model.layers.0.mlp.experts.down_proj", Dtype::BF16, {2, 4, 4}, {0, 63}),
              filled("model.layers.0.mlp.e_score_correction_bias", Dtype::F32, {2}, {0}),
              filled("model.layers.0.mlp.gate.weight", Dtype::BF16, {2, 4}, {0, 63})},
             R"({"model_type":"hy_v3","num_experts":2})");
       },
       map + std::string(" --json"),
       0,
       {"\"model.layers.0.mlp.experts.gate_and_up_projs\"",
        "\"model.layers.0.mlp.gate.e_score_correction_bias\""}},
      {"a_layer_is_missing",
       [=](const TempDir& dir) { put(dir, without(recorded("gpt_oss-bf16"), ".layers.1.")); },
       map,
       0,
       {"layer 1 of 2", "incomplete"}},
      {"a_layer_is_missing_strictly",
       [=](const TempDir& dir) { put(dir, without(recorded("gpt_oss-bf16"), ".layers.1.")); },
       "ckptscope convert in --to native --strict -o out",
       1,
       {"layer 1 of 2", "[incomplete]"}},
      {"check_tells_of_it",
       [=](const TempDir& dir) { put(dir, without(recorded("gpt_oss-bf16"), ".layers.1.")); },
       "ckptscope check in",
       1,
       {"INCOMPLETE", "layer 1 of 2"}},
      {"the_embedding_is_missing",
       [=](const TempDir& dir) { put(dir, without(recorded("gpt_oss-bf16"), "embed_tokens")); },
       "ckptscope check in",
       1,
       {"no embedding"}},
      {"an_expert_is_missing",
       [=](const TempDir& dir) { put(dir, without(hy3, "layers.1.mlp.experts.3.")); },
       "ckptscope check in",
       1,
       {"layer 1: 5 of 6 experts"}},
      {"a_file_of_a_model_is_no_whole",
       [=](const TempDir& dir) { put(dir, hy3); },
       "for f in in/*.safetensors; do ckptscope check $f || exit 1; done",
       0,
       {"GOOD"},
       {"INCOMPLETE"}},
      {"the_experts_of_a_layer_are_missing",
       [=](const TempDir& dir) {
         put(dir, without(recorded("gpt_oss-bf16"), ".layers.1.mlp.experts"));
       },
       "ckptscope check in",
       1,
       {"layer 1", "no experts"}},
  };
}

/// One value that F16 cannot hold.
void put_large_value(const TempDir& dir) {
  const std::string expert = "model.layers.0.mlp.experts.0.";
  put(dir,
      {floats(expert + "down_proj.weight", {2, 2}, {1, 2, 3, 1e5F}),
       floats(expert + "gate_proj.weight", {2, 2}, {1, 2, 3, 4}),
       floats(expert + "up_proj.weight", {2, 2}, {1, 2, 3, 4})},
      R"({"model_type":"hy_v3","num_experts":1})");
}

std::vector<Situation> configs() {
  return {
      {"infinity",
       [](const TempDir& dir) {
         put(dir, with_member(recorded("nemotron_v3-moe"),
                              R"("time_step_limit":[0.0,Infinity],"x":[NaN,-Infinity])"));
       },
       "ckptscope info in && ckptscope convert in --to native -o out -q && grep time_step "
       "out/config.json",
       0,
       {"because config.json says model_type nemotron_h", "[0.0,Infinity]"}},
      {"a_trailing_comma",
       [](const TempDir& dir) {
         SyntheticCheckpoint one = recorded("nemotron_v3-moe");
         one.config.insert(one.config.size() - 1, ",");
         put(dir, one);
       },
       "ckptscope convert in --to native -o out",
       2,
       {"config.json", "[bad-config]"}},
      {"a_trailing_comma_allowed",
       [](const TempDir& dir) {
         SyntheticCheckpoint one = recorded("nemotron_v3-moe");
         one.config.insert(one.config.size() - 1, ",");
         put(dir, one);
       },
       "ckptscope convert in --to native -o out --allow bad-config; ls out",
       0,
       {"left out config.json"}},
      {"says_mxfp4_and_is_plain",
       [](const TempDir& dir) {
         put(dir, with_member(recorded("gpt_oss-bf16"),
                              R"("quantization_config":{"quant_method":"mxfp4"})"));
       },
       "ckptscope check in && ckptscope convert in --to native -o out -q && cat out/config.json",
       0,
       {"config-mismatch", "mxfp4"},
       {"\"quantization_config\""}},
      {"a_family_that_nobody_knows",
       [](const TempDir& dir) {
         put(dir, {floats("model.norm.weight", {1}, {1})}, R"({"model_type":"qwen_image"})");
       },
       "ckptscope info in",
       0,
       {"model_type qwen_image", "no adapter"}},
      {"an_overflow",
       put_large_value,
       "ckptscope convert in --to native --dtype f16 -o out",
       1,
       {"100000", "F16", "down_projs", "[overflow]"}},
      {"an_overflow_allowed",
       put_large_value,
       "ckptscope convert in --to native --dtype f16 -o out --allow overflow && ckptscope verify "
       "in "
       "out && grep overflowed out/ckptscope.json",
       0,
       {"1 value in 1 tensor became infinite", "VERIFIED", "\"overflowed\""}},
      {"a_code_times_its_scale_overflows",
       [](const TempDir& dir) {
         std::vector<FileTensor> tensors;
         for (const char* name : {"gate_proj", "up_proj", "down_proj"}) {
           const std::string key = fmt::format("model.layers.0.mlp.experts.0.{}.weight", name);
           tensors.push_back(filled(key, Dtype::F8_E4M3, {4, 4}, {0x7E}));
           tensors.push_back(floats(key + "_scale_inv", {}, {1e37F}));
         }
         put(dir, tensors, R"({"model_type":"hy_v3","num_experts":1})");
       },
       "ckptscope convert in --to native -o out",
       1,
       {"a code times its scale", "down_projs", "[overflow]"}},
      {"a_prefix_that_was_asked_for_is_verified",
       [](const TempDir& dir) {
         put(dir, renamed(recorded("mistral4-bf16-with-bias"), [](const std::string& key) {
               return key.substr(std::string("language_model.").size());
             }));
       },
       "ckptscope convert in --to native -o native -q && ckptscope convert native --to hf "
       "--hf-prefix usual -o back -q && ckptscope verify native back",
       0,
       {"VERIFIED"}},
      {"a_text_model_comes_back_with_its_own_names",
       [](const TempDir& dir) {
         put(dir, renamed(recorded("mistral4-bf16-with-bias"), [](const std::string& key) {
               return key.substr(std::string("language_model.").size());
             }));
       },
       "ckptscope convert in --to native -o native -q && ckptscope convert native --to hf -o back "
       "-q && ckptscope diff in back --headers",
       0,
       {"EQUAL"}},
      {"added_zeros_do_not_come_back",
       [](const TempDir& dir) { put(dir, recorded("mistral4-fp8-bf16")); },
       "ckptscope convert in --to native -o native -q && ckptscope convert native --to hf -o back "
       "&& ckptscope ls back | grep -c correction_bias",
       1,
       {"zeros that the way to native added"}},
      {"verify_needs_no_receipt_of_the_source",
       [](const TempDir& dir) { put(dir, recorded("mistral4-fp8-bf16")); },
       "ckptscope convert in --to native -o native -q && ckptscope convert native --to hf -o back "
       "-q && rm native/ckptscope.json && ckptscope verify native back",
       0,
       {"VERIFIED"}},
      {"verify_says_when_the_plan_is_another",
       [](const TempDir& dir) { put(dir, recorded("mistral4-fp8-bf16")); },
       "ckptscope convert in --to native -o native -q && "
       "ckptscope verify in native --exclude 'model.*gate.*'",
       1,
       {"NOT that of the conversion"}},
  };
}

std::vector<Situation> files() {
  const auto shards = [](const TempDir& dir, std::initializer_list<const char*> names) {
    fs::create_directories(dir / "in");
    int number = 0;
    for (const char* name : names) {
      write_tensors(dir / ("in/" + std::string(name)),
                    {floats("w" + std::to_string(number++), {1}, {1})});
    }
  };
  return {
      {"half_of_the_shards",
       [=](const TempDir& dir) {
         shards(dir, {"model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors"});
       },
       "ckptscope check in",
       1,
       {"missing-shard", "number 3"}},
      {"shards_from_zero",
       [=](const TempDir& dir) {
         shards(dir, {"model-00000-of-00002.safetensors", "model-00001-of-00002.safetensors",
                      "model-00002-of-00002.safetensors"});
       },
       "ckptscope check in",
       0,
       {"GOOD"}},
      {"one_shard_by_its_own_path",
       [=](const TempDir& dir) {
         shards(dir, {"model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors"});
       },
       "ckptscope check in/model-00002-of-00003.safetensors",
       0,
       {"GOOD"}},
      {"a_variant_beside",
       [=](const TempDir& dir) {
         fs::create_directories(dir / "in");
         for (const char* name : {"in/model.safetensors", "in/model.fp16.safetensors"}) {
           write_tensors(dir / name, {floats("w", {1}, {1})});
         }
       },
       "ckptscope check in",
       0,
       {"model.fp16.safetensors"}},
      {"pointers_behind_an_index",
       [=](const TempDir& dir) {
         fs::create_directories(dir / "in");
         write_file(
             dir / "in/model-00001-of-00001.safetensors",
             "version https://git-lfs.github.com/spec/v1\noid sha256:abab\nsize 4976698672\n");
         write_file(dir / "in/model.safetensors.index.json",
                    R"({"weight_map":{"w":"model-00001-of-00001.safetensors"}})");
       },
       "ckptscope check in",
       1,
       {"Git-LFS", "lfs-pointer"}},
      {"a_text_instead_of_weights",
       [=](const TempDir& dir) {
         fs::create_directories(dir / "in");
         write_file(dir / "in/model.safetensors",
                    "Access to model acme/tiny is restricted. You must");
       },
       "ckptscope info in/model.safetensors",
       2,
       {"a text"}},
      {"one_unknown_dtype_hides_no_other",
       [=](const TempDir& dir) {
         const std::string json =
             R"({"a":{"dtype":"F5","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})";
         std::string length(8, '\0');
         length[0] = static_cast<char>(json.size());
         write_file(dir / "one.safetensors", length + json + "xxxxxxxx");
       },
       "ckptscope check one.safetensors; ckptscope ls one.safetensors",
       1,
       {"F5", "b"}},
      {"metadata_is_shown",
       [=](const TempDir& dir) {
         SyntheticCheckpoint one = synthetic({{"w", Dtype::F32, {1}}});
         one.metadata["ss_base_model_version"] = "sdxl_base";
         put(dir, one);
       },
       "ckptscope info in",
       0,
       {"sdxl_base"}},
      {"the_cache_of_the_environment",
       [=](const TempDir& dir) {
         const std::string snapshot = dir / "hub/models--acme--tiny/snapshots/aaaa";
         fs::create_directories(snapshot);
         fs::create_directories(dir / "hub/models--acme--tiny/refs");
         write_file(dir / "hub/models--acme--tiny/refs/main", "aaaa");
         write_tensors(snapshot + "/model.safetensors", {floats("w", {1}, {1})});
       },
       "HF_HUB_CACHE=hub HF_HOME=/nonexistent ckptscope info acme/tiny",
       0,
       {"1 tensor"}},
      {"fresh_biases",
       [=](const TempDir& dir) {
         put(dir, {filled("experts.up_proj_bias", Dtype::BF16, {4, 8}, {0})}, "");
       },
       "ckptscope check --deep in",
       0,
       {"note"}},
      {"zeros_of_both_signs",
       [=](const TempDir& dir) {
         put(dir, {floats("w", {2, 2}, {0, -0.0F, 0, 0})}, "");
       },
       "ckptscope check --deep in",
       1,
       {"constant-weight"}},
      {"a_dead_filter_of_a_convolution",
       [=](const TempDir& dir) {
         std::vector<float> values(2 * 4 * 4);
         for (std::size_t i = 0; i < 16; ++i) values[i] = static_cast<float>(i);
         put(dir, {floats("audio.conv1.weight", {2, 4, 4}, values)}, "");
       },
       "ckptscope check --deep in", 0},
      {"another_part_is_no_variant",
       [=](const TempDir& dir) {
         fs::create_directories(dir / "in");
         write_tensors(dir / "in/model.safetensors", {floats("w", {1}, {1})});
         write_tensors(dir / "in/model.mtp.safetensors", {floats("mtp.w", {1}, {1})});
       },
       "ckptscope ls in",
       0,
       {"mtp.w"}},
      {"variants_in_shards",
       [=](const TempDir& dir) {
         fs::create_directories(dir / "in");
         for (const char* name :
              {"in/model-00001-of-00001.safetensors", "in/model.fp16-00001-of-00001.safetensors"}) {
           write_tensors(dir / name, {floats("w", {1}, {1})});
         }
       },
       "ckptscope check in",
       0,
       {"model.fp16-00001"}},
      {"one_dead_expert",
       [=](const TempDir& dir) {
         std::vector<float> values(2 * 4 * 4);
         for (std::size_t i = 0; i < 16; ++i) values[i] = static_cast<float>(i);
         put(dir, {floats("experts", {2, 4, 4}, values)}, "");
       },
       "ckptscope check --deep in",
       1,
       {"constant experts: 1"}},
  };
}

std::vector<Situation> parameters() {
  const auto info = "ckptscope info in --json";
  return {
      {"nvfp4",
       [](const TempDir& dir) {
         put(dir,
             {filled(kW, Dtype::U8, {64, 128}, {1}),
              filled(kW + "_scale", Dtype::F8_E4M3, {64, 16}, {kOne}),
              floats(kW + "_scale_2", {}, {1}),
              floats("model.layers.0.mlp.up_proj.input_scale", {}, {1})},
             quantised(R"({"quant_method":"modelopt"})"));
       },
       info,
       0,
       {"\"parameters\":16384", R"({"form":"nvfp4","weights":1,"values":16384})"}},
      {"gptq",
       [](const TempDir& dir) {
         put(dir,
             {filled("l.qweight", Dtype::I32, {32, 64}, {1}),
              filled("l.qzeros", Dtype::I32, {2, 8}, {1}),
              filled("l.scales", Dtype::F16, {2, 64}, {1}),
              filled("l.g_idx", Dtype::I32, {256}, {0})},
             quantised(R"({"quant_method":"gptq","bits":4})"));
       },
       info,
       0,
       {"\"parameters\":16384", "\"form\":\"gptq\"", "\"quantisation_method\":\"gptq\""}},
      {"fp4_of_deepseek",
       [](const TempDir& dir) {
         put(dir,
             {filled("layers.0.ffn.experts.0.w1.weight", Dtype::I8, {64, 64}, {1}),
              filled("layers.0.ffn.experts.0.w1.scale", Dtype::F8_E8M0, {64, 4}, {120})},
             R"({"model_type":"deepseek_v4"})");
       },
       info,
       0,
       {"\"parameters\":8192", "\"form\":\"fp4\""}},
  };
}

std::vector<Situation> words() {
  const auto log = [](const TempDir& dir) {
    put(dir, recorded("nemotron_v3-moe"));
    write_file(dir / "log",
               "RuntimeError: Missing key in checkpoint state_dict: model.embed_tokens.weight.\n"
               "ValueError: 1 parameter not in the model:\nbackbone.norm_f.weight\n");
  };
  const auto one = [](const TempDir& dir) {
    fs::create_directories(dir / "in");
    write_tensors(dir / "in/model.safetensors", {floats("-w", {1}, {1})});
  };
  return {
      {"bare_keys_of_a_traceback",
       log,
       "ckptscope map in --to native --expect log",
       0,
       {"names 2 keys", "model.embed_tokens.weight", "backbone.norm_f.weight"}},
      {"the_verb_stands_first", one, "ckptscope in info", 2, {"ckptscope info in"}},
      {"two_paths", one, "ckptscope in in", 0, {"of which 1 equal"}},
      {"two_paths_and_a_word", one, "ckptscope in in x", 2, {"\"x\" is one operand too many"}},
      {"a_session_on_two_paths", one, "ckptscope -c ls in in", 2, {"one operand too many"}},
      {"a_path_and_a_word", one, "ckptscope in out", 2, {"\"out\" is one operand too many"}},
      {"a_key_like_a_flag", one, "ckptscope show in -- -w", 0, {"-w"}},
      {"a_key_taken_for_a_flag", one, "ckptscope show in -w", 2, {"behind --"}},
  };
}

std::vector<Situation> all() {
  std::vector<Situation> rows;
  for (const auto& group : {scales(), families(), configs(), files(), parameters(), words()}) {
    rows.insert(rows.end(), group.begin(), group.end());
  }
  return rows;
}

class Field : public ::testing::TestWithParam<Situation> {};

TEST_P(Field, MustHold) {
  expect_held(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Reports, Field, ::testing::ValuesIn(all()),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace ckptscope::testing
