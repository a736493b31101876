// Keys are taken apart at their numbers.
#include "core/figures/trends.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
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

std::vector<std::string_view> segments_of(std::string_view key) {
  std::vector<std::string_view> segments;
  for (std::size_t at = 0; at <= key.size();) {
    const std::size_t end = std::min(key.find('.', at), key.size());
    segments.push_back(key.substr(at, end - at));
    at = end + 1;
  }
  return segments;
}

bool counts_layers(std::string_view segment) {
  constexpr std::string_view kWords[] = {"layers", "layer", "blocks", "block", "h"};
  return std::find(std::begin(kWords), std::end(kWords), segment) != std::end(kWords);
}

bool speaks_of_experts(std::string_view key) {
  return key.find("expert") != key.npos && key.find("shared_expert") == key.npos;
}

}  // namespace

std::optional<ModelPlace> place_in_model(std::string_view key) {
  const std::vector<std::string_view> segments = segments_of(key);
  std::optional<std::size_t> layer;
  std::optional<std::size_t> expert;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (!number_in(segments[i])) continue;
    const std::string_view before = i == 0 ? "" : segments[i - 1];
    if (before == "experts" || before == "expert") {
      if (!expert) expert = i;
    } else if (!layer || (counts_layers(before) && !counts_layers(segments[*layer - 1]))) {
      layer = i;
    }
  }
  if (!layer || *layer == 0) return std::nullopt;
  ModelPlace place;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    place.name += i == 0 ? "" : ".";
    place.name += i == layer || i == expert ? "*" : segments[i];
  }
  place.layer = *number_in(segments[*layer]);
  if (expert && *number_in(segments[*expert]) < kMostExperts) {
    place.expert = number_in(segments[*expert]);
  }
  return place;
}

bool Trend::has_experts() const {
  return std::any_of(layers.begin(), layers.end(),
                     [](const Layer& layer) { return layer.experts.size() > 1; });
}

const std::string& Trend::key_of(std::size_t layer, std::size_t expert) const {
  const Layer& one = layers[layer];
  return is_split && expert < one.keys.size() ? one.keys[expert] : one.key;
}

std::vector<double> Trend::values(std::size_t kind) const {
  std::vector<double> values;
  for (const Layer& layer : layers) values.push_back(layer.whole.values[kind]);
  return values;
}

std::vector<double> Trend::scores(std::size_t kind) const {
  return odd_scores(values(kind), kFigureKinds[kind].scale);
}

/// The layer of a tensor that is no expert's own, else null.
Trend::Layer* TrendCollector::place(const std::string& key, const Figures& whole) {
  const auto place = place_in_model(key);
  if (!place) return nullptr;
  Trend::Layer& layer = names_[place->name][place->layer];
  layer.number = place->layer;
  if (!place->expert) {
    layer.key = key;
    layer.whole = whole;
    return &layer;
  }
  const std::size_t expert = *place->expert;
  if (layer.experts.size() <= expert) {
    layer.experts.resize(expert + 1);
    layer.keys.resize(expert + 1);
  }
  layer.experts[expert] = whole;
  layer.keys[expert] = key;
  layer.key = place->name;
  layer.key.replace(layer.key.find('*'), 1, std::to_string(place->layer));
  return nullptr;
}

void TrendCollector::add(const std::string& key, const Figures& whole) {
  place(key, whole);
}

void TrendCollector::add(const std::string& key, const TensorStats& stats) {
  Trend::Layer* const layer = place(key, figures_of(stats));
  if (layer == nullptr || !speaks_of_experts(key)) return;
  for (const ExpertStats& expert : stats.experts) {
    layer->experts.push_back(figures_of(expert, stats.codes.has_value()));
  }
}

std::vector<Trend> TrendCollector::trends() const {
  std::vector<Trend> trends;
  for (const auto& [name, layers] : names_) {
    Trend& trend = trends.emplace_back();
    trend.name = name;
    trend.is_split = !layers.begin()->second.keys.empty();
    for (const auto& [number, layer] : layers) {
      trend.layers.push_back(layer);
      if (layer.experts.empty()) continue;
      const double scale = layer.whole.values[kScale];  // one of all experts
      Figures& whole = trend.layers.back().whole;
      whole = medians_of(layer.experts);
      if (std::isnan(whole.values[kScale])) whole.values[kScale] = scale;
    }
  }
  std::sort(trends.begin(), trends.end(),
            [](const Trend& a, const Trend& b) { return natural_less(a.name, b.name); });
  return trends;
}

double odd_score(Peculiar peculiar, double score) {
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  if (peculiar == Peculiar::Zeros) return -kInfinite;
  return peculiar == Peculiar::NotFinite ? kInfinite : score;
}

bool stands_before(Peculiar a, double score_a, Peculiar b, double score_b) {
  const bool broken = a == Peculiar::NotFinite;
  if (broken != (b == Peculiar::NotFinite)) return broken;
  return std::fabs(score_a) > std::fabs(score_b);
}

std::vector<OddExpert> odd_experts(const Trend& trend, std::size_t kind) {
  std::vector<OddExpert> odd;
  for (std::size_t at = 0; at < trend.layers.size(); ++at) {
    const std::vector<Figures>& experts = trend.layers[at].experts;
    if (experts.size() < 2) continue;
    const std::vector<double> scores =
        odd_scores(values_of(experts, kind), kFigureKinds[kind].scale);
    for (std::size_t i = 0; i < experts.size(); ++i) {
      const Peculiar peculiar = experts[i].peculiar;
      if (!is_broken(peculiar) && !(std::fabs(scores[i]) > kOddScore)) continue;
      odd.push_back({at, i, odd_score(peculiar, scores[i]), peculiar});
    }
  }
  std::stable_sort(odd.begin(), odd.end(), [](const OddExpert& a, const OddExpert& b) {
    return stands_before(a.peculiar, a.score, b.peculiar, b.score);
  });
  return odd;
}

}  // namespace ckptscope
