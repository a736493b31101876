// Lines for people with their colours, or tab-separated ones for a pipe.
#include "views/document/text_renderer.hpp"

#include <fmt/format.h>

#include "views/document/line_renderer.hpp"
#include "views/document/table_layout.hpp"
#include "views/look/pictures.hpp"

namespace ckptscope {
namespace {

std::string styled(const Line& line, const TextStyle& style) {
  std::string text;
  for (const Span& span : line.spans) {
    const std::string begin = style.color ? sgr_of(span.role) : "";
    text += begin + span.text + (begin.empty() ? "" : kSgrPlain);
  }
  return (style.ascii ? plain_pictures(text) : text) + "\n";
}

/// The columns that machines see, separated by tabs.
std::string tabbed(const Table& table, const std::function<std::string(std::size_t)>& cell) {
  std::string text;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    if (table.columns[c].id.empty()) continue;
    if (c > 0) text += '\t';
    text += cell(c);
  }
  return text + "\n";
}

/// One row a line: fixed columns, exact numbers, nothing folded or aligned.
void write_tabbed(const Table& table, bool headed, const Out& out) {
  if (headed) out(tabbed(table, [&](std::size_t c) { return table.columns[c].id; }));
  for (std::size_t i = 0; i < table.size; ++i) {
    const std::vector<Cell> cells = table.row(i);
    out(tabbed(table, [&](std::size_t c) {
      const Format format = table.columns[c].format;
      if (const auto* const values = std::get_if<std::vector<double>>(&cells[c])) {
        return fmt::format("{}", fmt::join(*values, ","));
      }
      return to_text(cells[c], is_right_aligned(format) ? Format::Exact : format);
    }));
  }
}

}  // namespace

void render_text(const Document& document, const TextStyle& style, const Out& out) {
  const std::function<void(Line)> print = [&](const Line& line) { out(styled(line, style)); };
  for (const Block& block : document.blocks) {
    const auto* const table = std::get_if<Table>(&block);
    const bool tabs =
        table != nullptr && table->main && !style.terminal && table->audience != Audience::Machines;
    if (tabs) {
      write_tabbed(*table, style.headed, out);
    } else {
      render_lines(block, {style.width, style.color}, print);
    }
  }
}

}  // namespace ckptscope
