// One row a topic: what lies in the directory, and the lines.
#include "tests/support/transcript_fixtures.hpp"

#include <sys/stat.h>

#include <cstring>

#include "core/checkpoint/synthetic.hpp"
#include "tests/support/odd_model.hpp"
#include "tests/support/recorded.hpp"
#include "tests/support/torch_samples.hpp"

namespace ckptscope::testing {
namespace {

void none(const TempDir&) {}

void make(const TempDir& dir, const std::string& name, const SyntheticCheckpoint& checkpoint) {
  write_synthetic(dir / name, checkpoint);
}

SyntheticCheckpoint recorded(const std::string& name) {
  return recorded_case(name).source;
}

/// A recorded source with one tensor taken out or changed.
SyntheticCheckpoint without(SyntheticCheckpoint checkpoint, const std::string& key) {
  std::erase_if(checkpoint.tensors, [&](const SyntheticTensor& one) { return one.key == key; });
  return checkpoint;
}

SyntheticCheckpoint with(SyntheticCheckpoint checkpoint, SyntheticTensor tensor) {
  checkpoint.tensors.push_back(std::move(tensor));
  return checkpoint;
}

SyntheticCheckpoint reshaped(SyntheticCheckpoint checkpoint, const std::string& key, Dtype dtype,
                             Shape shape) {
  for (SyntheticTensor& one : checkpoint.tensors) {
    if (one.key != key) continue;
    one.dtype = dtype;
    one.shape = shape;
  }
  return checkpoint;
}

SyntheticCheckpoint without_config(SyntheticCheckpoint checkpoint) {
  checkpoint.config.clear();
  return checkpoint;
}

SyntheticCheckpoint with_config(SyntheticCheckpoint checkpoint, const std::string& config) {
  checkpoint.config = config;
  return checkpoint;
}

/// The same under other keys.
SyntheticCheckpoint renamed(SyntheticCheckpoint checkpoint, const std::string& start) {
  for (SyntheticTensor& one : checkpoint.tensors) one.key = start + one.key;
  return checkpoint;
}

/// A layout of nobody's, and a text that maps it.
void make_mappable(const TempDir& dir) {
  SyntheticCheckpoint made_up;
  made_up.config =
      R"({"model_type":"made_up","architectures":["MadeUpForCausalLM"],)"
      R"("num_hidden_layers":2,"hidden_size":8,"num_local_experts":2,"vocab_size":16})";
  made_up.tensors = {{"enc.tok", Dtype::BF16, {16, 8}}, {"enc.norm", Dtype::BF16, {8}}};
  for (const std::string layer : {"enc.blk.0.", "enc.blk.1."}) {
    made_up.tensors.push_back({layer + "qkv", Dtype::BF16, {24, 8}});
    for (const std::string expert : {"moe.0.", "moe.1."}) {
      made_up.tensors.push_back({layer + expert + "up", Dtype::BF16, {4, 8}});
      made_up.tensors.push_back({layer + expert + "dn", Dtype::BF16, {8, 4}});
    }
  }
  make(dir, "made-up", made_up);
  write_file(dir / "mine.map",
             "# My encoder.\n"
             "family mine \"my encoder\"\n"
             "let  experts = .num_local_experts\n"
             "text layer   = model.layers.{L}\n"
             "prefix enc.blk. = model.layers.\n"
             "enc.tok  =  model.embed_tokens.weight\n"
             "enc.norm =  model.norm.weight\n"
             "$layer.qkv = cat(0, $layer.q, $layer.k, $layer.v)\n"
             "stack(E, experts, t($layer.moe.{E}.up)) = $layer.experts.up_projs\n"
             "stack(E, experts, t($layer.moe.{E}.dn)) = $layer.experts.down_projs\n");
  make(dir, "compiled", renamed(recorded("hy_v3-moe-mtp"), "_orig_mod."));
  make(dir, "llama", renamed(recorded("llama-tied"), "base_model.model."));
  make(dir, "packed", recorded("deepseek_v3-fp8"));
  make(dir, "kimi", recorded("kimi_k3-mxfp4"));
}

void make_families(const TempDir& dir) {
  make(dir, "gpt-oss", recorded("gpt_oss-mxfp4"));
  make(dir, "nemotron", recorded("nemotron_v3-moe"));
  make(dir, "hy3", recorded("hy_v3-moe-mtp"));
  make(dir, "mistral4", recorded("mistral4-fp8-bf16"));
  make(dir, "mistral4-vlm", recorded("mistral4_vlm-fp8"));
}

constexpr const char* kOne = R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";

void make_damaged(const TempDir& dir) {
  const auto file = [&](const std::string& name, const std::string& json, const std::string& data) {
    write_file(dir / name, safetensors_file(json, data));
  };
  const auto tensor = [](const std::string& dtype, const std::string& shape,
                         const std::string& offsets) {
    return R"({"a":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" +
           offsets + "}}";
  };
  write_file(dir / "small.safetensors", "abc");
  write_file(dir / "large.safetensors", std::string(8, '\xff') + "xx");
  write_file(dir / "cut-header.safetensors", safetensors_file(kOne, "").substr(0, 40));
  file("utf8.safetensors", "{\"\xff\":1}", "");
  file("json.safetensors", "{\"a\":", "");
  file("nothing.safetensors", "{}      ", "");
  file(
      "twice.safetensors",
      R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
      "xx");
  file(
      "overlap.safetensors",
      R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
      "xxx");
  file("overflow.safetensors", tensor("F32", "[4294967296,4294967296]", "[0,0]"), "");
  file("bits.safetensors", tensor("F4", "[3]", "[0,2]"), "xx");
  file("size.safetensors", tensor("F32", "[2]", "[0,4]"), "xxxx");
  file("short.safetensors", kOne, "xx");
  file("long.safetensors", kOne, "xxxxxx");
  file("nan.safetensors", tensor("F32", "[2,2]", "[0,16]"),
       std::string("\0\0\xc0\x7f\0\0\x80\x7f", 8) + std::string(8, '\0'));
  file("constant.safetensors", tensor("BF16", "[2,2]", "[0,8]"), std::string(8, '\x3f'));
  file(
      "names.safetensors",
      R"({"__metadata__":{"k":"\u001b[2J"},"\u001b]0;x\u0007":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":1},)"
      "\"\xc3\xa9\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]},"
      "\"e\xcc\x81\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[2,3]}}",
      "xxx");
}

