// Text that scrolls: the output of a command, help, the log.
#pragma once

#include <string>
#include <vector>

#include "core/base/regex.hpp"
#include "views/screen/frame_view.hpp"
#include "views/screen/list_state.hpp"

namespace ckptscope {

struct PageView {
  std::string heading;
  const std::vector<Line>& lines;
  const ListState& cursor;
  bool shows_cursor = false;  // lines can be chosen
  std::size_t first = 0;      // the number of the first of `lines` in what they are a part of
  const Regex* highlight = nullptr;  // what is searched for, marked where it is seen
  std::size_t shift = 0;             // cells that are scrolled out to the left
};

std::size_t page_rows(const Rect& body);
void draw_page(const PageView& view, Canvas& canvas, const Rect& body);

}  // namespace ckptscope
