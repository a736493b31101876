// Distances are of factors, and the median leaves dead experts out: half of them dead is no reason
// to call the others odd.
#include "core/inspect/expert_figures.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ckptscope {

double deviation_of(const ExpertStats& expert) {
  return expert.moments.finite() == 0 ? 0 : expert.moments.deviation();
}

double median_of(std::span<const ExpertStats> experts, const ExpertFigure& figure) {
  std::vector<double> known;
  for (const ExpertStats& expert : experts) {
    const double value = figure(expert);
    if (value > 0) known.push_back(value);
  }
  if (known.empty()) return 0;
  const auto middle = known.begin() + static_cast<std::ptrdiff_t>(known.size() / 2);
  std::nth_element(known.begin(), middle, known.end());
  return *middle;
}

double distance_from(double median, double value) {
  return value > 0 ? std::fabs(std::log(value / median)) : std::numeric_limits<double>::infinity();
}

std::vector<std::size_t> by_oddity(std::span<const ExpertStats> experts) {
  const double median = median_of(experts, deviation_of);
  std::vector<double> distances;
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < experts.size(); ++i) {
    distances.push_back(distance_from(median, deviation_of(experts[i])));
    if (experts[i].moments.count > 0) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return distances[a] > distances[b]; });
  return order;
}

}  // namespace ckptscope
