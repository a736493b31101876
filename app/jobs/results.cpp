// Documents become the lines and keys that a result carries.
#include "app/jobs/results.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base/bytes.hpp"
#include "views/document/line_renderer.hpp"

namespace ckptscope {
namespace {

constexpr std::size_t kMostLines = 20'000;

/// Which column says what a row is about.
std::optional<std::size_t> key_column(const Table& table) {
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (table.columns[i].id == "key") return i;
  }
  return std::nullopt;
}

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

KeyedLines keyed_lines(const Document& document, std::size_t width) {
  KeyedLines result;
  for (const Block& block : document.blocks) {
    const auto* const table = std::get_if<Table>(&block);
    const auto key = table == nullptr ? std::nullopt : key_column(*table);
    std::optional<std::size_t> row;  // of the line before
    render_lines(block, {width}, [&](Line line) {
      if (result.lines.size() == kMostLines) return;
      if (line.row && !row) result.tables[table->id] = result.lines.size();
      const bool same = line.row && line.row == row;
      row = line.row ? line.row : row;
      std::string about = same ? result.keys.back() : "";
      if (line.row && !same && key) {
        const std::vector<Cell> cells = table->row(*line.row);
        const auto* const text = std::get_if<std::string>(&cells[*key]);
        if (text != nullptr) about = *text;
      }
      result.lines.push_back(std::move(line));
      result.keys.push_back(std::move(about));
    });
  }
  return result;
}

CommandDone command_done(const Document& document, std::size_t width) {
  return {document.verb, page_of(document, width), document.exit};
}

}  // namespace ckptscope
