// A Document as lines for people: aligned, coloured by what they say, and no longer than there is
// room.
#pragma once

#include <cstddef>
#include <functional>

#include "views/document/document.hpp"
#include "views/look/line.hpp"

namespace ckptscope {

struct LineStyle {
  std::size_t width = 0;  // cells of a line at the most; 0: as many as it takes
  bool colored = false;   // cells of heat maps may have two colours
};

/// Every string of the block passes through display(), but for those that are `escaped`. Lines
/// have no blanks at their ends. A table that is too wide loses columns in the order that they
/// state, and says which; where that is not enough each row becomes a record of several lines.
/// Long texts go on below, indented; a command for a shell with ` \`.
void render_lines(const Block& block, const LineStyle& style,
                  const std::function<void(Line)>& take);

/// One value as people see it.
std::string to_text(const Cell& cell, Format format);
/// What stands behind the label of a field: its value and its remark.
std::string text_of(const Field& field);
std::string text_of(const Heading& heading);

}  // namespace ckptscope
