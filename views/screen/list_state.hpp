// A cursor in a list of rows, and which of them are on the screen.
#pragma once

#include <algorithm>
#include <cstddef>

namespace ckptscope {

struct ListState {
  std::size_t cursor = 0;
  std::size_t top = 0;  // the first row on the screen

  /// Moves the cursor within `size` rows, of which `page` fit.
  void move(std::ptrdiff_t by, std::size_t size, std::size_t page) {
    const auto last = static_cast<std::ptrdiff_t>(size) - 1;
    const auto wanted = static_cast<std::ptrdiff_t>(cursor) + by;
    go(static_cast<std::size_t>(
           std::clamp<std::ptrdiff_t>(wanted, 0, std::max<std::ptrdiff_t>(0, last))),
       size, page);
  }
  void go(std::size_t to, std::size_t size, std::size_t page) {
    cursor = size == 0 ? 0 : std::min(to, size - 1);
    page = std::max<std::size_t>(1, page);
    if (cursor < top) top = cursor;
    if (cursor >= top + page) top = cursor - page + 1;
    const std::size_t last_top = size > page ? size - page : 0;
    top = std::min(top, last_top);
  }
};

}  // namespace ckptscope
