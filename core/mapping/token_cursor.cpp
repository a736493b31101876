// What a line must have next, or the error that says so.
#include "core/mapping/token_cursor.hpp"

namespace ckptscope {
namespace {

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  });
}

}  // namespace

bool TokenCursor::accept(std::string_view bare) {
  if (!peek().is(bare)) return false;
  take();
  return true;
}

void TokenCursor::expect(std::string_view bare) {
  if (!accept(bare)) fail_expected(bare);
}

void TokenCursor::expect_end() const {
  if (!at_end()) fail_expected("the end of the line");
}

std::string TokenCursor::take_name(std::string_view what) {
  if (peek().kind != Token::Kind::Bare || !is_name(peek().text)) fail_expected(what);
  return take().text;
}

std::string TokenCursor::take_text(std::string_view what) {
  if (peek().kind == Token::Kind::Mark || at_end()) fail_expected(what);
  return take().text;
}

std::string TokenCursor::text_since(std::size_t place) const {
  std::string text;
  for (std::size_t i = place; i < at_; ++i) text += line_[i].text + " ";
  return text;
}

void TokenCursor::fail_expected(std::string_view expected) const {
  if (at_end()) fail("{} is expected, not the end of the line", expected);
  fail("{} is expected, not \"{}\"", expected, display(peek().text));
}

}  // namespace ckptscope
