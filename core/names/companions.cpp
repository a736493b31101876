// One row a spelling.
#include "core/names/companions.hpp"

#include <fmt/format.h>

#include <array>

namespace ckptscope {
namespace {

struct Row {
  std::string_view suffix;
  std::string_view weight_suffix;
  bool activation;
};
constexpr std::array kRows{
    Row{"_scale_inv", "", false},
    Row{".weight_scale_2", ".weight", false},
    Row{kScalesSuffix, kBlocksSuffix, false},
    Row{".activation_scale", ".weight", true},
    Row{"_activation_scale", "", true},
    Row{".input_scale", ".weight", true},
    Row{".input_global_scale", ".weight_packed", true},
    Row{"_scale", "", false},
    Row{".scale", ".weight", false},
    Row{".scale_weight", ".weight", false},
    Row{".weight_scale", ".weight_packed", false},
    Row{".weight_shape", ".weight_packed", false},
    Row{".weight_zero_point", ".weight_packed", false},
    Row{".weight_global_scale", ".weight_packed", false},
    Row{".weight_g_idx", ".weight_packed", false},
    Row{".qzeros", ".qweight", false},
    Row{".scales", ".qweight", false},
    Row{".g_idx", ".qweight", false},
    Row{".weight.absmax", ".weight", false},
    Row{".weight.quant_map", ".weight", false},
    Row{".weight.nested_absmax", ".weight", false},
    Row{".weight.nested_quant_map", ".weight", false},
    Row{".weight.quant_state.bitsandbytes__nf4", ".weight", false},
    Row{".weight.quant_state.bitsandbytes__fp4", ".weight", false},
    Row{".SCB", ".weight", false},
    Row{".weight_format", ".weight", false},
};

}  // namespace

std::vector<Companion> possible_companions(std::string_view key) {
  std::vector<Companion> found;
  for (const Row& row : kRows) {  // most keys end in another letter than any suffix
    if (key.empty() || row.suffix.back() != key.back() || !key.ends_with(row.suffix)) continue;
    std::string weight(key.substr(0, key.size() - row.suffix.size()));
    weight += row.weight_suffix;
    found.push_back({std::move(weight), row.activation});
  }
  return found;
}

std::optional<Companion> companion_of(std::string_view key) {
  auto found = possible_companions(key);
  return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
}

std::string blocks_of(std::string_view weight) {
  return fmt::format("{}{}", weight, kBlocksSuffix);
}

std::string logical_name(std::string_view key) {
  const auto companion = companion_of(key);
  std::string name = companion ? companion->weight : std::string(key);
  if (name.ends_with(kBlocksSuffix)) name.resize(name.size() - kBlocksSuffix.size());
  return name;
}

std::vector<std::string> companions_of(std::string_view weight) {
  std::vector<std::string> keys;
  for (const Row& row : kRows) {
    if (!weight.ends_with(row.weight_suffix)) continue;
    std::string key(weight.substr(0, weight.size() - row.weight_suffix.size()));
    keys.push_back(key += row.suffix);
  }
  return keys;
}

}  // namespace ckptscope
