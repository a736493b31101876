// Fields and buttons above, what the conversion says below.
#include "views/screen/convert_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"

namespace ckptscope {
namespace {

constexpr int kWideColumns = 80;  // from here on there are two panes

constexpr int kNameColumns = 16;
constexpr int kBarColumns = 40;

void draw_field(const ConvertField& field, bool selected, Canvas& canvas, int row,
                const Rect& area) {
  const int column = area.column + 2 + kNameColumns;
  const int width = area.column + area.columns - column - 3;
  const bool unset = field.value.empty();
  if (selected) canvas.put(row, area.column, ">", Role::Title);
  canvas.put(row, area.column + 2, field.name, selected ? Role::Title : Role::Plain);
  canvas.put(row, column, "[ ", Role::Faint);
  const std::string otherwise = field.otherwise.empty() ? "" : "(" + field.otherwise + ")";
  canvas.put(row, column + 2, fitted(unset ? otherwise : display(field.value), width - 2),
             unset ? Role::Faint : Role::Plain);
  canvas.put(row, column + width + 1, "]", Role::Faint);
  if (selected) canvas.paint({row, column + 1, 1, width}, Role::Selected);
}

/// Fields that scroll, and the buttons below them, always in sight.
void draw_options(const ConvertView& view, Canvas& canvas, const Rect& area) {
  const auto page = static_cast<std::size_t>(std::max(1, area.rows - 1));
  const std::size_t count = view.fields.size();
  const std::size_t at = std::min(view.cursor.cursor, count - 1);
  const std::size_t top = at >= page ? at - page + 1 : 0;
  for (std::size_t i = top; i < std::min(count, top + page); ++i) {
    draw_field(view.fields[i], i == view.cursor.cursor, canvas,
               area.row + static_cast<int>(i - top), area);
    canvas.add_zone(
        {Zone::Kind::Row, {area.row + static_cast<int>(i - top), area.column, 1, area.columns}, i});
  }
  const int row = area.row + static_cast<int>(std::min(page, count));
  int column = area.column + 2;
  for (std::size_t i = 0; i < view.buttons.size(); ++i) {
    const bool selected = view.cursor.cursor == count + i;
    if (selected) canvas.put(row, column - 2, ">", Role::Title);
    const int width = width_of(view.buttons[i]) + 4;
    canvas.add_zone({Zone::Kind::Row, {row, column, 1, width}, count + i});
    column = canvas.put(row, column, "[ " + view.buttons[i] + " ]",
                        selected ? Role::Selected : Role::Title) +
             4;
  }
}

void draw_progress(const ConvertView& view, Canvas& canvas, const Rect& area) {
  int row = area.row;
  const int bar = std::min(kBarColumns, area.columns - 70);
  for (const PhaseLine& phase : view.phases) {
    if (row >= area.row + area.rows) return;
    canvas.put(row, 1, phase.name, Role::Title, 12);
    canvas.put(row, 13, phase_text(phase, std::max(8, bar), view.hides_figures),
               phase.over ? Role::Good : Role::Plain);
    ++row;
  }
  const auto room = static_cast<std::size_t>(std::max(0, area.row + area.rows - row));
  const std::size_t first = view.lines.size() > room ? view.lines.size() - room : 0;
  draw_details(canvas, {row, 0, static_cast<int>(room), area.columns}, view.lines, first);
}

/// Options, and beside them the plan where there is room.
void draw_top(const ConvertView& view, Canvas& canvas, const Rect& area) {
  const bool wide = area.columns >= kWideColumns;
  draw_options(view, canvas, {area.row, 0, area.rows, wide ? kConvertFieldColumns : area.columns});
  if (!wide) return;
  draw_divider(canvas, {area.row, kConvertFieldColumns, area.rows, 1});
  const int column = kConvertFieldColumns + 1;
  draw_details(canvas, {area.row, column, area.rows, area.columns - column}, view.plan);
}

/// The command line, on at most two lines.
void draw_command(const ConvertView& view, Canvas& canvas, const Rect& area) {
  std::vector<std::string> lines = wrapped(view.command, area.columns - 2);
  if (lines.size() > 2) lines = {lines[0], view.command.substr(lines[0].size() + 1)};
  for (std::size_t i = 0; i < lines.size(); ++i) {
    canvas.put(area.row + static_cast<int>(i), 1, fitted(lines[i], area.columns - 2));
  }
}

/// Rows of each part; a part without rows has no rule either.
struct Heights {
  int top = 0;
  int progress = 0;
  int command = 0;
};

Heights heights_of(const ConvertView& view, int rows) {
  Heights heights;
  const bool idle = view.phases.empty() && view.lines.empty();
  heights.progress = idle ? 0 : std::clamp((rows - 8) / 2, 2, std::max(2, rows - 7));
  heights.command = rows >= 16 ? 2 : 0;
  const auto with_rule = [](int part) { return part > 0 ? part + 1 : 0; };
  heights.top = std::max(3, rows - 2 - with_rule(heights.progress) - with_rule(heights.command));
  return heights;
}

}  // namespace

std::string phase_text(const PhaseLine& phase, int bar_columns, bool hides_figures) {
  const double share =
      std::min(1.0, static_cast<double>(phase.done) /
                        static_cast<double>(std::max<std::uint64_t>(1, phase.total)));
  const int filled = static_cast<int>(share * bar_columns);
  std::string text;
  if (phase.total == 0) return phase.over ? "done" : "";
  for (int i = 0; i < bar_columns; ++i) text += i < filled ? "━" : "─";
  text += fmt::format(" {:3.0f} %   {} of {}", 100 * share, format_bytes(phase.done),
                      format_bytes(phase.total));
  if (hides_figures) return text + "   -";
  const double seconds = std::max(1e-3, phase.seconds);
  const double rate = static_cast<double>(phase.done) / seconds;
  text += fmt::format("   {}/s", format_bytes(static_cast<std::uint64_t>(rate)));
  if (phase.over) return text + fmt::format("   {}", format_duration(seconds));
  if (share > 0.01)
    text += fmt::format("   {} left", format_duration(seconds * (1 - share) / share));
  return text;
}

void draw_convert(const ConvertView& view, Canvas& canvas, const Rect& body) {
  const Heights heights = heights_of(view, body.rows);
  const bool wide = body.columns >= kWideColumns;
  std::vector<int> junctions = wide ? std::vector<int>{kConvertFieldColumns} : std::vector<int>{};
  std::vector<RuleText> headings{{2, "options"}};
  if (wide) headings.push_back({kConvertFieldColumns + 3, "plan"});
  draw_rule(canvas, {body.row, 0, 1, body.columns}, headings, junctions);
  draw_top(view, canvas, {body.row + 1, 0, heights.top, body.columns});
  int row = body.row + 1 + heights.top;
  const auto begin_part = [&](const char* title) {
    const std::vector<RuleText> heading{{2, title}};
    draw_rule(canvas, {row++, 0, 1, body.columns}, heading, std::exchange(junctions, {}), "┴");
  };
  if (heights.progress > 0) {
    begin_part("progress");
    draw_progress(view, canvas, {row, 0, heights.progress, body.columns});
    row += heights.progress;
  }
  if (heights.command > 0) {
    begin_part("the same as a command");
    draw_command(view, canvas, {row, 0, heights.command, body.columns});
  }
  draw_rule(canvas, {body.row + body.rows - 1, 0, 1, body.columns});
}

}  // namespace ckptscope
