// Work is dealt out by what it costs, so that every rank finds the same shares by itself.
#include "core/ranks/ranks.hpp"

#include <algorithm>
#include <numeric>

#include "core/base/display.hpp"
#include "core/base/error.hpp"

namespace ckptscope {

std::vector<std::string> Ranks::exchange(std::string mine, const Progress&) {
  return {std::move(mine)};
}

Ranks& this_process() {
  static Ranks ranks;
  return ranks;
}

std::vector<std::size_t> deal(std::span<const std::uint64_t> costs, std::size_t ranks) {
  std::vector<std::size_t> longest_first(costs.size());
  std::iota(longest_first.begin(), longest_first.end(), std::size_t{0});
  std::stable_sort(longest_first.begin(), longest_first.end(),
                   [&](std::size_t a, std::size_t b) { return costs[a] > costs[b]; });
  std::vector<std::uint64_t> load(std::min(ranks, costs.size()));
  std::vector<std::size_t> rank_of(costs.size());
  for (const std::size_t item : longest_first) {
    const auto least = std::min_element(load.begin(), load.end());
    *least += costs[item];
    rank_of[item] = static_cast<std::size_t>(least - load.begin());
  }
  return rank_of;
}

std::vector<std::size_t> deal_in_order(std::span<const std::uint64_t> costs, std::size_t ranks) {
  const double all = std::accumulate(costs.begin(), costs.end(), 0.0);
  std::vector<std::size_t> rank_of(costs.size());
  double before = 0;
  for (std::size_t i = 0; i < costs.size(); ++i) {
    const double middle = before + static_cast<double>(costs[i]) / 2;
    const double share = all == 0 ? 0 : middle / all * static_cast<double>(ranks);
    rank_of[i] = std::min(static_cast<std::size_t>(share), ranks - 1);
    before += static_cast<double>(costs[i]);
  }
  return rank_of;
}

void agree(Ranks& ranks, std::string_view what, const std::function<std::string()>& see,
           const Progress& progress) {
  if (ranks.is_one()) return;
  const std::vector<std::string> all = ranks.exchange(see(), progress);
  const auto other =
      std::find_if(all.begin(), all.end(), [&](const std::string& one) { return one != all[0]; });
  if (other == all.end()) return;
  fail(Code::Mismatch, "rank {} sees another {}: {}, rank 0 sees {}", other - all.begin(), what,
       display(*other), display(all[0]));
}

}  // namespace ckptscope
