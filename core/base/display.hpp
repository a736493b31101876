// The one function through which names, messages and metadata reach a terminal, log or table.
// A checkpoint may hold any bytes as a name; raw they appear only inside --json strings.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ckptscope {

/// `text` with everything that a terminal could act on, or that a reader could not see, written
/// out: invalid UTF-8 as \xNN; controls, DEL, C1, line and paragraph separators, format characters
/// (bidi, zero width, tags), surrogates, private use, unassigned and noncharacters as \u{X}; a
/// backslash as \\; combining marks beyond the fourth on one character as \u{X}.
/// Plain ASCII names come back unchanged. Thread-safe.
std::string display(std::string_view text);
/// The same, put behind `out`.
void append_display(std::string& out, std::string_view text);

/// Reads back one escape of display(): `text[at]` is its backslash. Appends its bytes to `out` and
/// gives the offset behind it. \xNN and \u{X} are bytes, \c is c. Throws Usage for anything else.
std::size_t read_escape(std::string_view text, std::size_t at, std::string& out);

/// True when display() would change `text`.
bool needs_escape(std::string_view text);

/// The same JSON, with the characters that display() writes out as \u{X} as JSON's own \uXXXX.
/// `json` is valid UTF-8 with its controls below 0x20 escaped.
std::string visible_json(std::string_view json);

/// A word that bash, zsh and ksh read back as `text`: quoted where it has to be, safe to show.
std::string shell_word(std::string_view text);

/// Columns that display(text) takes on a terminal.
std::size_t display_width(std::string_view displayed);

/// At most `width` columns, cut in the middle with `…`, the end favoured ("gate_up…scale_inv").
std::string elide_middle(std::string_view displayed, std::size_t width);

/// NFC form of valid UTF-8, for "look alike" notes; invalid text comes back as it is.
std::string normalised(std::string_view text);

/// Offset of the first byte that is not valid UTF-8, or npos. ASCII is scanned 8 bytes at a time.
std::size_t find_invalid_utf8(std::string_view text);

/// "mxfp4" -> "MXFP4": ASCII letters alone.
std::string in_capitals(std::string_view text);

/// Appends the UTF-8 form of a scalar value (<= 0x10FFFF, no surrogate).
void append_utf8(std::string& out, char32_t scalar);

}  // namespace ckptscope
