// A Document as Markdown (GitHub's tables): what people paste into an issue.
#pragma once

#include "views/document/document.hpp"
#include "views/document/text_renderer.hpp"

namespace ckptscope {

/// Tables as people see them, with all of their columns; values as on a terminal. Keys and other
/// texts are escaped, so that nothing in them acts.
void render_markdown(const Document& document, const Out& out);

}  // namespace ckptscope
