// Figures follow from moments and counts of codes.
#include "core/figures/figure.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace ckptscope {
namespace {

double part(std::uint64_t of, std::uint64_t whole) {
  return static_cast<double>(of) / static_cast<double>(whole);
}

std::uint64_t signature_of(const Moments& moments) {
  std::uint64_t signature = moments.count;
  const auto mix = [&](std::uint64_t bits) {
    signature = (signature ^ bits) * 0x9E3779B97F4A7C15ull;  // 2^64 / the golden ratio, odd
    signature ^= signature >> 32;
  };
  for (const double one :
       {moments.sum.value(), moments.squares.value(), moments.least, moments.most}) {
    mix(std::bit_cast<std::uint64_t>(one));
  }
  mix(moments.zeros);
  mix(moments.negative_zeros);
  mix(moments.nans);
  return signature;
}

Figures figures_of(const Moments& moments) {
  Figures figures;
  figures.signature = signature_of(moments);
  figures.known = true;
  if (moments.count == 0) return figures;
  if (moments.zeros == moments.count) figures.peculiar = Peculiar::Zeros;
  if (moments.nans + moments.infinities > 0) figures.peculiar = Peculiar::NotFinite;
  figures.values[kZeros] = part(moments.zeros, moments.count);
  if (moments.finite() == 0) return figures;
  figures.values[kStd] = moments.deviation();
  figures.values[kAbsMax] = moments.largest();
  figures.values[kMean] = moments.mean();
  return figures;
}

/// By powers of two.
double median_exponent(const ScaleStats& scales) {
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < scales.powers.size(); ++i) {
    below += scales.powers[i];
    if (scales.powers[i] > 0 && 2 * below >= scales.count) return static_cast<double>(i) - 256;
  }
  return std::nan("");
}

}  // namespace

Figures figures_of(const TensorStats& stats) {
  Figures figures = figures_of(stats.moments);
  if (stats.codes && stats.moments.count > 0) {
    figures.values[kSaturated] = part(stats.codes->saturated, stats.moments.count);
  }
  if (stats.scales) figures.values[kScale] = median_exponent(*stats.scales);
  return figures;
}

Figures figures_of(const ExpertStats& expert, bool packed) {
  Figures figures = figures_of(expert.moments);
  if (packed && expert.moments.count > 0) {
    figures.values[kSaturated] = part(expert.saturated, expert.moments.count);
  }
  return figures;
}

Figures figures_of(const ValueDistance& distance) {
  Figures figures;
  figures.known = true;
  if (distance.equal()) figures.peculiar = Peculiar::Equal;
  if (distance.unbounded > 0) {
    figures.peculiar = Peculiar::NotFinite;
    return figures;
  }
  figures.values[kRelativeL2] = distance.relative_l2();
  if (distance.noise > 0) figures.values[kSqnr] = distance.sqnr();
  return figures;
}

double deviation_of(const ExpertStats& expert) {
  if (expert.moments.count == 0) return std::nan("");
  return expert.moments.finite() == 0 ? 0 : expert.moments.deviation();
}

std::vector<double> expert_scores(std::span<const ExpertStats> experts) {
  std::vector<double> deviations;
  for (const ExpertStats& one : experts) deviations.push_back(deviation_of(one));
  return odd_scores(deviations, Scale::Factors);
}

std::vector<double> values_of(std::span<const Figures> sets, std::size_t kind) {
  std::vector<double> values;
  for (const Figures& one : sets) values.push_back(one.values[kind]);
  return values;
}

Figures medians_of(std::span<const Figures> sets) {
  Figures middle;
  for (std::size_t kind = 0; kind < kFigures; ++kind) {
    middle.values[kind] = median(values_of(sets, kind));
  }
  middle.known = std::any_of(sets.begin(), sets.end(), [](const Figures& f) { return f.known; });
  const bool dead = std::all_of(sets.begin(), sets.end(), [](const Figures& f) {
    return f.peculiar == Peculiar::Zeros || !f.known;
  });
  if (middle.known && dead) middle.peculiar = Peculiar::Zeros;
  return middle;
}

}  // namespace ckptscope
