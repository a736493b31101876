// A page of text that scrolls both ways.
#include "views/screen/page_view.hpp"

#include <algorithm>

namespace ckptscope {
namespace {

/// What is left of a text when its first cells are scrolled out.
std::string_view shifted(std::string_view text, std::size_t cells) {
  while (cells-- > 0 && !text.empty()) {
    text.remove_prefix(character_bytes(text));
  }
  return text;
}

}  // namespace

std::size_t page_rows(const Rect& body) {
  return static_cast<std::size_t>(std::max(1, body.rows - 2));
}

void draw_page(const PageView& view, Canvas& canvas, const Rect& body) {
  const std::vector<RuleText> heading{{2, fitted(view.heading, body.columns - 6)}};
  draw_rule(canvas, {body.row, 0, 1, body.columns}, heading);
  draw_rule(canvas, {body.row + body.rows - 1, 0, 1, body.columns});
  const std::size_t rows = page_rows(body);
  for (std::size_t i = 0; i < rows && view.cursor.top + i < view.lines.size(); ++i) {
    const PageLine& line = view.lines[view.cursor.top + i];
    const int row = body.row + 1 + static_cast<int>(i);
    const bool selected = view.shows_cursor && view.cursor.top + i == view.cursor.cursor;
    if (selected) canvas.put(row, 0, ">", Role::Title);
    const std::string_view text = shifted(line.text, view.shift);
    canvas.put(row, 1, text, line.role, body.columns - 2);
    const bool cut = width_of(text) > body.columns - 2;
    if (cut) canvas.put(row, body.columns - 1, "~", Role::Faint);
    if (selected) canvas.paint({row, 0, 1, body.columns}, Role::Selected);
  }
}

}  // namespace ckptscope
