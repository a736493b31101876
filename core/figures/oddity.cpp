// The median and the median absolute deviation.
#include "core/figures/oddity.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ckptscope {
namespace {

constexpr std::size_t kLeastFigures = 5;
constexpr double kNormal = 1.4826;     // 1 / the upper quartile of the standard normal distribution
constexpr double kLeastSpread = 0.01;  // of the median

void leave_out_nan(std::vector<double>& figures) {
  std::erase_if(figures, [](double one) { return std::isnan(one); });
}

/// On the scale of factors their logarithms; NaN for what is no usual value.
std::vector<double> measured(std::span<const double> figures, Scale scale) {
  std::vector<double> result(figures.begin(), figures.end());
  if (scale == Scale::Differences) return result;
  for (double& one : result) one = one > 0 ? std::log(one) : std::nan("");
  return result;
}

}  // namespace

double median(std::vector<double> figures) {
  return quantile(std::move(figures), 0.5);
}

double quantile(std::vector<double> figures, double share) {
  leave_out_nan(figures);
  if (figures.empty()) return std::nan("");
  std::sort(figures.begin(), figures.end());
  const double place = share * static_cast<double>(figures.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, figures.size() - 1);
  return std::lerp(figures[below], figures[above], place - static_cast<double>(below));
}

std::vector<double> odd_scores(std::span<const double> figures, Scale scale) {
  const std::vector<double> values = measured(figures, scale);
  std::vector<double> usual = values;
  std::erase_if(usual, [](double one) { return !std::isfinite(one); });
  const bool told = usual.size() >= kLeastFigures;
  const double middle = median(usual);
  for (double& one : usual) one = std::fabs(one - middle);
  const double least =
      scale == Scale::Factors ? std::log1p(kLeastSpread) : kLeastSpread * std::fabs(middle);
  const double spread =
      std::max({kNormal * median(usual), least, std::numeric_limits<double>::min()});
  std::vector<double> scores;
  for (std::size_t i = 0; i < figures.size(); ++i) {
    if (std::isnan(figures[i])) {
      scores.push_back(std::nan(""));
    } else if (!told) {
      scores.push_back(0);
    } else if (std::isnan(values[i])) {
      scores.push_back(-std::numeric_limits<double>::infinity());
    } else {
      scores.push_back((values[i] - middle) / spread);
    }
  }
  return scores;
}

bool can_tell(std::span<const double> figures, Scale scale) {
  const std::vector<double> values = measured(figures, scale);
  const auto usual =
      std::count_if(values.begin(), values.end(), [](double one) { return std::isfinite(one); });
  return static_cast<std::size_t>(usual) >= kLeastFigures;
}

std::vector<std::size_t> odd_places(std::span<const double> scores) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (std::fabs(scores[i]) > kOddScore) places.push_back(i);
  }
  std::stable_sort(places.begin(), places.end(), [&](std::size_t a, std::size_t b) {
    return std::fabs(scores[a]) > std::fabs(scores[b]);
  });
  return places;
}

}  // namespace ckptscope
