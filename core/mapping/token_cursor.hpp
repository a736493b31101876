// The tokens of a line, taken one after the other.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "core/mapping/tokens.hpp"

namespace ckptscope {

/// Walks the tokens of a line.
class TokenCursor {
 public:
  TokenCursor(const std::string& name, const TokenLine& line) : name_(name), line_(line) {}

  const Token& peek(std::size_t ahead = 0) const {
    return line_[std::min(at_ + ahead, line_.size() - 1)];
  }
  const Token& take() { return line_[at_ < line_.size() - 1 ? at_++ : at_]; }
  bool at_end() const { return peek().kind == Token::Kind::End; }
  /// Takes the token if it is that one.
  bool accept(std::string_view bare);
  void expect(std::string_view bare);
  void expect_end() const;
  /// A name: letters, digits, `_`, `-` and dots, bare.
  std::string take_name(std::string_view what);
  /// A word, bare or in quotes.
  std::string take_text(std::string_view what);

  const std::string& name() const { return name_; }
  /// For text_since: the tokens that were taken from there on.
  std::size_t place() const { return at_; }
  std::string text_since(std::size_t place) const;
  template <typename... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) const {
    fail_at(name_, peek().at, format, std::forward<Args>(args)...);
  }
  /// "EXPECTED is expected, not \"found\"".
  [[noreturn]] void fail_expected(std::string_view expected) const;

 private:
  const std::string& name_;
  const TokenLine& line_;
  std::size_t at_ = 0;
};

}  // namespace ckptscope
