// How a line of the REPL or of a script is read, and how texts are quoted for it and for shells:
// words with quotes and escapes, and what stands between commands. What display() prints reads back
// as the same bytes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ckptscope {

/// One command of a line, and where its output goes.
struct Step {
  std::vector<std::string> words;
  std::string file;     // behind > or >>; empty: stdout
  bool append = false;  // >>
  std::string pipe;     // the text behind |, as typed: a command for the shell; empty: none
};

/// Commands are separated by `;` or end at `#` before a word. '…' is literal; in "…" and outside
/// quotes \xNN, \u{X} and \\ are bytes, \c is c. `; > | #` count only outside quotes, and `>` and
/// `#` only where a word begins. Throws Usage for an open quote, a bad escape or a missing file
/// name.
std::vector<Step> parse_steps(std::string_view line);

/// A word that parse_steps reads back as `text`: quoted where it has to be, safe to show.
std::string quoted_word(std::string_view text);

/// shell_word() of a path, which is never taken for a flag.
std::string shell_path(std::string_view path);

}  // namespace ckptscope
