// A table as lines of at most so many cells.
#pragma once

#include <cstddef>
#include <functional>

#include "views/document/document.hpp"
#include "views/look/line.hpp"

namespace ckptscope {

bool is_right_aligned(Format format);
/// People see the columns that have a title, and all of a table without titles.
bool is_shown(const Table& table, const Column& column);

/// See render_lines(). `width` 0: as wide as it gets.
void layout_table(const Table& table, std::size_t width, const std::function<void(Line)>& take);

}  // namespace ckptscope
