// Cells hold one displayed character each; wide ones take two, and nothing is drawn outside.
#include "views/screen/canvas.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/display.hpp"
#include "views/look/pictures.hpp"

namespace ckptscope {
namespace {

/// Lines as what is like them, other characters as display() would write what cannot be shown.
std::string ascii_of(std::string_view character) {
  if (const std::string_view plain = plain_of(character); !plain.empty()) return std::string(plain);
  unsigned scalar = static_cast<unsigned char>(character.front());
  scalar &= character.size() == 2 ? 0x1Fu : character.size() == 3 ? 0x0Fu : 0x07u;
  for (const char byte : character.substr(1)) {
    scalar = scalar << 6 | (static_cast<unsigned char>(byte) & 0x3Fu);
  }
  return fmt::format("\\u{{{:x}}}", scalar);
}

}  // namespace

Canvas::Canvas(int rows, int columns, bool ascii)
    : rows_(std::max(0, rows)),
      columns_(std::max(0, columns)),
      ascii_(ascii),
      cells_(static_cast<std::size_t>(rows_) * static_cast<std::size_t>(columns_)) {}

int Canvas::put(int row, int column, std::string_view text, Role role, int width) {
  const int end = std::min(columns_, column + std::max(0, width));
  if (row < 0 || row >= rows_ || column < 0) return column;
  while (!text.empty()) {
    const std::string_view character = text.substr(0, character_bytes(text));
    text.remove_prefix(character.size());
    const bool plain = character.size() == 1;
    const int cells = plain ? 1 : width_of(character);
    if (ascii_ && !plain) {
      for (const char c : ascii_of(character)) {
        if (column < end) cells_[index(row, column++)] = {std::string(1, c), role};
      }
      continue;
    }
    if (cells == 0) {  // belongs to the character before it
      int before = column - 1;
      while (before > 0 && cells_[index(row, before)].text.empty()) --before;
      if (before >= 0) cells_[index(row, before)].text += character;
      continue;
    }
    if (column + cells > end) break;
    cells_[index(row, column)] = {std::string(character), role};
    for (int i = 1; i < cells; ++i) cells_[index(row, column + i)] = {"", role};
    column += cells;
  }
  return column;
}

int Canvas::put_line(int row, int column, const Line& line, int width, std::size_t shift) {
  const int end = column + width;
  for (const Span& span : line.spans) {
    const std::size_t out = bytes_that_fit(span.text, shift);
    shift -= std::min(shift, display_width(std::string_view(span.text).substr(0, out)));
    column = put(row, column, std::string_view(span.text).substr(out), span.role, end - column);
  }
  return column;
}

void Canvas::put_right(int row, int end, std::string_view text, Role role) {
  const int width = width_of(text);
  put(row, std::max(0, end - width), text, role, width);
}

void Canvas::paint_part(int row, int column, std::string_view text, std::size_t first,
                        std::size_t behind, Role role) {
  paint({row, column + width_of(text.substr(0, first)), 1,
         width_of(text.substr(first, behind - first))},
        role);
}

void Canvas::paint(const Rect& area, Role role) {
  const int last_row = std::min(rows_, area.row + area.rows);
  const int last_column = std::min(columns_, area.column + area.columns);
  for (int row = std::max(0, area.row); row < last_row; ++row) {
    for (int column = std::max(0, area.column); column < last_column; ++column) {
      cells_[index(row, column)].role = role;
    }
  }
}

const Zone* Canvas::zone_at(int row, int column) const {
  const auto found = std::find_if(zones_.rbegin(), zones_.rend(), [&](const Zone& zone) {
    const Rect& area = zone.area;
    return row >= area.row && row < area.row + area.rows && column >= area.column &&
           column < area.column + area.columns;
  });
  return found == zones_.rend() ? nullptr : &*found;
}

std::string Canvas::to_text() const {
  std::string text;
  for (int row = 0; row < rows_; ++row) {
    std::string line;
    for (int column = 0; column < columns_; ++column) line += at(row, column).text;
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

void draw_rule(Canvas& canvas, const Rect& area, std::span<const RuleText> texts,
               std::span<const int> at, std::string_view junction) {
  for (int i = 0; i < area.columns; ++i) {
    canvas.put(area.row, area.column + i, "─", Role::Faint);
  }
  for (const int column : at) canvas.put(area.row, column, junction, Role::Faint);
  for (const RuleText& one : texts) {
    canvas.put(area.row, one.column - 1, " " + one.text + " ", Role::Title,
               area.column + area.columns - one.column + 1);
  }
}

void draw_divider(Canvas& canvas, const Rect& area) {
  for (int i = 0; i < area.rows; ++i) canvas.put(area.row + i, area.column, "│", Role::Faint);
}

}  // namespace ckptscope
