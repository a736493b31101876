// Documents become the lines and keys that a result carries.
#include "app/tui/results.hpp"

#include <algorithm>

#include "core/base/bytes.hpp"
#include "views/document/line_renderer.hpp"

namespace ckptscope {
namespace {

constexpr std::size_t kMostLines = 20'000;

}  // namespace

std::vector<Line> page_of(const Document& document, std::size_t width) {
  std::vector<Line> lines;
  std::size_t left_out = 0;
  const std::function<void(Line)> take = [&](Line line) {
    if (lines.size() == kMostLines) {
      ++left_out;
    } else {
      lines.push_back(std::move(line));
    }
  };
  for (const Block& block : document.blocks) render_lines(block, {width}, take);
  if (left_out > 0) {
    lines.push_back({"… " + counted(left_out, "line") + " more; > FILE writes all", Role::Notice});
  }
  return lines;
}

CommandDone command_done(const Document& document, std::size_t width) {
  CommandDone told{document.verb, page_of(document, width), document.exit};
  const auto* table = document.blocks.empty() ? nullptr : std::get_if<Table>(&document.blocks[0]);
  if (document.verb != "stat" || table == nullptr) return told;
  for (std::size_t i = 0; i < std::min(table->size, told.lines.size()); ++i) {
    const std::vector<Cell> row = table->row(i);
    told.keys.push_back(row.empty() ? "" : std::get<std::string>(row.front()));
  }
  return told;
}

}  // namespace ckptscope
