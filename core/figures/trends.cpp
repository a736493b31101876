// Keys are taken apart at their numbers.
#include "core/figures/trends.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/natural_order.hpp"

namespace ckptscope {
namespace {

constexpr std::uint64_t kMostExperts = 1 << 16;

std::optional<std::uint64_t> number_in(std::string_view segment) {
  constexpr std::size_t kMostDigits = 9;
  const bool digits =
      !segment.empty() && segment.size() <= kMostDigits &&
      std::all_of(segment.begin(), segment.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits) return std::nullopt;
  std::uint64_t number = 0;
  for (const char c : segment) number = 10 * number + static_cast<std::uint64_t>(c - '0');
  return number;
}

bool speaks_of_experts(std::string_view key) {
  return key.find("expert") != key.npos && key.find("shared_expert") == key.npos;
}

}  // namespace

std::optional<ModelPlace> place_in_model(std::string_view key) {
  ModelPlace place;
  std::vector<std::uint64_t> numbers;
  while (!key.empty()) {
    const std::size_t end = std::min(key.find('.'), key.size());
    const std::string_view segment = key.substr(0, end);
    const auto number = numbers.size() < 2 ? number_in(segment) : std::nullopt;
    place.name += place.name.empty() ? "" : ".";
    place.name += number ? "*" : segment;
    if (number) numbers.push_back(*number);
    key.remove_prefix(std::min(end + 1, key.size()));
  }
  if (numbers.empty()) return std::nullopt;
  place.layer = numbers[0];
  if (numbers.size() > 1 && numbers[1] < kMostExperts) place.expert = numbers[1];
  return place;
}

bool Trend::has_experts() const {
  return std::any_of(layers.begin(), layers.end(),
                     [](const Layer& layer) { return layer.experts.size() > 1; });
}

std::string Trend::key_of(std::size_t layer, std::size_t expert) const {
  if (!is_split) return layers[layer].key;
  const std::size_t last = name.rfind('*');
  std::string key = name;
  key.replace(last, 1, std::to_string(expert));
  return key.replace(key.find('*'), 1, std::to_string(layers[layer].number));
}

std::vector<double> Trend::values(std::size_t kind) const {
  std::vector<double> values;
  for (const Layer& layer : layers) values.push_back(layer.whole.values[kind]);
  return values;
}

std::vector<double> Trend::scores(std::size_t kind) const {
  return odd_scores(values(kind), kFigureKinds[kind].scale);
}

void TrendCollector::add(const std::string& key, const TensorStats& stats) {
  const auto place = place_in_model(key);
  if (!place) return;
  Trend::Layer& layer = names_[place->name][place->layer];
  layer.number = place->layer;
  if (layer.key.empty() || natural_less(key, layer.key)) layer.key = key;
  if (place->expert) {
    if (layer.experts.size() <= *place->expert) layer.experts.resize(*place->expert + 1);
    layer.experts[*place->expert] = figures_of(stats);
    return;
  }
  layer.whole = figures_of(stats);
  if (!speaks_of_experts(key)) return;
  for (const ExpertStats& expert : stats.experts) {
    layer.experts.push_back(figures_of(expert, stats.codes.has_value()));
  }
}

std::vector<Trend> TrendCollector::trends() const {
  std::vector<Trend> trends;
  for (const auto& [name, layers] : names_) {
    Trend& trend = trends.emplace_back();
    trend.name = name;
    trend.is_split = std::count(name.begin(), name.end(), '*') > 1;
    for (const auto& [number, layer] : layers) {
      trend.layers.push_back(layer);
      if (layer.experts.empty()) continue;
      const double scale = layer.whole.values.back();  // one of all experts
      Figures& whole = trend.layers.back().whole;
      whole = medians_of(layer.experts);
      if (std::isnan(whole.values.back())) whole.values.back() = scale;
    }
  }
  std::sort(trends.begin(), trends.end(),
            [](const Trend& a, const Trend& b) { return natural_less(a.name, b.name); });
  return trends;
}

std::vector<OddExpert> odd_experts(const Trend& trend, std::size_t kind) {
  std::vector<OddExpert> odd;
  for (std::size_t at = 0; at < trend.layers.size(); ++at) {
    const std::vector<Figures>& experts = trend.layers[at].experts;
    if (experts.size() < 2) continue;
    std::vector<double> values;
    for (const Figures& one : experts) values.push_back(one.values[kind]);
    const std::vector<double> scores = odd_scores(values, kFigureKinds[kind].scale);
    for (std::size_t i = 0; i < experts.size(); ++i) {
      const bool dead = experts[i].dead;
      if (!dead && !(std::fabs(scores[i]) > kOddScore)) continue;
      const double score = dead ? -std::numeric_limits<double>::infinity() : scores[i];
      odd.push_back({at, i, score, dead});
    }
  }
  std::stable_sort(odd.begin(), odd.end(), [](const OddExpert& a, const OddExpert& b) {
    return std::fabs(a.score) > std::fabs(b.score);
  });
  return odd;
}

}  // namespace ckptscope
