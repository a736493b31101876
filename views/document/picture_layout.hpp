// Heat maps and charts as lines of at most so many cells.
#pragma once

#include <functional>

#include "views/document/line_renderer.hpp"

namespace ckptscope {

/// Cells that the name of a row takes before its first cell.
std::size_t heat_margin(const HeatMap& map);
/// The row above the cells that says which column is where, from cell `margin` on.
Line heat_scale(const HeatMap& map, std::size_t margin, std::size_t each, std::size_t cells);

void layout_heat_map(const HeatMap& map, const LineStyle& style,
                     const std::function<void(Line)>& take);
void layout_chart(const Chart& chart, const LineStyle& style,
                  const std::function<void(Line)>& take);

}  // namespace ckptscope
