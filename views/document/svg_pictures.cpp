// Coordinates are places and cells; the viewBox scales them.
#include "views/document/svg_pictures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/base/display.hpp"
#include "views/document/figures.hpp"
#include "views/document/html_renderer.hpp"
#include "views/look/pictures.hpp"

namespace ckptscope {
namespace {

/// From 0 at the top to `height` at the bottom.
double place_in(const Bounds& bounds, double value, double height) {
  return bounds.most > bounds.least ? height * (bounds.most - value) / (bounds.most - bounds.least)
                                    : height / 2;
}

/// "M0 3.2L1 4.5": one piece a run of numbers. A run of one is a short stroke.
std::string line_path(std::span<const double> values, const Bounds& bounds, double height) {
  std::string path;
  bool on = false;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool number = std::isfinite(values[i]);
    if (number) {
      path += fmt::format("{}{} {:.2f}", on ? 'L' : 'M', i, place_in(bounds, values[i], height));
      const bool alone = !on && (i + 1 == values.size() || !std::isfinite(values[i + 1]));
      if (alone) path += "h.5";
    }
    on = number;
  }
  return path;
}

std::string band_path(const Chart& chart, const Bounds& bounds, double height) {
  std::string there;
  std::string back;
  for (std::size_t i = 0; i < chart.low.size(); ++i) {
    if (!std::isfinite(chart.low[i]) || !std::isfinite(chart.high[i])) continue;
    there += fmt::format("{}{} {:.2f}", there.empty() ? 'M' : 'L', i,
                         place_in(bounds, chart.high[i], height));
    back = fmt::format("L{} {:.2f}", i, place_in(bounds, chart.low[i], height)) + back;
  }
  return there.empty() ? "" : there + back + "z";
}

}  // namespace

std::string svg_bar(double part) {
  return fmt::format(
      "<svg class=\"bar\" viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
      "<rect width=\"{:.2f}\" height=\"8\"/></svg>",
      std::clamp(100 * part, part > 0 ? 0.5 : 0.0, 100.0));
}

std::string svg_spark(std::span<const double> values) {
  Bounds bounds;
  bounds.add(values);
  if (!bounds.known()) return "";
  const std::size_t last = std::max<std::size_t>(1, values.size() - 1);
  return fmt::format(
      "<svg class=\"spark\" viewBox=\"0 -1 {} 12\" preserveAspectRatio=\"none\" "
      "aria-hidden=\"true\"><path d=\"{}\"/></svg>",
      last, line_path(values, bounds, 10));
}

std::string svg_chart(const Chart& chart) {
  constexpr double kHeight = 60;
  Bounds bounds;
  bounds.add(chart.values);
  bounds.add(chart.low);
  bounds.add(chart.high);
  if (!bounds.known()) return "<p>nothing to draw</p>";
  const std::size_t last = std::max<std::size_t>(1, chart.values.size() - 1);
  return fmt::format(
      "<div class=\"chart\"><span>{} at the top, {} at the bottom; {} {} to {}</span>"
      "<svg viewBox=\"0 -1 {} {}\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{}\">"
      "<path class=\"band\" d=\"{}\"/><path class=\"line\" d=\"{}\"/></svg></div>",
      real(bounds.most), real(bounds.least), html_text(chart.place_kind),
      html_text(chart.places.front()), html_text(chart.places.back()), last, kHeight + 2,
      html_text(display(chart.title)), band_path(chart, bounds, kHeight),
      line_path(chart.values, bounds, kHeight));
}

namespace {

constexpr std::array<const char*, kHeatLevels> kClasses{"below2", "below1", "", "above1", "above2"};

/// A cell that says its value when the pointer is on it.
std::string titled_cell(const HeatMap& map, std::size_t cell, Mark mark) {
  const std::size_t x = cell % map.columns.size();
  const std::size_t y = cell / map.columns.size();
  const std::string_view said = text_of(mark);
  const char* const name = !said.empty()         ? "dead"
                           : mark == Mark::Above ? kClasses.back()
                                                 : kClasses.front();
  const std::string text =
      !said.empty() ? std::string(said)
                    : fmt::format("{}, {:+.1f} spreads", real(map.values[cell]), map.scores[cell]);
  return fmt::format(
      "<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"1\" height=\"1\"><title>{} {}, {} {}: "
      "{}</title></rect>",
      name, x, y, html_text(map.row_kind), html_text(map.rows[y]), html_text(map.column_kind),
      html_text(map.columns[x]), text);
}

/// All cells that are not usual.
std::string cells_of(const HeatMap& map) {
  constexpr std::size_t kMostTitles = 400;
  std::array<std::string, kHeatLevels> paths;
  std::string titled;
  std::size_t titles = 0;
  for (std::size_t cell = 0; cell < map.scores.size(); ++cell) {
    const Mark mark = mark_of(map.scores[cell], map.peculiar[cell]);
    const bool off = mark == Mark::Off || mark == Mark::FarOff;
    if (mark == Mark::None || mark == Mark::Usual || mark == Mark::Equal) continue;
    if (!off && (!text_of(mark).empty() || titles < kMostTitles)) {
      ++titles;
      titled += titled_cell(map, cell, mark);
      continue;
    }
    const int level = (off ? 1 : kHeatSteps) * (map.scores[cell] > 0 ? 1 : -1);
    paths[static_cast<std::size_t>(level + kHeatSteps)] +=
        fmt::format("M{} {}h1v1h-1z", cell % map.columns.size(), cell / map.columns.size());
  }
  std::string svg;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (!paths[i].empty())
      svg += fmt::format("<path class=\"{}\" d=\"{}\"/>", kClasses[i], paths[i]);
  }
  return svg + titled;
}

}  // namespace

std::string svg_heat_map(const HeatMap& map) {
  constexpr std::size_t kLabels = 8;  // rows and columns between two that have their name
  const std::size_t columns = map.columns.size();
  std::string svg = fmt::format(
      "<svg class=\"heat\" viewBox=\"-3 -2 {} {}\" style=\"width:{}px\" role=\"img\" "
      "aria-label=\"{}\"><rect class=\"usual\" width=\"{}\" height=\"{}\"/>",
      columns + 4, map.rows.size() + 3, 8 * (columns + 4), html_text(display(map.title)), columns,
      map.rows.size());
  svg += cells_of(map);
  for (std::size_t x = 0; x < columns; x += kLabels) {
    svg += fmt::format("<text x=\"{}\" y=\"-.5\">{}</text>", x, html_text(map.columns[x]));
  }
  for (std::size_t y = 0; y < map.rows.size(); y += kLabels) {
    svg += fmt::format("<text x=\"-2.8\" y=\"{}.9\">{}</text>", y, html_text(map.rows[y]));
  }
  return svg + "</svg>";
}

std::string svg_heat_key() {
  constexpr std::pair<const char*, const char*> kColours[] = {
      {"below2", "far below"}, {"below1", "below"},
      {"usual", "usual"},      {"above1", "above"},
      {"above2", "far above"}, {"dead", "all zeros, a copy, or not finite"}};
  std::string key = "<div class=\"key\">";
  for (const auto& [name, text] : kColours) {
    key += fmt::format(
        "<svg viewBox=\"0 0 1 1\" aria-hidden=\"true\"><rect class=\"{}\" width=\"1\" "
        "height=\"1\"/></svg> {}",
        name, text);
  }
  return key + "</div>";
}

}  // namespace ckptscope
