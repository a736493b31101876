// A page of text that scrolls both ways.
#include "views/screen/page_view.hpp"

#include <algorithm>

namespace ckptscope {

std::size_t page_rows(const Rect& body) {
  return static_cast<std::size_t>(std::max(1, body.rows - 2));
}

void draw_page(const PageView& view, Canvas& canvas, const Rect& body) {
  const std::vector<RuleText> heading{{2, fitted(view.heading, body.columns - 6)}};
  draw_rule(canvas, {body.row, 0, 1, body.columns}, heading);
  draw_rule(canvas, {body.row + body.rows - 1, 0, 1, body.columns});
  const std::size_t rows = page_rows(body);
  for (std::size_t i = 0; i < rows && view.cursor.top + i < view.lines.size(); ++i) {
    const Line& line = view.lines[view.cursor.top + i];
    const int row = body.row + 1 + static_cast<int>(i);
    if (view.shows_cursor) {
      canvas.add_zone(
          {Zone::Kind::Row, {row, 0, 1, body.columns}, view.first + view.cursor.top + i});
    }
    const bool selected = view.shows_cursor && view.cursor.top + i == view.cursor.cursor;
    if (selected) canvas.put(row, 0, ">", Role::Title);
    canvas.put_line(row, 1, line, body.columns - 2, view.shift);
    if (view.highlight != nullptr && view.shift == 0) {
      const std::string text = line.text();
      const auto found = view.highlight->find(text);
      if (found && found->first < found->second) {
        canvas.paint_part(row, 1, text, found->first, found->second, Role::Match);
      }
    }
    const bool cut = line.width() > view.shift + static_cast<std::size_t>(body.columns) - 2;
    if (cut) canvas.put(row, body.columns - 1, "…", Role::Faint);
    if (selected) canvas.paint({row, 0, 1, body.columns}, Role::Selected);
  }
}

}  // namespace ckptscope