void make_indexed(const TempDir& dir) {
  std::filesystem::create_directory(dir / "broken");
  const std::string shard = safetensors_file(kOne, "xxxx");
  write_file(dir / "broken/model-00001-of-00004.safetensors", shard);
  write_file(dir / "broken/model-00002-of-00004.safetensors", shard);
  write_file(dir / "broken/extra.safetensors", shard);
  write_file(dir / "broken/model.safetensors.index.json",
             R"({"metadata":{"total_size":5},"weight_map":{"b":"model-00001-of-00004.safetensors",)"
             R"("c":"model-00002-of-00004.safetensors","d":"model-00003-of-00004.safetensors"}})");
  const auto index = [&](const std::string& name, const std::string& text) {
    std::filesystem::create_directory(dir / name);
    write_file(dir / (name + "/model.safetensors.index.json"), text);
  };
  index("path", R"({"weight_map":{"a":"../x.safetensors"}})");
  index("list", R"({"weight_map":["a"]})");
  index("double", R"({"weight_map":{"a":"x.safetensors","a":"x.safetensors"}})");
  index("pickles", R"({"weight_map":{"a":"pytorch_model.bin"}})");
  std::filesystem::create_directory(dir / "two");
  write_file(dir / "two/a.safetensors.index.json", "{}");
  write_file(dir / "two/b.safetensors.index.json", "{}");
  std::filesystem::create_directory(dir / "linked");
  std::filesystem::create_symlink(dir / "broken/extra.safetensors",
                                  dir / "linked/model.safetensors");
}

void make_strangers(const TempDir& dir) {
  std::filesystem::create_directory(dir / "empty");
  std::filesystem::create_directories(dir / "run/model/consolidated");
  write_file(dir / "run/model/consolidated/model.safetensors", safetensors_file(kOne, "xxxx"));
  std::filesystem::create_directory(dir / "lora");
  write_file(dir / "lora/adapter_config.json",
             R"({"base_model_name_or_path":"openai/gpt-oss-20b","peft_type":"LORA","r":2,)"
             R"("lora_alpha":16,"target_modules":["q_proj"]})");
  const std::string adapted = "base_model.model.model.layers.0.self_attn.q_proj.";
  write_file(dir / "lora/adapter_model.safetensors",
             safetensors_file(
                 R"({")" + adapted + R"(lora_A.weight":{"dtype":"F32","shape":[2,4],)" +
                     R"("data_offsets":[0,32]},")" + adapted +
                     R"(lora_B.weight":{"dtype":"F32","shape":[4,2],"data_offsets":[32,64]}})",
                 std::string(64, 'x')));
  std::filesystem::create_directory(dir / "ranks");
  write_file(
      dir / "ranks/shard-00001-model-00001-of-00001.safetensors",
      safetensors_file(
          R"({"__metadata__":{"DCP_SHARDING_INFO":"{}"},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
          "x"));
  std::filesystem::create_directory(dir / "pickles");
  write_file(dir / "pickles/pytorch_model.bin", "PK\x03\x04");
  write_file(dir / "model.gguf", "GGUF" + std::string(60, '\x03'));
  write_file(dir / "pointer.safetensors",
             "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n");
  ::mkfifo((dir / "pipe").c_str(), 0600);
  write_file(dir / "bad-config.json", "{\"a\":1,\"a\":2}");
  write_file(dir / "plain.safetensors", safetensors_file(kOne, "xxxx"));
}

void make_training(const TempDir& dir) {
  for (const std::string file : {"dcp.txt", "torch_save.txt"}) {
    for (const TorchSample& sample : torch_samples(file)) {
      sample.write(dir / (file.substr(0, file.find('.')) + "/" + sample.name));
    }
  }
}

