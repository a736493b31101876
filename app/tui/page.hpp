// Documents as lines that a screen can show.
#pragma once

#include <vector>

#include "core/document.hpp"
#include "views/page_view.hpp"

namespace ckptscope {

/// At most some ten thousand lines; what is left out is said in the last one.
std::vector<PageLine> page_of(const Document& document);
/// A text of lines.
std::vector<PageLine> page_of(std::string_view text);

}  // namespace ckptscope
