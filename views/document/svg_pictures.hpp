// Bars, lines and maps as SVG for a page of HTML. Colours are the page's classes.
#pragma once

#include <span>
#include <string>

#include "views/document/document.hpp"

namespace ckptscope {

/// A part of 1 as a bar.
std::string svg_bar(double part);
/// One value after the other as a line; NaN breaks it.
std::string svg_spark(std::span<const double> values);
std::string svg_chart(const Chart& chart);
/// Usual cells are the background, the others a path a level, so that a map of tens of thousands of
/// cells stays small; those that stand out say their value when the pointer is on them.
std::string svg_heat_map(const HeatMap& map);
/// What its colours mean.
std::string svg_heat_key();

}  // namespace ckptscope
