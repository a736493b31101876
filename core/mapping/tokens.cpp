// One pass over the text, a character at a time; positions are kept as it goes.
#include "core/mapping/tokens.hpp"

#include <algorithm>

namespace ckptscope {
namespace {

constexpr std::size_t kMostBytes = 1 << 20;

bool is_mark(char c) {
  return c == '(' || c == ')' || c == ',';
}

}  // namespace

Tokeniser::Tokeniser(const MappingText& text) : name_(text.name), text_(text.text) {
  if (text_.size() > kMostBytes) fail_at(name_, {}, "more than 1 MB");
  if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;  // a byte order mark
  if (const std::size_t at = find_invalid_utf8(text_); at != text_.npos) {
    const auto line =
        std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at), '\n');
    fail_at(name_, {static_cast<std::uint32_t>(line) + 1, 1}, "byte {} is not UTF-8", at);
  }
}

void Tokeniser::step() {
  const auto byte = static_cast<unsigned char>(text_[at_++]);
  if (byte == '\n') {
    position_ = {position_.line + 1, 1};
  } else if (at_ == text_.size() || (static_cast<unsigned char>(text_[at_]) & 0xC0) != 0x80) {
    ++position_.column;  // behind the last byte of a character
  }
}

void Tokeniser::skip_blanks_and_comments() {
  while (!at_end() && (peek() == ' ' || peek() == '\t' || peek() == '\r')) step();
  if (at_end() || peek() != '#') return;
  while (!at_end() && peek() != '\n') step();
}

/// At the end of a line of the text: whether the line of tokens goes on behind it.
bool Tokeniser::continues() {
  if (!open_.empty() && !at_end()) return true;
  if (!open_.empty()) fail_at(name_, open_.back(), "a ( is not closed");
  return false;
}

bool Tokeniser::next(TokenLine& line) {
  line.clear();
  for (;;) {
    skip_blanks_and_comments();
    if (at_end() || peek() == '\n') {
      const bool goes_on = continues();
      if (!goes_on && !line.empty()) break;
      if (at_end()) return false;
      step();
      continue;
    }
    if (peek() == '\\' && text_.find_first_not_of(" \t\r", at_ + 1) ==
                              std::min(text_.find('\n', at_), text_.size())) {
      while (!at_end() && peek() != '\n') step();
      if (!at_end()) step();
      continue;
    }
    line.push_back(read_token());
  }
  line.push_back({Token::Kind::End, "the end of the line", position_});
  return true;
}

Token Tokeniser::read_token() {
  Token token{Token::Kind::Bare, "", position_};
  const char c = peek();
  if (is_mark(c)) {
    token.kind = Token::Kind::Mark;
    token.text = c;
    step();
    if (c == '(') open_.push_back(token.at);
    if (c == ')' && open_.empty()) fail_at(name_, token.at, "a ) without its (");
    if (c == ')') open_.pop_back();
  } else if (c == '\'' || c == '"') {
    read_quoted(token);
  } else {
    read_bare(token);
  }
  return token;
}

void Tokeniser::read_quoted(Token& token) {
  const char quote = peek();
  token.kind = quote == '"' ? Token::Kind::Escaped : Token::Kind::Literal;
  for (step(); !at_end() && peek() != quote;) {
    if (quote == '\'' || peek() != '\\') {
      token.text += peek();
      step();
      continue;
    }
    try {
      for (const std::size_t end = read_escape(text_, at_, token.text); at_ < end;) step();
    } catch (const Error& error) {
      fail_at(name_, position_, "{}", error.what());
    }
  }
  if (at_end()) fail_at(name_, token.at, "a {} is not closed", quote);
  step();
}

/// Up to a blank or a mark; what stands in braces, and in the parentheses of $(name), belongs to
/// it.
void Tokeniser::read_bare(Token& token) {
  char closes = '\0';
  for (; !at_end() && peek() != '\n'; step()) {
    const char c = peek();
    if (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\r') {
      fail_at(name_, position_, "a control character; quotes with \\xNN can hold it");
    }
    if (closes == '\0' && c == '(' && token.text.ends_with('$')) {
      closes = ')';
    } else if (closes == '\0' && (c == ' ' || c == '\t' || c == '\r' || is_mark(c))) {
      return;
    } else if (closes == '\0' && c == '{') {
      closes = '}';
    } else if (c == closes) {
      closes = '\0';
    }
    token.text += c;
  }
  if (closes != '\0') fail_at(name_, token.at, "{}: a {} is missing", display(token.text), closes);
}

}  // namespace ckptscope
