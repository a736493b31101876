// A Document as JSON: the contract for programs.
#pragma once

#include "views/document/document.hpp"
#include "views/document/text_renderer.hpp"

namespace ckptscope {

/// One object: {"schema": "ckptscope.VERB/1", "status", "exit", fields, tables as arrays of
/// objects, "problems"}. Names are raw (as valid UTF-8: other bytes become U+FFFD), bytes are
/// integers, nothing is folded or elided. Rows are streamed.
void render_json(const Document& document, const Out& out);

/// One object a line: the rows of the main table; without one, the whole object as one line.
void render_jsonl(const Document& document, const Out& out);

/// The object that stands for an error: schema, status "error", exit, and the problem.
void render_json_error(std::string_view verb, Code code, std::string_view message, const Out& out);

}  // namespace ckptscope
