// One pass over the text, a character at a time; positions are kept as it goes.
#include "core/language/tokens.hpp"

#include <algorithm>

namespace ckptscope {
namespace {

constexpr std::size_t kMostBytes = 1 << 20;

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

bool is_mark(char c) {
  return c == '(' || c == ')' || c == ',';
}

}  // namespace

Tokeniser::Tokeniser(const MappingText& text) : name_(text.name), text_(text.text) {
  if (text_.size() > kMostBytes) fail_at(name_, {}, "more than 1 MB");
  if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;  // a byte order mark
  if (const std::size_t at = find_invalid_utf8(text_); at != text_.npos) {
    const auto lines = std::count(text_.data(), text_.data() + at, '\n');
    fail_at(name_, {static_cast<std::uint32_t>(lines) + 1, 1}, "byte {} is not UTF-8", at);
  }
}

void Tokeniser::step() {
  if (text_[at_++] == '\n') {
    position_ = {position_.line + 1, 1};
  } else if (at_end() || (static_cast<unsigned char>(text_[at_]) & 0xC0) != 0x80) {
    ++position_.column;  // behind the last byte of a character
  }
}

/// At a `\` with nothing but blanks behind it.
bool Tokeniser::goes_on() const {
  if (text_[at_] != '\\') return false;
  const std::size_t next = text_.find_first_not_of(" \t\r", at_ + 1);
  return next == text_.npos || text_[next] == '\n';
}

bool Tokeniser::next(TokenLine& line) {
  line.clear();
  for (; !at_end() && (text_[at_] != '\n' || line.empty() || !open_.empty());) {
    if (is_blank(text_[at_]) || text_[at_] == '\n') {
      step();
    } else if (text_[at_] == '#' || goes_on()) {
      const bool is_comment = text_[at_] == '#';
      while (!at_line_end()) step();
      if (!is_comment && !at_end()) step();
    } else {
      line.push_back(read_token());
    }
  }
  if (!open_.empty()) fail_at(name_, open_.back(), "a ( is not closed");
  if (line.empty()) return false;
  line.push_back({Token::Kind::End, "", position_});
  return true;
}

Token Tokeniser::read_token() {
  Token token{Token::Kind::Bare, "", position_};
  const char c = text_[at_];
  if (c == '\'' || c == '"') {
    read_quoted(token);
  } else if (is_mark(c)) {
    token.kind = Token::Kind::Mark;
    token.text = c;
    step();
    if (c == '(') open_.push_back(token.at);
    if (c == ')' && open_.empty()) fail_at(name_, token.at, "a ) without its (");
    if (c == ')') open_.pop_back();
  } else {
    read_bare(token);
  }
  return token;
}

void Tokeniser::read_quoted(Token& token) {
  const char quote = text_[at_];
  token.kind = quote == '"' ? Token::Kind::Escaped : Token::Kind::Literal;
  for (step(); !at_end() && text_[at_] != quote;) {
    if (quote == '\'' || text_[at_] != '\\') {
      token.text += text_[at_];
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

/// Up to a blank or a mark, which belong to it in braces and in the parentheses of $(name).
void Tokeniser::read_bare(Token& token) {
  char closes = '\0';
  for (; !at_line_end(); step()) {
    const char c = text_[at_];
    if (static_cast<unsigned char>(c) < 0x20 && !is_blank(c)) {
      fail_at(name_, position_, "a control character; quotes with \\xNN can hold it");
    }
    if (closes != '\0') {
      if (c == closes) closes = '\0';
    } else if (c == '{' || (c == '(' && token.text.ends_with('$'))) {
      closes = c == '{' ? '}' : ')';
    } else if (is_blank(c) || is_mark(c)) {
      return;
    }
    token.text += c;
  }
  if (closes != '\0') fail_at(name_, token.at, "{}: a {} is missing", display(token.text), closes);
}

}  // namespace ckptscope
