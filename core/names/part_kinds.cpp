// Words that families use, the telling ones first: a norm of an attention is a norm, a vision
// tower's attention is vision.
#include "core/names/part_kinds.hpp"

#include <algorithm>
#include <span>

namespace ckptscope {
namespace {

struct PartKind {
  std::string_view name;
  std::span<const std::string_view> words;
};

constexpr std::string_view kVision[] = {"vision", "visual", "image_", "patch_embed", "vit_"};
constexpr std::string_view kAudio[] = {"audio", "speech", "sound_", "talker", "code2wav"};
constexpr std::string_view kProjector[] = {"projector", "aligner", "connector"};
constexpr std::string_view kShared[] = {"shared_expert", "shared_mlp", "shared_head"};
constexpr std::string_view kRouted[] = {".experts.", "_experts."};
constexpr std::string_view kHead[] = {"lm_head", "score.", "output_layer"};
constexpr std::string_view kEmbedding[] = {"embed", "wte.", "wpe.", "tok_emb"};
constexpr std::string_view kNorm[] = {"norm", "ln_", "_ln"};
constexpr std::string_view kRouter[] = {"router",         ".mlp.gate.",  ".ffn.gate.",
                                        ".gate.weight",   "moe_statics", "expert_bias",
                                        "correction_bias"};
constexpr std::string_view kState[] = {"mamba", "mixer", "linear_attn", "ssm", "A_log", "conv1d"};
constexpr std::string_view kAttention[] = {"attn", "attention"};
constexpr std::string_view kMlp[] = {"mlp", "ffn", "feed_forward", ".fc", "dense_"};
constexpr std::string_view kLora[] = {"lora_"};

/// In the order in which they are asked.
constexpr PartKind kKinds[] = {
    {"LoRA", kLora},           {"vision", kVision},         {"audio", kAudio},
    {"projector", kProjector}, {"shared experts", kShared}, {kRoutedExperts, kRouted},
    {"norms", kNorm},          {"router", kRouter},         {"head", kHead},
    {"state space", kState},   {"attention", kAttention},   {"dense MLP", kMlp},
    {"embedding", kEmbedding},
};

}  // namespace

std::string_view part_kind(std::string_view key) {
  const auto has = [&](std::string_view word) { return key.find(word) != key.npos; };
  for (const PartKind& kind : kKinds) {
    if (std::any_of(kind.words.begin(), kind.words.end(), has)) return kind.name;
  }
  return "other";
}

}  // namespace ckptscope
