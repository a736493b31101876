// A Document as one HTML page to hand on: styles and pictures are in it, nothing is loaded, nothing
// runs.
#pragma once

#include <string_view>

#include "views/document/document.hpp"
#include "views/document/text_renderer.hpp"

namespace ckptscope {

/// HTML 5; the first heading is the title, the others begin sections. What people see, with all
/// columns of tables; pictures as SVG. Every text is escaped.
void render_html(const Document& document, const Out& out);

/// Text with the characters that mean something in HTML written as references.
std::string html_text(std::string_view text);

}  // namespace ckptscope