void make_problems(const TempDir& dir) {
  const SyntheticCheckpoint hy3 = recorded("hy_v3-moe-mtp");
  const std::string expert = "model.layers.1.mlp.experts.";
  make(dir, "missing",
       without(without(hy3, expert + "2.up_proj.weight"), expert + "4.up_proj.weight"));
  make(dir, "beyond", with(hy3, {expert + "6.up_proj.weight", Dtype::BF16, {40, 56}}));
  make(dir, "misshapen", reshaped(hy3, expert + "3.down_proj.weight", Dtype::BF16, {56, 41}));
  make(dir, "packed", reshaped(hy3, expert + "3.down_proj.weight", Dtype::U8, {56, 20}));
  make(dir, "uncounted", with_config(hy3, R"({"model_type":"hy_v3","num_hidden_layers":3})"));
  make(dir, "unconfigured", without_config(hy3));
  make(dir, "collision", with(hy3, {"model.layers.1.mlp.gate.weight", Dtype::BF16, {6, 56}}));
  const SyntheticCheckpoint mistral = recorded("mistral4-fp8-bf16");
  const std::string proj = "language_model.model.layers.0.self_attn.o_proj.weight";
  make(dir, "unscaled", without(mistral, proj + "_scale_inv"));
  make(dir, "orphan", without(mistral, proj));
  make(dir, "odd-scale", reshaped(mistral, proj + "_scale_inv", Dtype::BF16, {3}));
  make(dir, "placeholder", [] {
    SyntheticCheckpoint gpt = recorded("gpt_oss-mxfp4");
    gpt.shards = 1;
    return gpt;
  }());
  make(dir, "plain", recorded("gpt_oss-bf16"));
  make(dir, "alias", recorded("nemotron_v3-model-prefix"));
}

void make_hostile_names(const TempDir& dir) {
  SyntheticCheckpoint names;
  for (const char* key : {"a;record pwned", "a >pwned", "a.\x1b[31mred", "a.\xe2\x80\xaetxet",
                          "b.tab\tin", "c.\xe8\xa1\xa8.weight", "c.x y", "c.\xc3\xa9.weight",
                          "d.e\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81"}) {
    names.tensors.push_back({key, Dtype::F32, {2}});
  }
  make(dir, "hostile", names);
}

void make_hand_on(const TempDir& dir) {
  make(dir, "split", odd_model(false));
  make(dir, "gpt-oss", recorded("gpt_oss-mxfp4"));
  make(dir, "mistral4", recorded("mistral4-fp8-bf16"));
}

void make_odd(const TempDir& dir) {
  make(dir, "split", odd_model(false));
  make(dir, "stacked", odd_model(true));
  SyntheticCheckpoint drifted = odd_model(false);
  for (SyntheticTensor& one : drifted.tensors) {
    if (one.key.find(".up_proj") != one.key.npos) one.cycle[0] ^= 1;  // a step of the first value
    if (one.key.ends_with("layers.4.mlp.experts.1.down_proj.weight")) {
      one.cycle[2] = one.cycle[3] = 0xFF;  // NaN
    }
  }
  make(dir, "drifted", drifted);
}

void make_quantisable(const TempDir& dir) {
  make(dir, "gpt-oss", recorded("gpt_oss-mxfp4"));
  make(dir, "mistral4", recorded("mistral4-fp8-bf16"));
  make(dir, "k25", recorded("kimi_k25_vl-int4"));
  make(dir, "hy3", recorded("hy_v3-moe-mtp"));
  const SyntheticCheckpoint plain = recorded("gpt_oss-bf16");
  make(dir, "plain", plain);
  make(dir, "ragged",
       reshaped(plain, "model.layers.0.mlp.experts.down_proj", Dtype::BF16, {4, 40, 64}));
  make(dir, "codes",
       reshaped(plain, "model.layers.0.mlp.experts.down_proj", Dtype::U8, {4, 96, 64}));
  const SyntheticCheckpoint biased = recorded("mistral4-bf16-with-bias");
  make(dir, "biased", biased);
  SyntheticCheckpoint unbiased = biased;
  std::erase_if(unbiased.tensors, [](const SyntheticTensor& one) {
    return one.key.ends_with("e_score_correction_bias");
  });
  make(dir, "unbiased", unbiased);
}

}  // namespace

void make_screens(const TempDir& dir) {
  make_families(dir);
  make_hostile_names(dir);
  const std::string expert = "model.layers.1.mlp.experts.2.up_proj.weight";
  make(dir, "missing", without(recorded("hy_v3-moe-mtp"), expert));
  make_odd(dir);
  make(dir, "damaged", recorded("gpt_oss-mxfp4"));
  const std::string shard = dir / "damaged/model-00003-of-00003.safetensors";
  std::filesystem::resize_file(shard, std::filesystem::file_size(shard) - 1);
}

std::string safetensors_file(const std::string& json, const std::string& data) {
  std::uint64_t length = json.size();
  std::string text(sizeof length, '\0');
  std::memcpy(text.data(), &length, sizeof length);
  return text + json + data;
}

namespace {

/// Every verb that prints for people, on narrow, usual and wide terminals.
std::vector<std::string> widths_lines() {
  const std::string verbs[] = {"info mistral4",
                               "ls hy3 layer=1",
                               "tree hy3",
                               "tree mistral4",
                               "show mistral4 language_model.model.layers.0.mlp.experts.down_proj",
                               "map hy3 --to native",
                               "map mistral4 --to native",
                               "stat gpt-oss layer=0 '*proj*'",
                               "stat gpt-oss model.layers.0.mlp.experts.down_proj --hist",
                               "diff gpt-oss hy3 --limit 3",
                               "diff gpt-oss plain --decoded --limit 3",
                               "check gpt-oss",
                               "adapters",
                               "verify gpt-oss plain --to hf --dtype bf16",
                               "help map"};
  std::vector<std::string> lines;
  for (const char* width : {"60", "80", "120", "200"}) {
    for (const std::string& verb : verbs) {
      lines.push_back("ckptscope " + verb + " --width " + width);
    }
  }
  return lines;
}

}  // namespace

