// Experts that are copies of each other.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/base/progress.hpp"
#include "core/checkpoint/checkpoint.hpp"
#include "core/figures/trends.hpp"
#include "core/inspect/stats.hpp"

namespace ckptscope {

/// An expert whose bytes, scales too, are those of an earlier one of its layer.
struct Twin {
  std::size_t trend = 0;  // places: of the trend, of the layer in it, of the experts
  std::size_t layer = 0;
  std::size_t expert = 0;
  std::size_t of = 0;
};

/// Experts of equal figures are read and compared; dead ones are not told of. `trends` are of
/// `items`. Throws what reading throws, and Interrupted.
std::vector<Twin> find_twins(const Checkpoint& checkpoint, std::span<const StatsItem> items,
                             std::span<const Trend> trends, Progress& progress);

}  // namespace ckptscope
