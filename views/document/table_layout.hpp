// A table as lines of at most so many cells.
#pragma once

#include <cstddef>
#include <functional>

#include "views/document/document.hpp"
#include "views/look/line.hpp"

namespace ckptscope {

bool is_right_aligned(Format format);

/// See render_lines(). `width` 0: as wide as it gets.
void layout_table(const Table& table, std::size_t width, const std::function<void(Line)>& take);

}  // namespace ckptscope
