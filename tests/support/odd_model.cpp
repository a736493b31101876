// BF16 by its bytes: the magnitude is the upper half of a float.
#include "tests/support/odd_model.hpp"

#include <string>

namespace ckptscope::testing {
namespace {

constexpr std::size_t kLayers = 8;
constexpr std::size_t kFirstMoe = 2;
constexpr std::size_t kExperts = 12;
constexpr std::size_t kElements = 16;
constexpr std::uint16_t kBf16One = 0x3F80;
constexpr std::uint16_t kThree = 0x4040;
constexpr std::uint16_t kFour = 0x4080;

/// So many elements, + and - in turn.
std::vector<std::uint8_t> alternating(std::uint16_t magnitude, std::size_t elements) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i < elements; ++i) {
    const unsigned code = magnitude | (i % 2 == 0 || magnitude == 0 ? 0u : 0x8000u);
    bytes.push_back(static_cast<std::uint8_t>(code & 0xFF));
    bytes.push_back(static_cast<std::uint8_t>(code >> 8));
  }
  return bytes;
}

/// From 1 to 1.1, another one for each expert of a layer.
std::uint16_t usual(std::size_t layer, std::size_t expert, std::size_t tensor) {
  return static_cast<std::uint16_t>(kBf16One + (5 * layer + 3 * expert + tensor) % 13);
}

std::uint16_t magnitude(std::size_t layer, std::size_t expert, std::size_t tensor) {
  if (layer == 3 && expert == 7) return kThree;
  if (layer == 6 && expert == 2) return 0;
  if (layer == 4 && expert == 9) return usual(4, 8, tensor);
  return usual(layer, expert, tensor);
}

SyntheticTensor tensor(std::string key, Shape shape, std::vector<std::uint8_t> bytes) {
  return {std::move(key), Dtype::BF16, std::move(shape), Filling::Cycled, std::move(bytes)};
}

void add_experts(SyntheticCheckpoint& model, std::size_t layer, bool stacked) {
  const std::string start = "model.layers." + std::to_string(layer) + ".mlp.experts.";
  const char* const names[] = {"down_proj", "up_proj"};
  for (std::size_t which = 0; which < 2; ++which) {
    std::vector<std::uint8_t> all;
    for (std::size_t expert = 0; expert < kExperts; ++expert) {
      const auto bytes = alternating(magnitude(layer, expert, which), kElements);
      all.insert(all.end(), bytes.begin(), bytes.end());
      if (stacked) continue;
      const std::string key = start + std::to_string(expert) + "." + names[which] + ".weight";
      model.tensors.push_back(tensor(key, {4, 4}, bytes));
    }
    if (stacked) model.tensors.push_back(tensor(start + names[which], {kExperts, 4, 4}, all));
  }
}

}  // namespace

SyntheticCheckpoint odd_model(bool stacked) {
  SyntheticCheckpoint model;
  model.tensors.push_back(tensor("model.embed_tokens.weight", {8, 4}, alternating(kBf16One, 32)));
  for (std::size_t layer = 0; layer < kLayers; ++layer) {
    const std::string start = "model.layers." + std::to_string(layer) + ".";
    const std::uint16_t wide = layer == 5 ? kFour : usual(layer, 0, 0);
    model.tensors.push_back(
        tensor(start + "self_attn.o_proj.weight", {4, 4}, alternating(wide, kElements)));
    model.tensors.push_back(
        tensor(start + "input_layernorm.weight", {4}, alternating(usual(layer, 1, 1), 4)));
    if (layer >= kFirstMoe) add_experts(model, layer, stacked);
  }
  model.config = R"({"model_type": "odd", "num_hidden_layers": 8, "num_experts": 12,
 "architectures": ["OddForCausalLM"], "hidden_size": 4, "vocab_size": 8})";
  return model;
}

}  // namespace ckptscope::testing
