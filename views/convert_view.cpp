#include "views/convert_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/bytes.hpp"
#include "core/display.hpp"

namespace ckptscope {
namespace {

constexpr int kFieldColumns = 46;
constexpr int kNameColumns = 16;
constexpr int kBarColumns = 40;

std::string minutes(double seconds) {
  const auto whole = std::lround(std::clamp(seconds, 0.0, 359999.0));
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

void draw_fields(const ConvertView& view, Canvas& canvas, const Rect& area) {
  const std::size_t count = view.fields.size() + view.buttons.size();
  const auto page = static_cast<std::size_t>(std::max(1, area.rows));
  const std::size_t top = view.cursor.cursor >= page ? view.cursor.cursor - page + 1 : 0;
  for (std::size_t i = top; i < std::min(count, top + page); ++i) {
    const int row = area.row + static_cast<int>(i - top);
    const bool selected = i == view.cursor.cursor;
    if (selected) canvas.put(row, area.column, ">", Role::Title);
    if (i >= view.fields.size()) {
      const std::string text = "[ " + view.buttons[i - view.fields.size()] + " ]";
      canvas.put(row, area.column + 2, text, selected ? Role::Selected : Role::Title);
      continue;
    }
    const ConvertField& field = view.fields[i];
    const int column = area.column + 2 + kNameColumns;
    const int width = area.column + area.columns - column - 3;
    canvas.put(row, area.column + 2, field.name, selected ? Role::Title : Role::Plain);
    canvas.put(row, column, "[ ", Role::Faint);
    const bool unset = field.value.empty();
    canvas.put(row, column + 2, fitted(display(unset ? field.otherwise : field.value), width - 2),
               unset ? Role::Faint : Role::Plain);
    canvas.put(row, column + width + 1, "]", Role::Faint);
    if (selected) canvas.paint({row, column + 1, 1, width}, Role::Selected);
  }
}

void draw_progress(const ConvertView& view, Canvas& canvas, const Rect& area) {
  int row = area.row;
  const int bar = std::min(kBarColumns, area.columns / 2 - 14);
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

}  // namespace

std::string phase_text(const PhaseLine& phase, int bar_columns, bool hides_figures) {
  const double share =
      phase.total == 0 ? (phase.over ? 1 : 0)
                       : std::min(1.0, static_cast<double>(phase.done) /
                                           static_cast<double>(phase.total));
  const int filled = static_cast<int>(share * bar_columns);
  std::string text;
  for (int i = 0; i < bar_columns; ++i) text += i < filled ? "━" : "─";
  text += fmt::format(" {:3.0f} %   {} of {}", 100 * share, format_bytes(phase.done),
                      format_bytes(phase.total));
  if (hides_figures) return text + "   -";
  const double seconds = std::max(1e-3, phase.seconds);
  const double rate = static_cast<double>(phase.done) / seconds;
  text += fmt::format("   {}/s", format_bytes(static_cast<std::uint64_t>(rate)));
  if (phase.over) return text + fmt::format("   {}", minutes(seconds));
  if (share > 0.01) text += fmt::format("   {} left", minutes(seconds * (1 - share) / share));
  return text;
}

void draw_convert(const ConvertView& view, Canvas& canvas, const Rect& body) {
  const bool wide = body.columns >= 80;
  const int fields = static_cast<int>(view.fields.size() + view.buttons.size());
  const int progress = view.phases.empty() && view.lines.empty() ? 0 : 6;
  const int command = body.rows >= 16 ? 2 : 0;
  const int room = body.rows - 2 - (progress > 0 ? progress + 1 : 0) - (command > 0 ? command + 1 : 0);
  const int top_rows = std::max(3, std::min(room, std::max(fields, 8)));
  const int extra = room - top_rows;  // goes to the progress, or stays empty
  const std::vector<int> at = wide ? std::vector<int>{kFieldColumns} : std::vector<int>{};
  std::vector<RuleText> headings{{2, "options"}};
  if (wide) headings.push_back({kFieldColumns + 3, "plan"});
  draw_rule(canvas, {body.row, 0, 1, body.columns}, headings, at);
  const Rect left{body.row + 1, 0, top_rows, wide ? kFieldColumns : body.columns};
  draw_fields(view, canvas, left);
  if (wide) {
    draw_divider(canvas, {body.row + 1, kFieldColumns, top_rows, 1});
    draw_details(canvas,
                 {body.row + 1, kFieldColumns + 1, top_rows, body.columns - kFieldColumns - 1},
                 view.plan);
  }
  int row = body.row + 1 + top_rows;
  const std::vector<RuleText> progress_heading{{2, "progress"}};
  const std::vector<RuleText> command_heading{{2, "the same as a command"}};
  if (progress > 0) {
    draw_rule(canvas, {row, 0, 1, body.columns}, progress_heading, at, "┴");
    draw_progress(view, canvas, {row + 1, 0, progress + extra, body.columns});
    row += 1 + progress + extra;
  }
  if (command > 0) {
    const bool joins = progress == 0;
    draw_rule(canvas, {row, 0, 1, body.columns}, command_heading,
              joins ? at : std::vector<int>{}, "┴");
    std::string_view rest = view.command;
    for (int i = 0; i < command && !rest.empty(); ++i) {
      const auto width = static_cast<std::size_t>(body.columns - 2);
      const bool last = i + 1 == command;
      std::size_t cut = rest.size() <= width ? rest.size() : rest.rfind(' ', width);
      if (cut == rest.npos || last) cut = rest.size();
      canvas.put(row + 1 + i, 1, fitted(rest.substr(0, cut), body.columns - 2));
      rest.remove_prefix(std::min(cut + 1, rest.size()));
    }
  }
  draw_rule(canvas, {body.row + body.rows - 1, 0, 1, body.columns});
}

}  // namespace ckptscope
