// The same tensor in every layer, and in every expert of them: what pictures over a model are drawn
// of.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/figures/figure.hpp"

namespace ckptscope {

/// Where a key stands in a model: the number behind "layers", "blocks" or the like is the layer,
/// else the first one of its path; a number behind "experts" is the expert.
/// "model.layers.3.mlp.experts.17.up_proj.weight" is layer 3, expert 17 of
/// "model.layers.*.mlp.experts.*.up_proj.weight".
struct ModelPlace {
  std::string name;
  std::uint64_t layer = 0;
  std::optional<std::uint64_t> expert{};
};
/// nullopt for a key without a number.
std::optional<ModelPlace> place_in_model(std::string_view key);

/// One name over its layers. Layers rise; there may be holes between their numbers.
struct Trend {
  struct Layer {
    std::uint64_t number = 0;
    std::string key;                // of the layer's tensor; of split ones a glob of them all
    Figures whole;                  // with experts the medians over them
    std::vector<Figures> experts;   // by number; those that are not there are not known
    std::vector<std::string> keys;  // of split ones, each its own
  };
  std::string name;
  std::vector<Layer> layers;
  bool is_split = false;  // a tensor an expert, not one of all

  /// Of an expert's values: its own tensor, or the one that it is part of.
  const std::string& key_of(std::size_t layer, std::size_t expert) const;

  bool has_experts() const;
  /// One value a layer.
  std::vector<double> values(std::size_t kind) const;
  /// By how far each stands out among the others.
  std::vector<double> scores(std::size_t kind) const;
};

/// Collects the statistics of tensors, in any order. A tensor of three dimensions whose key speaks
/// of experts is a stack of them. Not thread-safe.
class TrendCollector {
 public:
  void add(const std::string& key, const TensorStats& stats);
  /// Figures of another kind, of a whole tensor.
  void add(const std::string& key, const Figures& whole);
  /// In natural order of names. Names that only one layer has are trends of one layer.
  std::vector<Trend> trends() const;

 private:
  Trend::Layer* place(const std::string& key, const Figures& whole);

  std::map<std::string, std::map<std::uint64_t, Trend::Layer>> names_;
};

/// Infinite for zeros and for what is not finite.
double odd_score(Peculiar peculiar, double score);
/// The order in which people are told: what is not finite, then by distance.
bool stands_before(Peculiar a, double score_a, Peculiar b, double score_b);

/// One expert beside those of its layer.
struct OddExpert {
  std::size_t layer = 0;  // its place in Trend::layers
  std::size_t expert = 0;
  double score = 0;  // see odd_scores(); infinite for a peculiar one
  Peculiar peculiar = Peculiar::No;
};
/// By layer those that stand out in this figure, and those that are zeros or not finite; what is
/// not finite first, then the farthest.
std::vector<OddExpert> odd_experts(const Trend& trend, std::size_t kind);

}  // namespace ckptscope
