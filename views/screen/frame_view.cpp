// Title, rules, panes and the last line: what every screen has around its body.
#include "views/screen/frame_view.hpp"

#include <algorithm>

namespace ckptscope {
namespace {

constexpr int kLabelColumns = 9;
constexpr std::size_t kMostCandidates = 8;

/// "[1 Keys] 2 Mapping": at the right end; only the current one where there is little room.
void draw_screens(const Frame& frame, Canvas& canvas) {
  int width = 0;
  for (const std::string& name : frame.screens) width += width_of(name) + 2;
  const bool all = width + 12 <= canvas.columns();
  int column = canvas.columns() - (all ? width : width_of(frame.screens[frame.current]) + 2);
  canvas.put(0, 1, fitted(frame.title, column - 2), Role::Title);
  for (std::size_t i = 0; i < frame.screens.size(); ++i) {
    const bool current = i == frame.current;
    if (!all && !current) continue;
    const std::string text = current ? "[" + frame.screens[i] + "]" : " " + frame.screens[i] + " ";
    canvas.add_zone({Zone::Kind::Screen, {0, column, 1, width_of(text)}, i});
    column = canvas.put(0, column, text, current ? Role::Title : Role::Faint);
  }
}

/// Pieces of a line, three blanks between them: where there is no room those in the middle leave,
/// from the right; the first two and the last one stay longest.
std::string summary_for(std::string text, int columns) {
  constexpr std::string_view kGap = "   ";
  while (width_of(text) > columns) {
    const std::size_t last = text.rfind(kGap);
    const std::size_t before =
        last == text.npos || last == 0 ? text.npos : text.rfind(kGap, last - 1);
    const std::size_t first = text.find(kGap);
    if (before == text.npos || before <= first) break;
    text.erase(before, last - before);
  }
  return fitted(text, columns);
}

void draw_hints(const std::vector<Hint>& hints, int row, Canvas& canvas) {
  const auto width = [](const Hint& hint) {
    return width_of(hint.key) + 1 + width_of(hint.what) + 2;
  };
  const std::size_t fixed = std::min<std::size_t>(2, hints.size());
  int room = canvas.columns() - 1;
  for (std::size_t i = hints.size() - fixed; i < hints.size(); ++i) room -= width(hints[i]);
  int column = 1;
  const auto draw = [&](const Hint& hint) {
    canvas.add_zone({Zone::Kind::Hint, {row, column, 1, width(hint) - 1}, 0, hint.key});
    column = canvas.put(row, column, hint.key, Role::Title);
    column = canvas.put(row, column + 1, hint.what, Role::Faint) + 2;
  };
  for (std::size_t i = 0; i + fixed < hints.size(); ++i) {
    if (width(hints[i]) > room) break;
    room -= width(hints[i]);
    draw(hints[i]);
  }
  for (std::size_t i = hints.size() - fixed; i < hints.size(); ++i) draw(hints[i]);
}

}  // namespace

Rect frame_body(int rows, int columns) {
  return {2, 0, rows - 4, columns};
}

Rect draw_frame(const Frame& frame, Canvas& canvas) {
  draw_screens(frame, canvas);
  canvas.put(1, 1, summary_for(frame.summary, canvas.columns() - 2));
  const int status = canvas.rows() - 2;
  canvas.put(status, 1, fitted(frame.status, canvas.columns() - 2), frame.status_role);
  draw_hints(frame.hints, canvas.rows() - 1, canvas);
  return frame_body(canvas.rows(), canvas.columns());
}

void draw_prompt(const Frame& frame, Canvas& canvas) {
  if (!frame.prompt) return;
  const PromptLine& prompt = *frame.prompt;
  const int row = canvas.rows() - 2;
  canvas.put(row, 0, std::string(static_cast<std::size_t>(canvas.columns()), ' '));
  const int begin = canvas.put(row, 0, prompt.before, Role::Title, canvas.columns() - 2);
  // What does not fit scrolls out to the left.
  std::string_view text = prompt.text;
  int cursor = prompt.cursor;
  const int room = canvas.columns() - begin - 1;
  while (cursor > room && !text.empty()) {
    text.remove_prefix(character_bytes(text));
    --cursor;
  }
  const int end = canvas.put(row, begin, text);
  if (end + width_of(prompt.behind) + 3 < canvas.columns()) {
    canvas.put_right(row, canvas.columns() - 1, prompt.behind, Role::Faint);
  }
  canvas.cursor = Canvas::Cursor{row, begin + cursor};

  const std::size_t count = std::min(prompt.candidates.size(), kMostCandidates);
  const bool any_chosen = prompt.chosen < prompt.candidates.size();
  const std::size_t first = any_chosen && prompt.chosen >= count ? prompt.chosen - count + 1 : 0;
  int width = 0;
  for (const std::string& one : prompt.candidates) width = std::max(width, width_of(one) + 4);
  const int notes = width + 2;  // where they begin
  for (const std::string& one : prompt.notes) width = std::max(width, notes + width_of(one) + 2);
  width = std::min(width, canvas.columns() - 4);
  for (std::size_t i = 0; i < count; ++i) {
    const int at = row - static_cast<int>(count - i);
    const bool chosen = first + i == prompt.chosen;
    canvas.put(at, 1, std::string(static_cast<std::size_t>(width) + 2, ' '));
    if (chosen) canvas.put(at, 2, ">", Role::Title);
    canvas.put(at, 4, fitted(prompt.candidates[first + i], width - 2));
    if (!prompt.notes.empty() && width > notes + 8) {
      canvas.put(at, notes + 2, fitted(prompt.notes[first + i], width - notes - 1));
    }
    canvas.paint({at, 2, 1, width}, chosen ? Role::Selected : Role::Plain);
    canvas.put(at, 1, "│", Role::Faint);
    canvas.put(at, width + 2, "│", Role::Faint);
  }
}

Panes split_panes(const Rect& body, int right, int below) {
  Panes panes;
  panes.main = {body.row + 1, body.column, body.rows - 2, body.columns};
  if (right <= 0) return panes;
  if (body.columns >= 60 + right) {
    panes.main.columns -= right;
    panes.right = Rect{body.row + 1, panes.main.columns + 1, body.rows - 2, right - 1};
  } else if (body.columns >= 60 && body.rows >= below + 10) {
    panes.main.rows -= below + 1;
    panes.below = Rect{panes.main.row + panes.main.rows + 1, 0, below, body.columns};
  }
  return panes;
}

void draw_pane_rules(Canvas& canvas, const Rect& body, const Panes& panes,
                     const std::vector<RuleText>& headings, const std::string& second) {
  std::vector<RuleText> texts = headings;
  std::vector<int> at;
  const Rect bottom{body.row + body.rows - 1, body.column, 1, body.columns};
  if (panes.right) {
    at.push_back(panes.right->column - 1);
    texts.push_back({panes.right->column + 2, second});
    const Rect divider{panes.right->row, panes.right->column - 1, panes.right->rows, 1};
    draw_divider(canvas, divider);
    canvas.add_zone({Zone::Kind::Divider, divider});
  }
  draw_rule(canvas, {body.row, body.column, 1, body.columns}, texts, at);
  draw_rule(canvas, bottom, {}, at, "┴");
  if (panes.below) {
    const std::vector<RuleText> below{{2, second}};
    draw_rule(canvas, {panes.below->row - 1, 0, 1, body.columns}, below);
  }
}

void draw_details(Canvas& canvas, const Rect& area, const std::vector<DetailLine>& lines,
                  std::size_t top) {
  for (int i = 0; i < area.rows && top + static_cast<std::size_t>(i) < lines.size(); ++i) {
    const DetailLine& line = lines[top + static_cast<std::size_t>(i)];
    const bool indented = !line.label.empty() || line.below;
    const int row = area.row + i;
    const int column = area.column + 1 + (indented ? kLabelColumns : 0);
    canvas.put(row, area.column + 1, line.label, Role::Faint, kLabelColumns);
    canvas.put(row, column, fitted(line.text, area.column + area.columns - column), line.role);
  }
}

void draw_details_wide(Canvas& canvas, const Rect& area, const std::vector<DetailLine>& lines,
                       std::size_t top) {
  constexpr int kColumn = 38;
  const int columns = std::max(1, area.columns / kColumn);
  const int width = area.columns / columns;
  for (int i = 0; i < columns; ++i) {
    const Rect part{area.row, area.column + i * width, area.rows, width};
    draw_details(canvas, part, lines, top + static_cast<std::size_t>(i * area.rows));
  }
}

}  // namespace ckptscope
