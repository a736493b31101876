// A strict one-pass scanner of JSON text (RFC 8259), without a DOM: the caller knows the grammar it
// wants and asks for it piece by piece. Used for safetensors headers and index files, whose size
// makes a general parser the slowest part of opening a checkpoint, and to check config files.
//
// Strict means what serde_json (the reference library's parser) means: at most 127 levels, no
// trailing commas, numbers must be finite doubles even where they are skipped, surrogates paired.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ckptscope {

/// Python's json module writes and reads three words more than RFC 8259 has: NaN, Infinity and
/// -Infinity, where a value stands. Configs have them.
enum class JsonDialect { Rfc8259, Python };

/// Every method throws Error{Code::BadJson} that states the offset and what was expected there.
/// The text must outlive the scanner and be valid UTF-8. Not thread-safe; cheap to make.
class JsonScanner {
 public:
  explicit JsonScanner(std::string_view text, JsonDialect dialect = JsonDialect::Rfc8259)
      : text_(text), dialect_(dialect) {}

  /// Enters an object or array. Members are then read with `next_member` / `next_element`.
  void enter_object();
  void enter_array();
  /// True: `key` is the next member's name and its value comes next. False: the object was left.
  /// `key` stays valid until the next string is read. Pass first = true for the first member.
  bool next_member(bool first, std::string_view& key);
  bool next_element(bool first);

  /// A string value, escapes resolved. Points into the text, or into `scratch` when it had escapes.
  std::string_view string();
  /// A non-negative integer of 64 bits, written without sign, fraction, exponent or leading zero.
  std::uint64_t unsigned_integer();
  /// Any value, checked and passed over. Inside objects, throws Code::DuplicateKey when
  /// `unique_keys` and a name stands twice.
  void skip_value(bool unique_keys = false);
  /// Nothing but white space may follow.
  void finish();

  /// The first character of the next value ('{', '"', 'n', …), 0 at the end. Consumes white space.
  char peek() {
    skip_space();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  std::size_t offset() const { return at_; }
  [[noreturn]] void fail_expected(std::string_view expected);

 private:
  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  static bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
  void expect(char c, std::string_view what) {
    if (peek() != c || at_ >= text_.size()) fail_expected(what);
    ++at_;
  }
  void enter(char c, std::string_view what);
  bool next(bool first, char close, std::string_view what);
  std::string_view string_with_escapes(std::size_t start);
  char32_t unicode_escape();
  unsigned hex4();
  void skip_number();
  void skip_literal(std::string_view literal);
  void skip_python_number(std::string_view word);

  std::string_view text_;
  JsonDialect dialect_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::string scratch_;
};

}  // namespace ckptscope
