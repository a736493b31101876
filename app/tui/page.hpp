// Documents as lines that a screen can show.
#pragma once

#include <vector>

#include "app/tui/worker.hpp"
#include "views/document/document.hpp"
#include "views/screen/page_view.hpp"

namespace ckptscope {

/// At most some ten thousand lines; what is left out is said in the last one.
std::vector<PageLine> page_of(const Document& document);
/// The same as a result, with the keys of the rows where it is a table of statistics.
CommandDone command_done(const Document& document);

}  // namespace ckptscope
