// One function a kind of block; tables have a file of their own.
#include "views/document/line_renderer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/tensor/shape.hpp"
#include "views/document/figures.hpp"
#include "views/document/picture_layout.hpp"
#include "views/document/table_layout.hpp"
#include "views/look/pictures.hpp"

namespace ckptscope {
namespace {

constexpr std::size_t kLeastValue = 16;  // cells behind a label, however narrow the terminal

std::size_t indentation_of(std::string_view text) {
  return std::min(text.find_first_not_of(' '), text.size());
}

/// Where a text goes on below: under its second column, which a wide gap begins, else a bit further
/// in.
std::size_t hang_of(std::string_view text, std::size_t in) {
  const std::size_t gap = text.find("   ", in);
  const std::size_t second = gap == text.npos ? gap : text.find_first_not_of(' ', gap);
  return second == text.npos || second > in + 40 ? in + 4 : second;
}

/// nullptr where the value must pass through display() first.
const std::string* escaped_text(const Field& field) {
  return field.escaped ? std::get_if<std::string>(&field.value) : nullptr;
}

class LineRenderer {
 public:
  LineRenderer(const LineStyle& style, const std::function<void(Line)>& take)
      : style_(style), take_(take) {}

  void operator()(const Heading& heading) { text_line(text_of(heading), heading.role); }

  void operator()(const Note& note) {
    std::string_view rest = note.text;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      const std::string_view one = rest.substr(0, end);
      text_line(note.escaped ? std::string(one) : display(one), note.role);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    if (note.text.empty()) take_({});
  }

  void operator()(const Fields& fields) {
    std::size_t width = 8;  // so that blocks of fields below each other line up
    for (const Field& field : fields.list) width = std::max(width, display_width(field.label));
    for (const Field& field : fields.list) {
      if (!field.label.empty()) labelled(field, width);
    }
  }

  void operator()(const Table& table) {
    if (table.audience == Audience::Machines) return;
    layout_table(table, style_.width, take_);
  }

  void operator()(const HeatMap& map) {
    if (map.audience != Audience::Machines) layout_heat_map(map, style_, take_);
  }
  void operator()(const Chart& chart) {
    if (chart.audience != Audience::Machines) layout_chart(chart, style_, take_);
  }

 private:
  /// Below each other where there is not room enough; what goes on stands further in.
  void text_line(const std::string& text, Role role) {
    const std::size_t in = indentation_of(text);
    if (style_.width == 0 || display_width(text) <= style_.width) {
      return take_(Line(text, role));
    }
    const std::size_t hang = std::min(hang_of(text, in), style_.width / 2);
    std::size_t indent = std::min(in, style_.width / 2);
    std::string_view rest = std::string_view(text).substr(in);
    while (!rest.empty()) {
      const auto parts = wrapped(rest, static_cast<int>(style_.width - indent));
      take_(Line(std::string(indent, ' ') + parts.front(), role));
      rest.remove_prefix(parts.front().size());
      rest.remove_prefix(indentation_of(rest));
      indent = hang;
    }
  }

  void labelled(const Field& field, std::size_t width) {
    const bool raw = escaped_text(field) != nullptr;
    const std::string value = text_of(field);
    const std::size_t column = 2 + width + 2;
    const std::size_t room =
        style_.width == 0 ? std::string::npos
                          : std::max(kLeastValue, style_.width - std::min(style_.width, column));
    Line line("  ");
    line.add(field.label, field.role == Role::Plain ? Role::Faint : field.role).pad_to(column);
    if (style_.width > 0 && style_.width < column + kLeastValue) {  // below its label
      take_(line);
      for (const std::string& part : wrapped(value, static_cast<int>(style_.width) - 4)) {
        take_(Line("    " + part, field.role));
      }
      return;
    }
    if (display_width(value) <= room) {
      take_(line.add(value, field.role));
      return;
    }
    const auto parts = wrapped(value, static_cast<int>(raw ? room - 2 : room));
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (i > 0) line = Line(std::string(column, ' '));
      const bool goes_on = raw && i + 1 < parts.size();
      take_(line.add(parts[i] + (goes_on ? " \\" : ""), field.role));
    }
  }

  const LineStyle& style_;
  const std::function<void(Line)>& take_;
};

std::string number_text(std::uint64_t value, Format format) {
  switch (format) {
    case Format::Count:
    case Format::Faults:
      return format_count(value);
    case Format::Bytes:
      return format_bytes(value);
    default:
      return fmt::format("{}", value);
  }
}

struct CellText {
  Format format;
  std::string operator()(std::monostate) const { return ""; }
  std::string operator()(bool value) const { return value ? "yes" : "no"; }
  std::string operator()(std::uint64_t value) const { return number_text(value, format); }
  std::string operator()(double value) const {
    const bool shares = format == Format::Percent || format == Format::Share;
    if (shares && value > 0 && value < 0.0005) return "<0.1 %";  // what is there is not 0.0
    return shares ? fmt::format("{:.1f} %", 100 * value) : real(value);
  }
  std::string operator()(const std::string& value) const { return display(value); }
  std::string operator()(const std::vector<std::uint64_t>& values) const {
    std::string text = to_string(values);
    if (format == Format::Extents) std::erase(text, ' ');
    return text;
  }
  std::string operator()(const std::vector<double>& values) const {
    return spark(values, values.size());
  }
  std::string operator()(const std::vector<std::string>& values) const {
    std::string text;
    for (const std::string& value : values) text += (text.empty() ? "" : ", ") + display(value);
    return text;
  }
};

}  // namespace

std::string to_text(const Cell& cell, Format format) {
  return std::visit(CellText{format}, cell);
}

std::string text_of(const Field& field) {
  const std::string* const escaped = escaped_text(field);
  std::string text = escaped != nullptr ? *escaped : to_text(field.value, field.format);
  if (!field.remark.empty()) text += "   " + display(field.remark);
  return text;
}

std::string text_of(const Heading& heading) {
  return heading.escaped ? heading.text : display(heading.text);
}

void render_lines(const Block& block, const LineStyle& style,
                  const std::function<void(Line)>& take) {
  const std::function<void(Line)> trimmed = [&](Line line) { take(std::move(line.trim())); };
  std::visit(LineRenderer(style, trimmed), block);
}

}  // namespace ckptscope
