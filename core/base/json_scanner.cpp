// A scanner, not a parser: values are walked in place, and only strings with escapes are copied.
#include "core/base/json_scanner.hpp"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <set>

#include "core/base/display.hpp"
#include "core/base/eight_bytes.hpp"
#include "core/base/error.hpp"
#include "core/base/natural_order.hpp"

namespace ckptscope {
namespace {

constexpr int kMaxDepth = 127;  // serde_json refuses the 128th level

/// The first byte from `at` on that is not plain inside a string: a quote, backslash or control
/// character; or one of the last seven.
std::size_t skip_plain(std::string_view text, std::size_t at) {
  return find_in_eights(text, at, [](EightBytes eight) {
    return eight.below(0x20) | eight.equal('"') | eight.equal('\\');
  });
}

std::string excerpt(std::string_view text, std::size_t at) {
  const std::size_t from = at < 12 ? 0 : at - 12;
  return display(text.substr(from, 24));
}

}  // namespace

void JsonScanner::fail_expected(std::string_view expected) {
  if (at_ >= text_.size()) {
    fail(Code::BadJson, "JSON ends at offset {} where {} is expected", text_.size(), expected);
  }
  fail(Code::BadJson, "JSON at offset {}: {} expected, near \"{}\"", at_, expected,
       excerpt(text_, at_));
}

void JsonScanner::enter(char c, std::string_view what) {
  expect(c, what);
  if (++depth_ > kMaxDepth) {
    fail(Code::BadJson, "JSON at offset {}: nested deeper than {} levels", at_ - 1, kMaxDepth);
  }
}

void JsonScanner::enter_object() {
  enter('{', "an object");
}

void JsonScanner::enter_array() {
  enter('[', "an array");
}

bool JsonScanner::next(bool first, char close, std::string_view what) {
  if (peek() == close && at_ < text_.size()) {
    ++at_;
    --depth_;
    return false;
  }
  if (!first) {
    expect(',', what);
    if (peek() == close) fail_expected("a value after the comma");
  }
  return true;
}

bool JsonScanner::next_member(bool first, std::string_view& key) {
  if (!next(first, '}', "',' or '}'")) return false;
  if (peek() != '"') fail_expected("a name in double quotes");
  key = string();
  expect(':', "':'");
  return true;
}

bool JsonScanner::next_element(bool first) {
  return next(first, ']', "',' or ']'");
}

std::string_view JsonScanner::string() {
  expect('"', "a string");
  const std::size_t start = at_;
  for (at_ = skip_plain(text_, at_); at_ < text_.size(); ++at_) {
    const auto c = static_cast<unsigned char>(text_[at_]);
    if (c == '"') return text_.substr(start, at_++ - start);
    if (c == '\\') return string_with_escapes(start);
    if (c < 0x20) fail_expected("no control character in a string");
  }
  fail_expected("the end of the string");
}

std::string_view JsonScanner::string_with_escapes(std::size_t start) {
  scratch_.assign(text_.substr(start, at_ - start));
  while (at_ < text_.size()) {
    const auto c = static_cast<unsigned char>(text_[at_]);
    if (c < 0x20) fail_expected("no control character in a string");
    ++at_;
    if (c == '"') return scratch_;
    if (c != '\\') {
      scratch_ += static_cast<char>(c);
      continue;
    }
    const char escape = at_ < text_.size() ? text_[at_] : '\0';
    constexpr std::string_view kFrom = "\"\\/bfnrt";
    constexpr std::string_view kTo = "\"\\/\b\f\n\r\t";
    if (escape == 'u') {
      ++at_;
      append_utf8(scratch_, unicode_escape());
    } else if (const auto i = kFrom.find(escape); i != kFrom.npos && escape != '\0') {
      ++at_;
      scratch_ += kTo[i];
    } else {
      fail_expected("a JSON escape");
    }
  }
  fail_expected("the end of the string");
}

char32_t JsonScanner::unicode_escape() {
  const unsigned high = hex4();
  if (high < 0xD800 || high > 0xDFFF) return high;
  if (high > 0xDBFF) fail_expected("no lone low surrogate");
  if (text_.substr(at_, 2) != "\\u") fail_expected("the second half of a surrogate pair");
  at_ += 2;
  const unsigned low = hex4();
  if (low < 0xDC00 || low > 0xDFFF) fail_expected("a low surrogate");
  return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
}

unsigned JsonScanner::hex4() {
  unsigned value = 0;
  const std::string_view digits = text_.substr(at_, 4);
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (digits.size() != 4 || error != std::errc() || end != digits.data() + 4) {
    fail_expected("four hexadecimal digits");
  }
  at_ += 4;
  return value;
}

std::uint64_t JsonScanner::unsigned_integer() {
  skip_space();
  const char* begin = text_.data() + at_;
  const char* limit = text_.data() + text_.size();
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(begin, limit, value);
  const bool leading_zero = end - begin > 1 && *begin == '0';
  const bool goes_on = end != limit && (*end == '.' || *end == 'e' || *end == 'E');
  if (error != std::errc() || leading_zero || goes_on) {
    fail_expected("an integer from 0 to 2^64 - 1");
  }
  at_ += static_cast<std::size_t>(end - begin);
  return value;
}

void JsonScanner::skip_number() {
  const std::size_t start = at_;
  const auto digits = [this] {
    if (at_ >= text_.size() || !is_digit(text_[at_])) fail_expected("a digit");
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
  };
  if (text_[at_] == '-') ++at_;
  if (at_ < text_.size() && text_[at_] == '0') {
    ++at_;
  } else {
    digits();
  }
  if (at_ < text_.size() && text_[at_] == '.') {
    ++at_;
    digits();
  }
  if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
    ++at_;
    if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
    digits();
  }
  const std::string number(text_.substr(start, at_ - start));
  if (std::isinf(std::strtod(number.c_str(), nullptr))) {
    at_ = start;
    fail_expected("a number in the range of a double");
  }
}

void JsonScanner::skip_literal(std::string_view literal) {
  if (text_.substr(at_, literal.size()) != literal) fail_expected("a JSON value");
  at_ += literal.size();
}

void JsonScanner::skip_python_number(std::string_view word) {
  if (dialect_ != JsonDialect::Python) fail_expected("a JSON value");
  skip_literal(word);
}

void JsonScanner::skip_value(bool unique_keys) {
  switch (peek()) {
    case '{': {
      enter_object();
      std::set<std::string, std::less<>> seen;
      std::string_view key;
      for (bool first = true; next_member(first, key); first = false) {
        if (unique_keys && !seen.emplace(key).second) {
          fail(Code::DuplicateKey, "JSON at offset {}: name \"{}\" stands twice", at_,
               display(key));
        }
        skip_value(unique_keys);
      }
      return;
    }
    case '[':
      enter_array();
      for (bool first = true; next_element(first); first = false) skip_value(unique_keys);
      return;
    case '"':
      string();
      return;
    case 't':
      return skip_literal("true");
    case 'f':
      return skip_literal("false");
    case 'n':
      return skip_literal("null");
    case 'N':
      return skip_python_number("NaN");
    case 'I':
      return skip_python_number("Infinity");
    default:
      if (dialect_ == JsonDialect::Python && text_.substr(at_).starts_with("-I")) {
        return skip_python_number("-Infinity");
      }
      if (peek() != '-' && !is_digit(peek())) fail_expected("a JSON value");
      return skip_number();
  }
}

void JsonScanner::finish() {
  skip_space();
  if (at_ < text_.size()) fail_expected("the end of the JSON text");
}

}  // namespace ckptscope
