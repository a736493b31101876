// Writes a small GPT-OSS and shows the verbs of a first conversion on it.
#include <cstdlib>
#include <filesystem>

#include "app/language/command.hpp"
#include "app/language/words.hpp"
#include "core/base/display.hpp"
#include "core/base/file.hpp"
#include "core/checkpoint/synthetic.hpp"

namespace ckptscope {
namespace {

constexpr std::uint64_t kHidden = 64;
constexpr std::uint64_t kInner = 96;
constexpr std::uint64_t kExperts = 4;
constexpr std::uint64_t kVocabulary = 128;
constexpr int kLayers = 2;
constexpr const char* kConfig =
    "{\n  \"architectures\": [\"GptOssForCausalLM\"],\n  \"model_type\": \"gpt_oss\",\n"
    "  \"hidden_size\": 64,\n  \"intermediate_size\": 96,\n  \"num_local_experts\": 4,\n"
    "  \"num_experts_per_tok\": 2,\n  \"num_hidden_layers\": 2,\n  \"vocab_size\": 128,\n"
    "  \"quantization_config\": {\"quant_method\": \"mxfp4\"}\n}\n";

using Tensors = decltype(SyntheticCheckpoint::tensors);

void add_attention(Tensors& tensors, const std::string& layer) {
  for (const char* name : {"q_proj", "k_proj", "v_proj", "o_proj"}) {
    tensors.push_back({layer + "self_attn." + name + ".weight", Dtype::BF16, {kHidden, kHidden}});
    tensors.push_back({layer + "self_attn." + name + ".bias", Dtype::BF16, {kHidden}});
  }
  tensors.push_back({layer + "self_attn.sinks", Dtype::BF16, {4}});
}

/// Of every expert in one tensor: biases as they are, weights as MXFP4.
void add_experts(Tensors& tensors, const std::string& name, std::uint64_t rows,
                 std::uint64_t columns) {
  tensors.push_back({name + "_bias", Dtype::BF16, {kExperts, rows}});
  tensors.push_back({name + "_blocks", Dtype::U8, {kExperts, rows, columns / 32, 16}});
  tensors.push_back({name + "_scales", Dtype::U8, {kExperts, rows, columns / 32}, Filling::Scale});
}

/// GPT-OSS in small: two layers of four experts, MXFP4 blocks and scales over three shards.
SyntheticCheckpoint demo_checkpoint() {
  SyntheticCheckpoint demo;
  demo.shards = 3;
  demo.seed = 20;
  demo.config = kConfig;
  Tensors& tensors = demo.tensors;
  tensors.push_back({"model.embed_tokens.weight", Dtype::BF16, {kVocabulary, kHidden}});
  for (int number = 0; number < kLayers; ++number) {
    const std::string layer = fmt::format("model.layers.{}.", number);
    tensors.push_back({layer + "input_layernorm.weight", Dtype::BF16, {kHidden}});
    add_attention(tensors, layer);
    tensors.push_back({layer + "mlp.router.weight", Dtype::BF16, {kExperts, kHidden}});
    tensors.push_back({layer + "mlp.router.bias", Dtype::BF16, {kExperts}});
    add_experts(tensors, layer + "mlp.experts.gate_up_proj", 2 * kInner, kHidden);
    add_experts(tensors, layer + "mlp.experts.down_proj", kHidden, kInner);
    tensors.push_back({layer + "post_attention_layernorm.weight", Dtype::BF16, {kHidden}});
  }
  tensors.push_back({"model.norm.weight", Dtype::BF16, {kHidden}});
  tensors.push_back({"lm_head.weight", Dtype::BF16, {kVocabulary, kHidden}});
  return demo;
}

std::string demo_directory(const Args& args) {
  if (!args.operands.empty()) {
    const std::string& directory = args.operands.front();
    if (directory.empty()) fail(Code::Usage, "demo: an empty name is no directory");
    if (exists(directory))
      fail(Code::Exists, "{}: exists; the demo wants a new directory", display(directory));
    return directory;
  }
  std::string pattern = (std::filesystem::temp_directory_path() / "ckptscope-demo-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) fail_errno(display(pattern));
  return pattern;
}

/// Runs a verb as a user would and appends what it shows.
void step(Document& document, std::string_view verb, const std::string& source, const Args& args,
          Progress& progress) {
  const Command& command = *find_command(verb);
  Snapshot snapshot;
  snapshot.checkpoint = std::make_shared<const Checkpoint>(Checkpoint::open(source));
  snapshot.terminal = true;
  std::string line = fmt::format("$ ckptscope {} {}", verb, shell_path(source));
  for (const std::string& operand : args.operands) line += " " + shell_path(operand);
  for (const auto& [flag, values] : args.flags) {
    line += fmt::format(" --{}", flag);
    for (const std::string& value : values) line += " " + shell_word(value);
  }
  document.add(Note{""}).add(Heading{line, /*escaped=*/true});
  Document part = command.run(snapshot, args, progress);
  for (Block& block : part.blocks) {
    if (auto* fields = std::get_if<Fields>(&block)) {
      for (Field& field : fields->list) field.id.clear();
    }
    if (auto* table = std::get_if<Table>(&block)) {
      if (table->audience == Audience::Machines) continue;
      table->main = false;
      table->id.clear();
    }
    document.add(std::move(block));
  }
  std::move(part.keep.begin(), part.keep.end(), std::back_inserter(document.keep));
  document.exit = std::max(document.exit, part.exit);
}

Document run_demo(const Snapshot&, const Args& args, Progress& progress) {
  const std::string directory = demo_directory(args);
  const std::string source = directory + "/gpt-oss-demo";
  const std::string output = directory + "/gpt-oss-demo-native";
  write_synthetic(source, demo_checkpoint());
  Document document{"demo"};
  document.add(Note{
      fmt::format("A small GPT-OSS with real values, MXFP4 over three shards, is in {}", source)});
  step(document, "info", source, {}, progress);
  step(document, "map", source, {{}, {{"to", {"native"}}}}, progress);
  step(document, "convert", source, {{}, {{"to", {"native"}}, {"output", {output}}}}, progress);
  step(document, "verify", source, {{output}, {}}, progress);
  document.add(Note{""}).add(Note{fmt::format("Look around yourself: ckptscope {}", source)});
  document.add(Fields{{{"source", "", source}, {"output", "", output}}});
  return document;
}

}  // namespace

extern const Command kDemo{
    .name = "demo",
    .operands = "[DIR]",
    .summary = "make a small checkpoint, then info, map, convert and verify it",
    .opens = false,
    .max_operands = 1,
    .examples = {"demo", "demo /tmp/demo"},
    .exits = "something went wrong",
    .run = run_demo,
};

}  // namespace ckptscope
