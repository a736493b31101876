// Rows scroll; columns share cells where they do not fit, as in text.
#include "views/screen/heat_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/base/display.hpp"
#include "core/figures/oddity.hpp"
#include "views/document/figures.hpp"
#include "views/document/picture_layout.hpp"
#include "views/look/pictures.hpp"

namespace ckptscope {
namespace {

constexpr int kLegendRows = 1;

std::size_t shown_rows(const Rect& body) {
  return static_cast<std::size_t>(std::max(1, body.rows - 3 - kLegendRows));
}

/// Cells before the first one of a row: its name, and a blank on either side.
std::size_t margin_of(const HeatMap& map) {
  std::size_t cells = 0;
  for (const std::string& name : map.rows) cells = std::max(cells, display_width(name));
  return cells + 3;
}

std::size_t shown_cells(const HeatMap& map, const Rect& body) {
  const std::size_t margin = margin_of(map);
  const auto columns = static_cast<std::size_t>(std::max(0, body.columns));
  return columns > margin + 8 ? columns - margin : 8;
}

std::size_t moved(std::size_t from, std::ptrdiff_t by, std::size_t size) {
  const auto last = static_cast<std::ptrdiff_t>(size) - 1;
  return static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(from) + by,
                                                             0, std::max<std::ptrdiff_t>(0, last)));
}

/// The first of `page` rows, so that `at` is one of them.
std::size_t scrolled(std::size_t first, std::size_t at, std::size_t page) {
  if (at < first) return at;
  return at >= first + page ? at - page + 1 : first;
}

bool is_odd(const HeatMap& map, std::size_t cell) {
  const Mark mark = mark_of(map.scores[cell], map.peculiar[cell]);
  return mark == Mark::Above || mark == Mark::Below ||
         (mark != Mark::Equal && !text_of(mark).empty());
}

}  // namespace

void move_heat(HeatState& state, std::ptrdiff_t rows, std::ptrdiff_t columns, const Rect& body) {
  state.row = moved(state.row, rows, state.map->rows.size());
  state.column = moved(state.column, columns, state.map->columns.size());
  state.top = scrolled(state.top, state.row, shown_rows(body));
}

bool go_to_odd(HeatState& state, bool forward, const Rect& body) {
  const HeatMap& map = *state.map;
  const std::size_t columns = map.columns.size();
  const std::size_t count = map.scores.size();
  const std::size_t here = state.row * columns + state.column;
  for (std::size_t i = 1; i <= count; ++i) {
    const std::size_t at = (forward ? here + i : here + count - i) % count;
    if (!is_odd(map, at)) continue;
    state.row = at / columns;
    state.column = at % columns;
    move_heat(state, 0, 0, body);
    return true;
  }
  return false;
}

std::string heat_text(const HeatState& state) {
  const HeatMap& map = *state.map;
  const std::size_t cell = state.row * map.columns.size() + state.column;
  std::string text = fmt::format("{} {}, {} {}: ", map.row_kind, map.rows[state.row],
                                 map.column_kind, map.columns[state.column]);
  const std::string said(text_of(mark_of(map.scores[cell], map.peculiar[cell])));
  if (std::isnan(map.values[cell])) return text + (said.empty() ? "nothing" : said);
  text += real(map.values[cell]);
  if (!said.empty()) return text + ", " + said;
  if (!std::isfinite(map.scores[cell])) return text;
  return text + fmt::format(", {:+.1f} spreads", map.scores[cell]);
}

namespace {

/// Names of every eighth column, those that fit.
void draw_column_names(const HeatMap& map, std::size_t each, Canvas& canvas, const Rect& area) {
  int end = 0;  // of the name before
  for (std::size_t c = 0; c < map.columns.size(); c += 8) {
    const int at = static_cast<int>(c / each);
    const int width = static_cast<int>(display_width(map.columns[c]));
    if ((c > 0 && at <= end) || at + width >= area.columns) continue;
    canvas.put(area.row, area.column + at, map.columns[c], Role::Faint);
    end = at + width;
  }
}

void draw_row(const HeatState& state, std::size_t r, std::size_t each, bool colored, Canvas& canvas,
              const Rect& area) {
  const HeatMap& map = *state.map;
  const std::size_t count = map.columns.size();
  const std::size_t first = r * count;
  canvas.put_right(area.row, area.column - 2, map.rows[r],
                   r == state.row ? Role::Title : Role::Faint);
  const HeatRow cells{std::span(map.scores).subspan(first, count),
                      std::span(map.peculiar).subspan(first, count)};
  canvas.put_line(area.row, area.column,
                  heat_cells(cells, static_cast<std::size_t>(area.columns), colored), area.columns);
  for (std::size_t c = 0; c < count; c += each) {
    const int column = area.column + static_cast<int>(c / each);
    const std::size_t shown = farthest_of(cells, c, std::min(c + each, count));
    canvas.add_zone({Zone::Kind::HeatCell, {area.row, column, 1, 1}, first + shown});
  }
  if (r != state.row) return;
  const int cursor = area.column + static_cast<int>(state.column / each);
  canvas.paint({area.row, cursor, 1, 1}, Role::Selected);
}

}  // namespace

void draw_heat(const HeatState& state, bool colored, Canvas& canvas, const Rect& body) {
  const HeatMap& map = *state.map;
  const int margin = static_cast<int>(margin_of(map));
  const std::size_t cells = shown_cells(map, body);
  const std::size_t each = per_cell(map.columns.size(), cells, colored);
  std::string title =
      fmt::format("{}   {} by {}", display(map.title), map.row_kind, map.column_kind);
  if (each > 1) title += fmt::format(", {} a cell, the farthest is shown", each);
  const std::vector<RuleText> heading{{2, fitted(title, body.columns - 6)}};
  draw_rule(canvas, {body.row, 0, 1, body.columns}, heading);
  const int width = static_cast<int>(cells);
  draw_column_names(map, each, canvas, {body.row + 1, margin, 1, width});
  const std::size_t end = std::min(map.rows.size(), state.top + shown_rows(body));
  for (std::size_t r = state.top; r < end; ++r) {
    const int row = body.row + 2 + static_cast<int>(r - state.top);
    draw_row(state, r, each, colored, canvas, {row, margin, 1, width});
  }
  Line legend = heat_legend(map.legend);
  if (legend.width() > static_cast<std::size_t>(body.columns)) legend = heat_legend("");
  canvas.put_line(body.row + body.rows - 1 - kLegendRows, 0, legend, body.columns);
  draw_rule(canvas, {body.row + body.rows - 1, 0, 1, body.columns});
}

}  // namespace ckptscope
