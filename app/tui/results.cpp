// Documents become the lines and keys that a result carries.
#include "app/tui/results.hpp"

#include <algorithm>

#include "core/base/bytes.hpp"
#include "views/document/text_renderer.hpp"

namespace ckptscope {
namespace {

constexpr std::size_t kMostLines = 20'000;

}  // namespace

std::vector<PageLine> page_of(const Document& document) {
  std::vector<PageLine> lines;
  std::size_t left_out = 0;
  render_text(document, {.terminal = true}, [&](std::string_view line) {
    if (lines.size() == kMostLines) {
      ++left_out;
      return;
    }
    line.remove_suffix(line.ends_with('\n') ? 1 : 0);
    const Role role = line.starts_with("VERIFIED") || line.starts_with("EQUAL")      ? Role::Good
                      : line.starts_with("DIFFERENT") || line.starts_with("  error") ? Role::Defect
                                                                                     : Role::Plain;
    lines.push_back({std::string(line), role});
  });
  if (left_out > 0) {
    lines.push_back({"… " + counted(left_out, "line") + " more; > FILE writes all", Role::Notice});
  }
  return lines;
}

CommandDone command_done(const Document& document) {
  CommandDone told{document.verb, page_of(document), document.exit};
  const auto* table = document.blocks.empty() ? nullptr : std::get_if<Table>(&document.blocks[0]);
  if (document.verb != "stat" || table == nullptr) return told;
  for (std::size_t i = 0; i < std::min(table->size, told.lines.size()); ++i) {
    const std::vector<Cell> row = table->row(i);
    told.keys.push_back(row.empty() ? "" : std::get<std::string>(row.front()));
  }
  return told;
}

}  // namespace ckptscope
