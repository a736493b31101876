#include "core/names/companions.hpp"

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
    Row{".weight_scale", ".weight", false},
    Row{".weight_scale_2", ".weight", false},
    Row{"_scales", "_blocks", false},
    Row{".activation_scale", ".weight", true},
    Row{"_activation_scale", "", true},
    Row{".input_scale", ".weight", true},
};

}  // namespace

std::optional<Companion> companion_of(std::string_view key) {
  for (const Row& row : kRows) {
    if (!key.ends_with(row.suffix)) continue;
    std::string weight(key.substr(0, key.size() - row.suffix.size()));
    weight += row.weight_suffix;
    return Companion{std::move(weight), row.activation};
  }
  return std::nullopt;
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
