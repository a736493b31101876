// Aligned for people, tab-separated for pipes.
#include "views/document/text_renderer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/tensor/shape.hpp"
#include "views/document/figures.hpp"

namespace ckptscope {
namespace {

constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kPlain = "\x1b[0m";

bool is_right_aligned(Format format) {
  return format != Format::Text && format != Format::Extents;
}

bool for_people(const Table& table) {
  return table.audience != Audience::Machines;
}

/// Cells of one row as text, of the columns that people see.
class RowText {
 public:
  explicit RowText(const Table& table) : table_(table) {
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      if (!table.columns[i].title.empty() || !table.headed) columns_.push_back(i);
    }
  }

  std::vector<std::string> operator()(std::size_t row) const {
    const std::vector<Cell> cells = table_.row(row);
    std::vector<std::string> texts;
    for (const std::size_t i : columns_)
      texts.push_back(to_text(cells[i], table_.columns[i].format));
    return texts;
  }
  std::vector<std::string> titles() const {
    std::vector<std::string> texts;
    for (const std::size_t i : columns_) texts.push_back(table_.columns[i].title);
    return texts;
  }
  Format format(std::size_t column) const { return table_.columns[columns_[column]].format; }
  std::size_t count() const { return columns_.size(); }

 private:
  const Table& table_;
  std::vector<std::size_t> columns_;
};

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != text.npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

class TextRenderer {
 public:
  TextRenderer(const TextStyle& style, const Out& out) : style_(style), out_(out) {}

  void operator()(const Heading& heading) {
    line(bold(heading.escaped ? heading.text : display(heading.text)));
  }

  void operator()(const Note& note) {
    std::string_view rest = note.text;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      const std::string_view one = rest.substr(0, end);
      line(note.escaped ? std::string(one) : display(one));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    if (note.text.empty()) line("");
  }

  void operator()(const Fields& fields) {
    std::size_t width = 8;  // so that blocks of fields below each other line up
    for (const Field& field : fields.list) width = std::max(width, field.label.size());
    for (const Field& field : fields.list) {
      if (field.label.empty()) continue;
      std::string text = fmt::format("  {:<{}}  {}", field.label, width, value_text(field));
      if (!field.remark.empty()) text += "   " + display(field.remark);
      line(text);
    }
  }

  static std::string value_text(const Field& field) {
    const auto* text = std::get_if<std::string>(&field.value);
    return text != nullptr && field.escaped ? *text : to_text(field.value, field.format);
  }

  void operator()(const Table& table) {
    if (!for_people(table)) return;
    if (table.main && !style_.terminal) {
      lines_of(table);
    } else {
      aligned(table);
    }
  }

 private:
  std::string bold(std::string text) const {
    return style_.color ? fmt::format("{}{}{}", kBold, text, kPlain) : text;
  }

  void line(std::string text) {
    while (!text.empty() && text.back() == ' ') text.pop_back();
    if (style_.ascii) {
      replace_all(text, "…", "...");
      replace_all(text, "━", "=");
    }
    out_(text + "\n");
  }

  /// One row a line: fixed columns, exact numbers, nothing folded or aligned.
  void lines_of(const Table& table) {
    for (std::size_t i = 0; i < table.size; ++i) {
      const std::vector<Cell> cells = table.row(i);
      std::string text;
      for (std::size_t c = 0; c < cells.size(); ++c) {
        if (table.columns[c].id.empty()) continue;
        const Format format = table.columns[c].format;
        if (c > 0) text += '\t';
        text += to_text(cells[c], is_right_aligned(format) ? Format::Exact : format);
      }
      out_(text + "\n");
    }
  }

  void aligned(const Table& table) {
    const RowText text(table);
    std::vector<std::size_t> widths(text.count());
    const auto widen = [&](const std::vector<std::string>& row) {
      for (std::size_t c = 0; c < row.size(); ++c) {
        widths[c] = std::max(widths[c], display_width(row[c]));
      }
    };
    if (table.headed) widen(text.titles());
    for (std::size_t i = 0; i < table.size; ++i) widen(text(i));
    if (table.headed) line(bold(row_line(text, text.titles(), widths)));
    for (std::size_t i = 0; i < table.size; ++i) line(row_line(text, text(i), widths));
  }

  static std::string row_line(const RowText& text, const std::vector<std::string>& cells,
                              const std::vector<std::size_t>& widths) {
    std::string out;
    for (std::size_t c = 0; c < cells.size(); ++c) {
      const std::string padding(widths[c] - display_width(cells[c]), ' ');
      const bool right = is_right_aligned(text.format(c));
      out += "  " + (right ? padding + cells[c] : cells[c] + padding);
    }
    return out;
  }

  const TextStyle& style_;
  const Out& out_;
};

std::string number_text(std::uint64_t value, Format format) {
  switch (format) {
    case Format::Count:
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
    return format == Format::Percent ? fmt::format("{:.1f} %", 100 * value) : real(value);
  }
  std::string operator()(const std::string& value) const { return display(value); }
  std::string operator()(const std::vector<std::uint64_t>& values) const {
    std::string text = to_string(values);
    if (format == Format::Extents) std::erase(text, ' ');
    return text;
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

void render_text(const Document& document, const TextStyle& style, const Out& out) {
  TextRenderer renderer(style, out);
  for (const Block& block : document.blocks) std::visit(renderer, block);
}

}  // namespace ckptscope
