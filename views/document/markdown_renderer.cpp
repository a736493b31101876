// Headings in bold, fields as a table of two columns.
#include "views/document/markdown_renderer.hpp"

#include <fmt/format.h>

#include "core/base/display.hpp"
#include "views/document/line_renderer.hpp"
#include "views/document/table_layout.hpp"

namespace ckptscope {
namespace {

/// What would act is written out: HTML's marks as references, Markdown's behind a backslash. An
/// escape of display() keeps its backslash.
std::string safe(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '&') {
      out += "&amp;";
    } else {
      if (std::string_view("\\|*_`[]#").find(c) != std::string_view::npos) out += '\\';
      out += c;
    }
  }
  return out;
}

class MarkdownRenderer {
 public:
  explicit MarkdownRenderer(const Out& out) : out_(out) {}

  void operator()(const Heading& heading) {
    out_(fmt::format("**{}**\n\n", safe(text_of(heading))));
  }

  /// As it stands: many have an alignment of their own.
  void operator()(const Note& note) {
    if (!note.text.empty()) picture(note);
  }

  void operator()(const HeatMap& map) { picture(map); }
  void operator()(const Chart& chart) { picture(chart); }

  void operator()(const Fields& fields) {
    bool any = false;
    for (const Field& field : fields.list) {
      if (field.label.empty()) continue;
      if (!std::exchange(any, true)) out_("| | |\n| --- | --- |\n");
      out_(fmt::format("| {} | {} |\n", safe(field.label), safe(text_of(field))));
    }
    if (any) out_("\n");
  }

  void operator()(const Table& table) {
    if (table.audience == Audience::Machines || table.size == 0) return;
    std::string titles = "|";
    std::string marks = "|";
    for (const Column& column : table.columns) {
      if (!is_shown(table, column)) continue;
      titles += fmt::format(" {} |", safe(column.title));
      marks += is_right_aligned(column.format) ? " ---: |" : " --- |";
    }
    out_(titles + "\n" + marks + "\n");
    for (std::size_t i = 0; i < table.size; ++i) {
      const std::vector<Cell> cells = table.row(i);
      std::string row = "|";
      for (std::size_t c = 0; c < cells.size(); ++c) {
        if (!is_shown(table, table.columns[c])) continue;
        row += fmt::format(" {} |", safe(to_text(cells[c], table.columns[c].format)));
      }
      out_(row + "\n");
    }
    out_("\n");
  }

 private:
  /// Text whose characters stand below each other.
  void picture(const Block& block) {
    std::string text;
    render_lines(block, {}, [&](const Line& line) { text += line.text() + "\n"; });
    if (text.empty()) return;
    std::string fence = "```";  // longer than any run of these in the text
    while (text.find(fence) != text.npos) fence += '`';
    out_(fence + "\n" + text + fence + "\n\n");
  }

  const Out& out_;
};

}  // namespace

void render_markdown(const Document& document, const Out& out) {
  MarkdownRenderer renderer(out);
  for (const Block& block : document.blocks) std::visit(renderer, block);
}

}  // namespace ckptscope
