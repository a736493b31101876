// One tensor after the other over all layers and experts, as pictures and as a list of what stands
// out.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/figures/trends.hpp"
#include "core/figures/twins.hpp"
#include "views/document/document.hpp"

namespace ckptscope {

/// Trends of at least this many layers are pictures.
inline constexpr std::size_t kLeastLayers = 3;

bool is_picture(const Trend& trend);
bool has_pictures(std::span<const Trend> trends);

/// A sparkline a name; of a single name all of its figures, a chart of figure number `kind` of the
/// table of figures, and a heat map where it has experts; then what stands out in that figure.
/// Layers and experts are told apart by numbers in keys, see place_in_model().
/// `twins` are of `trends`.
void add_trends(Document& document, std::span<const Trend> trends, std::span<const Twin> twins,
                std::size_t kind, Audience audience);

/// Tensors that stand out in a figure, the farthest first, each once; not for zeros alone.
std::vector<std::string> odd_keys(std::span<const Trend> trends, std::size_t kind);

/// `twins` are of this trend.
HeatMap heat_map_of(const Trend& trend, std::size_t kind, std::span<const Twin> twins);
/// Those of one of the trends.
std::vector<Twin> twins_of(const Trend& trend, std::span<const Trend> trends,
                           std::span<const Twin> twins);

}  // namespace ckptscope
