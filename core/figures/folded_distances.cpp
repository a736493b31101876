// One pass over the pairs, then an order.
#include "core/figures/folded_distances.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "core/figures/trends.hpp"

namespace ckptscope {
namespace {

constexpr std::uint64_t kMostLayers = 10'000;

void add_layer(FoldedDistance& fold, std::uint64_t layer, double distance) {
  if (fold.by_layer.empty()) fold.first_layer = layer;
  if (layer < fold.first_layer) {
    fold.by_layer.insert(fold.by_layer.begin(), fold.first_layer - layer, std::nan(""));
    fold.first_layer = layer;
  }
  const std::uint64_t place = layer - fold.first_layer;
  if (place >= kMostLayers) return;
  if (fold.by_layer.size() <= place) fold.by_layer.resize(place + 1, std::nan(""));
  double& most = fold.by_layer[place];
  if (std::isnan(most) || distance > most) most = distance;
}

}  // namespace

bool is_farther(const ValueDistance& a, const ValueDistance& b) {
  if ((a.unbounded > 0) != (b.unbounded > 0)) return a.unbounded > 0;
  if (a.unbounded > 0) return a.unbounded > b.unbounded;
  return a.relative_l2() > b.relative_l2();
}

std::vector<std::size_t> by_damage(std::span<const ValueDistance> distances) {
  std::vector<std::size_t> order(distances.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return is_farther(distances[a], distances[b]);
  });
  return order;
}

std::vector<FoldedDistance> fold_distances(std::span<const ValuePair> pairs,
                                           std::span<const ValueDistance> distances) {
  std::vector<FoldedDistance> folds;
  std::map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const auto place = place_in_model(pairs[i].key);
    const std::string& name = place ? place->name : pairs[i].key;
    const auto [at, is_new] = places.try_emplace(name, folds.size());
    if (is_new) {
      folds.emplace_back().name = name;
      folds.back().farthest = i;
    }
    FoldedDistance& fold = folds[at->second];
    const ValueDistance& one = distances[i];
    ++fold.tensors;
    fold.different += one.equal() ? 0 : 1;
    fold.unbounded += one.unbounded;
    const ValueDistance& most = distances[fold.farthest];
    const bool first_bounded = one.unbounded == 0 && most.unbounded > 0;
    if (first_bounded || (one.unbounded == 0 && is_farther(one, most))) fold.farthest = i;
    const double cosine = one.cosine();
    if (cosine < fold.least_cosine) fold.least_cosine = cosine;
    if (place) add_layer(fold, place->layer, one.unbounded > 0 ? std::nan("") : one.relative_l2());
  }
  std::stable_sort(folds.begin(), folds.end(),
                   [&](const FoldedDistance& a, const FoldedDistance& b) {
                     if ((a.unbounded > 0) != (b.unbounded > 0)) return a.unbounded > 0;
                     return is_farther(distances[a.farthest], distances[b.farthest]);
                   });
  return folds;
}

}  // namespace ckptscope
