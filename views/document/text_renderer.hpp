// A Document as text: aligned for people, tab-separated lines for a pipe.
#pragma once

#include <functional>
#include <string_view>

#include "views/document/document.hpp"

namespace ckptscope {

struct TextStyle {
  bool terminal = false;  // false: a table marked `main` is written as tab-separated lines
  bool color = false;     // only repeats what a word or mark says
  bool ascii = false;     // … becomes ., ━ becomes =, see plain_pictures()
  std::size_t width = 0;  // of the terminal, see LineStyle; 0: lines are as long as they are
  bool headed = false;    // tab-separated lines begin with one of names
};

/// Receives the text in pieces.
using Out = std::function<void(std::string_view)>;

/// Every string of the Document passes through display(). Streams: memory does not grow with rows
/// when tables are written as lines.
void render_text(const Document& document, const TextStyle& style, const Out& out);

}  // namespace ckptscope
