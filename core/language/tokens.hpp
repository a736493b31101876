// The text of a mapping as lines of tokens. Blanks separate; `(`, `)` and `,` stand alone but
// inside quotes and braces; `#` before a token begins a comment; a line goes on in the next one
// while a parenthesis is open, or behind a `\` at its end. Quotes are as in a session.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/display.hpp"
#include "core/base/error.hpp"

namespace ckptscope {

/// A text and what errors call it: "hy_v3.map", or the path of a user's file.
struct MappingText {
  std::string name;
  std::string text;
};

/// Lines and characters, both from 1.
struct Position {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
};

struct Token {
  enum class Kind {
    Bare,
    Literal,  // '…': every character stands for itself
    Escaped,  // "…": escapes have been read
    Mark,     // ( ) ,
    End,      // of the line
  } kind = Kind::Bare;
  std::string text{};
  Position at{};

  bool is(std::string_view bare) const {
    return (kind == Kind::Bare || kind == Kind::Mark) && text == bare;
  }
  bool is_quoted() const { return kind == Kind::Literal || kind == Kind::Escaped; }
  /// As errors show it.
  std::string shown() const {
    return kind == Kind::End ? "the end of the line" : '"' + display(text) + '"';
  }
};

/// At least one token, then one of kind End.
using TokenLine = std::vector<Token>;

/// Throws BadMapping as a compiler does: "hy_v3.map:12:31: message".
template <typename... Args>
[[noreturn]] void fail_at(std::string_view name, const Position& at,
                          fmt::format_string<Args...> format, Args&&... args) {
  throw Error(Code::BadMapping, fmt::format("{}:{}:{}: {}", display(name), at.line, at.column,
                                            fmt::format(format, std::forward<Args>(args)...)));
}

/// Reads a text line by line. Throws BadMapping: a quote, brace or parenthesis that is not closed,
/// a bad escape, controls, no UTF-8, more than 1 MB.
class Tokeniser {
 public:
  explicit Tokeniser(const MappingText& text);
  /// The next line that has tokens; false at the end.
  bool next(TokenLine& line);

 private:
  bool at_end() const { return at_ == text_.size(); }
  bool at_line_end() const { return at_end() || text_[at_] == '\n'; }
  void step();
  bool goes_on() const;
  Token read_token();
  void read_quoted(Token& token);
  void read_bare(Token& token);

  const std::string& name_;
  const std::string& text_;
  std::size_t at_ = 0;
  Position position_;
  std::vector<Position> open_;  // parentheses
};

}  // namespace ckptscope