const std::vector<Topic>& topics() {
  static const std::vector<Topic> rows{
      {"usage",
       none,
       {"ckptscope", "ckptscope help", "ckptscope help codes", "ckptscope help query",
        "ckptscope bogus", "ckptscope covert x", "ckptscope map", "ckptscope ls . --bogus",
        "ckptscope ls . --limit x", "ckptscope convert x --to sideways", "ckptscope help nothing",
        "ckptscope info nowhere", "ckptscope info nowhere --json"}},
      {"info",
       make_families,
       {"ckptscope info .", "ckptscope info . --json", "ckptscope ls .",
        "ckptscope info hy3 --ep 4", "ckptscope info hy3 --ep 4000", "ckptscope info gpt-oss",
        "ckptscope gpt-oss", "ckptscope info nemotron", "ckptscope info hy3",
        "ckptscope info mistral4", "ckptscope info mistral4-vlm", "ckptscope info gpt-oss --json"}},
      {"ls",
       make_families,
       {"ckptscope ls gpt-oss model.layers.0",
        "ckptscope ls gpt-oss 'layer=1' 'dtype=U8'",
        "ckptscope ls hy3 'experts.{0..1}.*' layer=1",
        "ckptscope ls hy3 '*.experts.{0..1}.{gate,up}_proj' layer=1",
        "ckptscope ls hy3 'bytes>8kB' '!/experts/'",
        "ckptscope ls nemotron --sort bytes --limit 3",
        "ckptscope ls mistral4 'shape=[4,*,64]'",
        "ckptscope ls gpt-oss model.norm --jsonl",
        "ckptscope ls gpt-oss model.nrm.weight",
        "ckptscope ls gpt-oss layers.1.mlp.router",
        "ckptscope ls gpt-oss qproj '!bias'",
        "ckptscope ls gpt-oss '!nothing' norm",
        "ckptscope ls gpt-oss size=1kB",
        "ckptscope ls gpt-oss '/(/'",
        "ckptscope ls gpt-oss dtype=X1",
        "ckptscope ls mistral4 layer=0 flag=scale",
        "ckptscope ls gpt-oss layer=0 flag=quantised",
        "ckptscope ls gpt-oss flag=odd",
        "ckptscope tree gpt-oss",
        "ckptscope tree hy3",
        "ckptscope tree mistral4 language_model.model.layers"}},
      {"show",
       make_families,
       {"ckptscope show hy3 model.embed_tokens.weight --values [0:3,0:5] --width 80",
        "ckptscope show hy3 model.embed_tokens.weight --image --width 80",
        "ckptscope show gpt-oss model.layers.0.mlp.experts.down_proj --image --values [1:3,:,:]",
        "ckptscope show gpt-oss model.layers.0.mlp.experts.down_proj --image --values [2,0:16,:] "
        "--json",
        "ckptscope show gpt-oss model.layers.0.mlp.experts.down_proj_blocks",
        "ckptscope show mistral4 language_model.model.layers.0.self_attn.o_proj.weight",
        "ckptscope show hy3 model.layers.3.enorm.weight",
        "ckptscope show gpt-oss model.norm.weight --values '[0:5]'",
        "ckptscope show gpt-oss model.norm.weight --values '[99]'",
        "ckptscope show gpt-oss model.norm.weight --json",
        "ckptscope show gpt-oss model.nrm.weight",
        "ckptscope show gpt-oss embed --values '[0,:2]'"}},
      {"map",
       make_families,
       {"ckptscope map gpt-oss --to native", "ckptscope map nemotron", "ckptscope map hy3",
        "ckptscope map mistral4 --dtype bf16", "ckptscope map mistral4-vlm --dtype bf16",
        "ckptscope map mistral4-vlm --layout documented --dtype bf16",
        "ckptscope map hy3 model.layers.1.mlp.experts.gate_and_up_projs",
        "ckptscope map hy3 model.layers.1.mlp.expert_bias", "ckptscope map hy3 op=stacked layer=2",
        "ckptscope map hy3 model.layers.3.enorm.weight",
        "ckptscope map gpt-oss --set attn=te self_attn.sinks",
        "ckptscope map gpt-oss --set attn=te '*.softmax_offset'",
        "ckptscope map gpt-oss --exclude 'model\\.layers\\.0'",
        "ckptscope map gpt-oss --set num_experts=4", "ckptscope map gpt-oss --layout documented",
        "printf \"Missing: 'model.layers.0.mlp.gate.e_score_correction_bias', "
        "\\\"language_model.model.layers.1.mlp.experts.down_proj_activation_scale\\\"\" >log.txt; "
        "ckptscope map mistral4 --expect log.txt",
        "echo \"'no.such.key'\" >log.txt; ckptscope map mistral4 --expect log.txt",
        "ckptscope map gpt-oss model.layers.0.mlp.experts.down_projs --json"}},
      {"convert",
       make_families,
       {"ckptscope convert gpt-oss --to native",
        "ckptscope convert gpt-oss --to native -o native --dry-run",
        "ls native",
        "ckptscope convert gpt-oss --to native -o native",
        "ls native; cat native/config.json native/ckptscope.json",
        "ckptscope convert gpt-oss --to native -o native",
        "ckptscope convert gpt-oss --to native -o native --if-exists skip",
        "ckptscope convert gpt-oss --to native -o native --dtype f32 --if-exists skip",
        "ckptscope convert gpt-oss --to native -o native --dtype f32 --if-exists replace",
        "ls",
        "ckptscope convert native --to hf -o back -q",
        "ckptscope convert gpt-oss --to native -o gpt-oss/inside",
        "ckptscope convert gpt-oss --to native -o nowhere/out",
        "ckptscope convert native --to native -o same -q",
        "ckptscope convert hy3 --to native -o hy3-native --max-shard-size 20kB --verify roundtrip "
        "-j 1",
        "cat hy3-native/model.safetensors.index.json | head -4; ls hy3-native",
        "ckptscope convert hy3 --to native -o none -q --exclude '.*'",
        "ls none",
        "mkdir gpt-oss/original; cp hy3/*-00001-* gpt-oss/consolidated.safetensors; "
        "ln -s nowhere gpt-oss/broken",
        "ckptscope -o ls convert gpt-oss -q",
        "ckptscope convert mistral4 --to native -o m4 -q --dtype bf16 --json",
        "cat m4/config.json"}},
      {"quantise",
       make_quantisable,
       {"ckptscope convert gpt-oss --to native -o native -q",
        "ckptscope map native --quantize mxfp4 --full | grep experts.down",
        "ckptscope map native --quantize mxfp4 | tail -6",
        "ckptscope convert native --quantize mxfp4 --like gpt-oss -o back",
        "cat back/config.json; grep -A9 options back/ckptscope.json",
        "ckptscope verify native back",
        "ckptscope verify native back --like gpt-oss",
        "ckptscope convert gpt-oss --quantize none -o decoded -q; tail -3 decoded/config.json",
        "ckptscope convert plain --quantize mxfp4 -o packed -q",
        "ckptscope convert plain --quantize mxfp4 -o again -q --json",
        "ckptscope convert gpt-oss --quantize mxfp4 -o same -q",
        "ckptscope convert mistral4 --to native -o m4 -q --dtype bf16",
        "ckptscope map m4 --quantize fp8",
        "ckptscope convert m4 --quantize fp8 -o m4-hf",
        "tail -9 m4-hf/config.json",
        "ckptscope convert m4 --quantize fp8 --like mistral4 -o m4-like -q",
        "ckptscope verify m4 m4-like",
        "ckptscope verify m4 m4-like --like mistral4",
        "ckptscope map m4 --quantize fp8 --like mistral4 --jsonl | grep -c activation_scale",
        "ckptscope convert gpt-oss --to hf --quantize mxfp4 --exclude '.*0.mlp.experts.down_proj$' "
        "-o fewer -q --json | head -c 300",
        "rm -f m4-hf/ckptscope.json; "
        "ckptscope verify m4 m4-hf",
        "ckptscope convert k25 --to native -o k25-native -q; ckptscope convert k25-native "
        "--quantize "
        "int4 -o k25-hf -q; rm k25-hf/ckptscope.json; ckptscope verify k25-native k25-hf",
        "cp -r gpt-oss lying; truncate -s -1 lying/model-00003-of-00003.safetensors; "
        "ckptscope convert native --quantize mxfp4 --like lying -o x -q",
        "ckptscope convert m4 --quantize mxfp4 -o x",
        "ckptscope convert hy3 --quantize fp8 -o x",
        "ckptscope convert m4 --quantize q4 -o x",
        "ckptscope convert gpt-oss --to native --quantize mxfp4 -o x",
        "ckptscope convert plain --to hf --dtype f16 -o x -n",
        "ckptscope convert ragged --quantize mxfp4 -o x -q",
        "ckptscope convert codes --quantize mxfp4 -o x -q",
        "ckptscope map native --quantize mxfp4 --like plain | grep unlike | sort | sed -n '1p;$p'",
        "ckptscope convert native --to hf --like gpt-oss -o x -q",
        "ckptscope convert biased --to native -o b -q; "
        "ckptscope convert b --to hf --like unbiased -o x -q",
        "ckptscope verify b unbiased --to hf --like unbiased",
        "printf '\\300\\177' | dd of=native/model.safetensors bs=1 seek=30000 conv=notrunc "
        "2>/dev/null; ckptscope convert native --quantize mxfp4 -o x -q",
        "ls"}},
      {"trends",
       make_odd,
       {"ckptscope stat split --width 100",
        "ckptscope stat split experts.*.down_proj --width 80",
        "ckptscope stat stacked layers.*.experts.down_proj --width 60 --ascii",
        "ckptscope stat stacked o_proj --figure absmax --width 80",
        "ckptscope stat split layernorm --figure mean --all --width 100",
        "ckptscope stat stacked model.layers.3.mlp.experts.up_proj --width 100",
        "ckptscope stat stacked model.layers.4.mlp.experts.up_proj --width 100",
        "ckptscope stat split layers.*.experts.*.up_proj | head -3",
        "ckptscope stat stacked layers.*.experts.up_proj --header | head -2",
        "ckptscope stat drifted --against split --width 100",
        "ckptscope stat drifted --against split --figure sqnr --width 100",
        "ckptscope stat drifted 'experts.*.up_proj' --against split --figure rel_l2 --width 100",
        "ckptscope stat drifted --against split --figure std",
        "ckptscope stat split --figure sqnr",
        "ckptscope stat drifted model.layers.4.mlp.experts.3.up_proj.weight --against split "
        "--width 80",
        "ckptscope diff split drifted --decoded --width 80",
        "ckptscope diff split drifted --width 80",
        "ckptscope diff split drifted --decoded | head -3",
        "ckptscope stat stacked down_proj --md",
        "ckptscope stat stacked down_proj --json"}},
      {"report",
       make_hand_on,
       {"ckptscope report split -o r.html", "ckptscope report split -o r.html",
        "sed 's/^svg.*//' r.html",
        "ckptscope report gpt-oss --headers -o h.html -q; tail -3 h.html",
        "ckptscope extract split model.embed_tokens.weight -o e.npy",
        "head -c 128 e.npy | tr -c '[:print:]' .; od -An -tf4 -j128 -N16 e.npy",
        "ckptscope extract gpt-oss model.layers.0.mlp.experts.down_proj --decoded -o d.safetensors",
        "ckptscope show d.safetensors model.layers.0.mlp.experts.down_proj | grep values",
        "ckptscope extract gpt-oss layers.1.self_attn -o a.safetensors && "
        "ckptscope diff gpt-oss a.safetensors --limit 1 | tail -3",
        "ckptscope extract gpt-oss layers.1.self_attn -o a.npy",
        "ckptscope extract gpt-oss model.norm.weight -o a.txt",
        "ckptscope extract gpt-oss nothing.here -o a.npy",
        "ckptscope extract gpt-oss model.layers.0.mlp.experts.down_proj_blocks -o raw.npy --json",
        "ckptscope extract mistral4 "
        "language_model.model.layers.0.mlp.experts.down_proj -o codes.npy",
        "ls"}},
      {"widths", make_quantisable, widths_lines()},
      {"stat",
       make_quantisable,
       {"ckptscope stat gpt-oss model.layers.0.mlp.experts.down_proj",
        "ckptscope stat gpt-oss model.layers.0.mlp.experts.down_proj_blocks --hist --all",
        "ckptscope stat gpt-oss model.norm.weight --linear --ascii",
        "ckptscope stat gpt-oss model.layers.0.mlp.experts.down_proj_scales --json",
        "ckptscope stat mistral4 language_model.model.layers.0.mlp.experts.down_proj_scale_inv",
        "ckptscope stat gpt-oss layer=0 '*proj*'", "ckptscope stat gpt-oss model.nrom.weight",
        "ckptscope convert gpt-oss --to native -o native -q",
        "ckptscope stat native layer=1 '*experts*' --against gpt-oss",
        "ckptscope stat gpt-oss layer=1 '*experts*' --against plain",
        "ckptscope stat gpt-oss --against hy3", "ckptscope diff gpt-oss native --decoded",
        "ckptscope diff gpt-oss plain --decoded --limit 3",
        "ckptscope convert mistral4 --to native -o m4-native -q; "
        "ckptscope diff mistral4 m4-native --decoded"}},
      {"sessions",
       make_families,
       {"ckptscope -c 'open gpt-oss; pwd; cd model.layers.0; pwd; ls mlp.router; cd ..; pwd; cd /; "
        "pwd'",
        "ckptscope -c 'ls model.norm; tree model.layers.0' gpt-oss",
        "ckptscope -c 'cd model.layers.1.mlp; show experts.down_proj; show experts.*_scales' "
        "gpt-oss",
        "ckptscope export gpt-oss skeleton; ckptscope info skeleton; ckptscope tree skeleton "
        "layer=0; "
        "ckptscope ls skeleton model.norm; ckptscope show skeleton model.norm.weight",
        "ckptscope -c 'cd model.layers.1; show self_attn.sinks; map mlp.router.weight' gpt-oss",
        "ckptscope -c 'set json; ls nothing' gpt-oss",
        "ckptscope -c 'set json; ls model.norm; unset json; set limit 1; set; ls' gpt-oss",
        "printf 'open gpt-oss\n# nothing\nls model.norm > out.txt\nls lm_head >> out.txt\n' > "
        "a.txt; "
        "ckptscope -f a.txt; cat out.txt",
        "printf 'info\n' | ckptscope -q",
        "printf 'open gpt-oss\nls model.norm\n' | ckptscope -q",
        "printf 'ls model.norm\ncovert x\nls lm_head\n' > b.txt; ckptscope -f b.txt gpt-oss",
        "ckptscope -k -f b.txt gpt-oss",
        "printf 'source b.txt\nls lm_head\n' > c.txt",
        "ckptscope -f c.txt gpt-oss",
        "printf 'source d.txt\n' > d.txt; ckptscope -f d.txt",
        "ckptscope -c 'ls model.norm | cat' gpt-oss",
        "ckptscope -c 'ls; open nowhere'",
        "ckptscope -c 'cd model.layers.1; ls --width 80; tree --width 80; clear' gpt-oss",
        "ckptscope -c 'cd model.layers; tree --width 80; ls --width 80 0.mlp' gpt-oss",
        "ckptscope gpt-oss --complete 'ls model.layers.0.mlp.r'",
        "ckptscope gpt-oss --complete 'stat --fi'",
        "ckptscope --complete 'con'",
        "ckptscope -c 'cd model.nothing' gpt-oss",
        "ckptscope -c 'set nothing 1'",
        "ckptscope -c 'set dtype f8; map' gpt-oss",
        "ckptscope -c 'diff gpt-oss' native",
        "ckptscope -c 'info; quit; covert' gpt-oss | head -1",
        "ckptscope cd x",
        "ckptscope -c 'ls model.norm > /dev/full' gpt-oss",
        "ckptscope -c 'help cd'",
        "ckptscope -c 'ls bytes>20kB; cd model.layers.0; ls !*.bias | wc -l' gpt-oss",
        "ckptscope -c 'cd model.layers.0; ls !mlp !self_attn' gpt-oss",
        "ckptscope -c 'ls > gpt-oss/model-00001-of-00003.safetensors' gpt-oss",
        "ckptscope -c 'ls nothing > keep.txt' gpt-oss; ls keep.txt",
        "ckptscope -k -c 'source b.txt' gpt-oss",
        "ckptscope -c 'set json maybe'",
        "ckptscope -c 'set verify never'",
        "ckptscope -c 'set json; ls nothing.like.it' gpt-oss",
        "ckptscope -f missing.txt",
        "ckptscope export gpt-oss bones; ls bones",
        "ckptscope map bones > b1; ckptscope map gpt-oss > b2; cmp b1 b2 && echo the same",
        "ckptscope -c 'ls \x1b[31m'  gpt-oss"}},
      {"verify",
       make_families,
       {"ckptscope convert gpt-oss --to native -o native -q", "ckptscope verify gpt-oss native",
        "ckptscope verify gpt-oss native --dtype f32", "ckptscope verify nemotron native",
        "printf x | dd of=native/model.safetensors bs=1 seek=200000 conv=notrunc 2>/dev/null; "
        "ckptscope verify gpt-oss native",
        "rm native/ckptscope.json; ckptscope verify gpt-oss native --json",
        "ckptscope diff gpt-oss gpt-oss", "ckptscope diff gpt-oss native --limit 4",
        "ckptscope diff gpt-oss native --headers --limit 1"}},
      {"damaged",
       make_damaged,
       {"for f in small large cut-header utf8 json twice overlap overflow bits size short long; do "
        "ckptscope check $f.safetensors; echo \"exit $?\"; done",
        "ckptscope info nothing.safetensors", "ckptscope info overlap.safetensors",
        "ckptscope ls overlap.safetensors", "ckptscope show overlap.safetensors b",
        "ckptscope convert short.safetensors --to native --adapter hy_v3 -o out",
        "ckptscope verify short.safetensors short.safetensors --to native --adapter hy_v3",
        "ckptscope check nan.safetensors", "ckptscope check nan.safetensors --deep",
        "ckptscope check constant.safetensors --deep", "ckptscope check names.safetensors",
        "ckptscope check names.safetensors --strict", "ckptscope ls names.safetensors",
        "ckptscope ls names.safetensors --json",
        "printf '%064d  nan.safetensors\\n' 0 >sums; ckptscope check nan.safetensors --sums sums"}},
      {"mapping",
       make_mappable,
       {"ckptscope adapters laguna", "ckptscope adapters qwen3_mo",
        "ckptscope adapters laguna --json | head -c 120", "ckptscope help mapping | head -30",
        // A layout that nobody knows, and a text for it.
        "ckptscope info made-up", "ckptscope map made-up", "cat mine.map",
        "ckptscope map made-up --mapping mine.map",
        "ckptscope map made-up --mapping mine.map --rules",
        "ckptscope map made-up --mapping mine.map enc.blk.0.moe.0.dn",
        "ckptscope show made-up enc.blk.0.moe.0.dn --mapping mine.map | grep maps",
        "ckptscope convert made-up --mapping mine.map -o native -q",
        "sed -n '/\"mapping\"/,/}/p' native/ckptscope.json", "ckptscope verify made-up native",
        "ckptscope convert native --mapping mine.map --to hf -o back -q",
        "ckptscope verify native back; ckptscope diff made-up back | tail -1",
        "ckptscope map made-up --mapping mine.map --adapter hy_v3",
        // What a text can be wrong in.
        "try() { printf \"$1\" > my.map; ckptscope map made-up --mapping my.map 2>&1; }; "
        "try 'a = b\nstatck(E, 2, x.{E}) = x\n'; try 'a = b\na = b\n'; try 'cat(0, a, b = c\n'; "
        "try '{x}.a = b\n'; try 'let n = experts\n'; try 'let n = .a +\n'; "
        "try 'when .x\na = b\n'; try 'droq a \"b\" c\n'; try 'a = \"b\n'; try '$s.a = b\n'; "
        "try 't(a) = t(b)\n'; try 'use grouped_mo(1, 2)\n'; try '{a.b = c\n'; try 'else\n'; "
        "try 'stack(E, 2, a.w) = b\n'; try 'family x \"y\" z\n'; try 'drop a b c.{x} where L >= "
        "2\n'; "
        "try '{a}{b}{c}{d} = {a}{b}{c}{d}\n'",
        "ckptscope map made-up --mapping missing.map",
        // Keys that somebody else put a start before.
        "ckptscope info compiled | grep hidden", "ckptscope map compiled --to native | tail -1",
        "ckptscope convert compiled --to native --rename '_orig_mod.{x} -> {x}' -o hy3 -q && "
        "ckptscope verify compiled hy3",
        "ckptscope map compiled --rename 'nothing.{x} -> {x}'",
        "ckptscope map compiled --rename '{a}.weight -> weight'",
        "ckptscope map compiled --rename '{x} -> {y}'",
        // A model that is edited as it is.
        "ckptscope info llama | grep family",
        "ckptscope convert llama --to hf --rename 'base_model.model.{x} -> {x}' --dtype f16 "
        "--max-shard-size 6kB -o edited -q && ls edited && ckptscope verify llama edited",
        "ckptscope convert made-up --include layer=0 -o part -n",
        "ckptscope convert edited --to hf --include layer=0 --include '!model.layers' -o half -q; "
        "cat half/config.json; ckptscope check half | tail -2",
        "ckptscope convert packed --to hf --dtype f32 -o x", "ckptscope convert made-up -o x",
        "ckptscope convert made-up --to native --adapter none -o x",
        "ckptscope map kimi --to native | tail -12"}},
      {"index",
       make_indexed,
       {"ckptscope check broken", "ckptscope info broken", "ckptscope check path",
        "ckptscope check list", "ckptscope check double", "ckptscope check pickles",
        "ckptscope check two", "ckptscope check linked"}},
      {"strangers",
       make_strangers,
       {"ckptscope info empty", "ckptscope info run", "ckptscope info lora",
        "ckptscope convert lora --to native -o native",
        "ckptscope info lora/adapter_model.safetensors", "ckptscope info ranks",
        "ckptscope info pickles", "ckptscope info model.gguf", "ckptscope info pointer.safetensors",
        "ckptscope info pipe", "ckptscope info plain.safetensors --config bad-config.json",
        "ckptscope map plain.safetensors", "ckptscope map plain.safetensors --adapter x"}},
      {"training",
       make_training,
       {"ckptscope info dcp/automodel_step",
        "ckptscope info dcp/automodel_step/epoch_0_step_9/optim",
        "ckptscope convert dcp/automodel_step -o hf -n | grep -v '^needs'",
        "ckptscope convert dcp/automodel_step -o hf -q; ckptscope ls hf; ls hf",
        "ckptscope info hf | grep metadata", "ckptscope verify dcp/automodel_step hf",
        "ckptscope convert dcp/automodel_step --max-shard-size 1GB -o one -q; ls one",
        "m=dcp/automodel_step/epoch_0_step_9; ckptscope convert $m --dtype f32 -o f32 -q; "
        "cp -r $m/model/.hf_metadata f32; ckptscope convert f32 --to hf -o back 2>&1 | grep loss; "
        "ckptscope diff back hf",
        R"(echo '{"train_loss": 1.93, "val_loss": NaN}' >)"
        "dcp/automodel_step/epoch_0_step_9/losses.json; "
        "ckptscope info dcp/automodel_step | grep losses",
        "echo '[' >dcp/automodel_step/epoch_0_step_9/losses.json; "
        "ckptscope info dcp/automodel_step | grep losses",
        "echo '{' >f32/.hf_metadata/fqn_to_file_index_mapping.json; ckptscope convert f32 --to hf "
        "-o x -q",
        "touch dcp/automodel_step/epoch_0_step_9/.incomplete; "
        "ckptscope check dcp/automodel_step/epoch_0_step_9/optim | tail -2",
        "for f in dcp/*/ torch_save/*/*; do echo \"$f: $(ckptscope info $f 2>&1 | "
        "grep -E -m1 '^  error|^ckptscope:')\"; done | grep -v ': $'",
        // A model and its optimizer in one file.
        "d=torch_save/both.pt; echo '{\"model_type\": \"llama\"}' >$d/config.json; "
        "ckptscope info $d | grep begin",
        "ckptscope convert torch_save/both.pt --to hf -o whole -n | grep -E 'note|model/' | head "
        "-4",
        "ckptscope convert torch_save/both.pt --rename 'model/{x} -> {x}' --include '!optimizer/*' "
        "--to hf -o model -q; ckptscope ls model",
        // An index of files of torch.save.
        "i=torch_save/pytorch_model.bin/pytorch_model.bin.index.json; echo '{\"metadata\": "
        "{\"total_size\": 88}, \"weight_map\": {\"lm_head.weight\": \"pytorch_model.bin\", "
        "\"model.embed_tokens.weight\": \"pytorch_model.bin\", \"model.layers.0.norm.weight\": "
        "\"pytorch_model.bin\", \"gone\": \"pytorch_model.bin\", \"lost\": "
        "\"pytorch_model-2.bin\"}}' >$i; ckptscope check torch_save/pytorch_model.bin; ckptscope "
        "check "
        "$i | tail -1",
        // Other forms beside safetensors.
        "cp torch_save/pytorch_model.bin/pytorch_model.bin $(ls dcp/*/__0_0.distcp | head -1) hf; "
        "ckptscope check hf"}},
      {"problems",
       make_problems,
       {"ckptscope map missing", "ckptscope convert missing --to native -o out -q",
        "ckptscope verify missing plain", "ckptscope map beyond model.layers.1.mlp.experts",
        "ckptscope map misshapen model.layers.1.mlp.experts.down_projs layer=2",
        "ckptscope map misshapen | tail -2", "ckptscope map packed | tail -3",
        "ckptscope map uncounted | tail -2",
        "ckptscope map uncounted --set num_experts=6 | tail -2",
        "ckptscope map unconfigured --set num_hidden_layers=3 | tail -2",
        "ckptscope map collision | tail -2", "ckptscope map unscaled | tail -2",
        "ckptscope map unscaled --lenient --dtype bf16 | tail -2", "ckptscope map orphan | tail -2",
        "ckptscope map orphan --lenient --dtype bf16 | tail -4",
        "ckptscope map odd-scale --lenient | tail -2", "ckptscope map alias | tail -2",
        "ckptscope convert plain --to native -o n -q; ckptscope map n --to native | tail -2",
        "h=$(od -An -tu8 -N8 placeholder/model.safetensors | tr -d ' '); s=$(stat -c %s "
        "placeholder/model.safetensors); { head -c $((8 + h)) placeholder/model.safetensors; yes "
        "\"$(printf '\\001')\" | tr -d '\\n' | head -c $((s - 8 - h)); } >p; mv p "
        "placeholder/model.safetensors; ckptscope convert placeholder --to native -o out -q"}},
  };
  return rows;
}

}  // namespace ckptscope::testing
