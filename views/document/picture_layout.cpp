// Cells in the middle, names around them.
#include "views/document/picture_layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/base/display.hpp"
#include "views/document/figures.hpp"
#include "views/look/pictures.hpp"

namespace ckptscope {
namespace {

constexpr std::size_t kUsualWidth = 120;  // where nobody says how wide it may be
constexpr std::size_t kLeastCells = 8;
constexpr std::size_t kChartRows = 8;

std::size_t room_of(const LineStyle& style, std::size_t margin) {
  const std::size_t width = style.width == 0 ? kUsualWidth : style.width;
  return width > margin + kLeastCells ? width - margin : kLeastCells;
}

void take_title(const std::string& title, const LineStyle& style,
                const std::function<void(Line)>& take) {
  const int width = style.width == 0 ? 1 << 20 : static_cast<int>(style.width);
  for (const std::string& part : wrapped(display(title), width)) take(Line(part, Role::Title));
}

}  // namespace

std::size_t heat_margin(const HeatMap& map) {
  std::size_t cells = display_width(map.row_kind);
  for (const std::string& name : map.rows) cells = std::max(cells, display_width(name));
  return cells + 2;
}

Line heat_scale(const HeatMap& map, std::size_t margin, std::size_t each, std::size_t cells) {
  Line line;
  line.add(map.row_kind, Role::Faint).pad_to(margin);
  std::size_t at = 0;  // first cell that is free
  for (std::size_t i = 0; i < map.columns.size(); i += each) {
    const std::size_t cell = i / each;
    const std::size_t width = display_width(map.columns[i]);
    if (cell < at || cell % 8 != 0 || cell + width > cells) continue;
    line.pad_to(margin + cell).add(map.columns[i], Role::Faint);
    at = cell + width + 1;
  }
  return line.add("   " + map.column_kind, Role::Faint);
}

void layout_heat_map(const HeatMap& map, const LineStyle& style,
                     const std::function<void(Line)>& take) {
  const std::size_t margin = heat_margin(map);
  const std::size_t count = map.columns.size();
  const std::size_t room = room_of(style, margin);
  const std::size_t each = per_cell(count, room, style.colored);
  take_title(map.title, style, take);
  Line scale = heat_scale(map, margin, each, room);
  if (style.width > 0 && scale.width() > style.width) scale = heat_scale(map, margin, each, 1);
  if (style.width == 0 || scale.width() <= style.width) take(std::move(scale));
  const std::span<const double> scores(map.scores);
  const std::span<const Peculiar> peculiar(map.peculiar);
  for (std::size_t row = 0; row < map.rows.size(); ++row) {
    Line line;
    const std::string& name = map.rows[row];
    line.add(std::string(margin - 2 - display_width(name), ' ') + name + "  ", Role::Faint);
    take(line.append(
        heat_cells({scores.subspan(row * count, count), peculiar.subspan(row * count, count)}, room,
                   style.colored)));
  }
  std::string of = map.legend;
  if (each > 2 || (each == 2 && !style.colored)) {
    of += fmt::format("{}a cell is the farthest of {}", of.empty() ? "" : "; ", each);
  }
  const Line legend = heat_legend(of);
  if (style.width == 0 || legend.width() <= style.width) return take(legend);
  Line line;
  for (const Line& one : heat_signs()) {
    if (line.width() + one.width() > style.width) take(std::exchange(line, Line()));
    line.append(one);
  }
  take(std::move(line));
  for (const std::string& part : wrapped(of, static_cast<int>(style.width) - 2)) {
    take(Line("  " + part, Role::Faint));
  }
}

void layout_chart(const Chart& chart, const LineStyle& style,
                  const std::function<void(Line)>& take) {
  take_title(chart.title, style, take);
  Bounds bounds;
  for (const auto* values : {&chart.values, &chart.low, &chart.high}) bounds.add(*values);
  if (!bounds.known()) return take(Line("  nothing to draw", Role::Faint));
  const std::string top = real(bounds.most);
  const std::string bottom = real(bounds.least);
  const std::size_t margin = 2 + std::max(top.size(), bottom.size()) + 2;
  const std::size_t columns = std::min(room_of(style, margin), chart.places.size());
  BrailleChart dots(kChartRows, columns, bounds.least, bounds.most);
  for (std::size_t i = 0; i < chart.values.size(); ++i) {
    if (!chart.low.empty()) dots.bar(i, chart.values.size(), chart.low[i], chart.high[i]);
    dots.dot(i, chart.values.size(), chart.values[i]);
  }
  const std::vector<std::string> rows = dots.rows();
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const std::string label = row == 0 ? top : row + 1 == rows.size() ? bottom : "";
    Line line;
    line.add(std::string(margin - 2 - label.size(), ' ') + label + "  ", Role::Faint);
    take(line.add(rows[row], Role::Bar));
  }
  Line places;
  places.add(std::string(margin, ' ') + chart.places.front(), Role::Faint);
  const std::size_t last = margin + columns - std::min(columns, chart.places.back().size());
  if (places.width() < last) places.pad_to(last).add(chart.places.back(), Role::Faint);
  const std::string kind = "  " + chart.place_kind;
  if (style.width == 0 || places.width() + kind.size() <= style.width)
    places.add(kind, Role::Faint);
  take(std::move(places));
}

}  // namespace ckptscope
