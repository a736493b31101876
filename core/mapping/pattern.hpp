// Patterns over whole keys, with captures by name. No regular expressions: a mapping should read
// like the keys it describes.
//
//   {p}           any text, empty too, may end inside a segment   (name begins with a small letter)
//   {L}           digits                                          (name begins with a capital)
//   {K+61}        digits, counted from 61 on: "61" is captured as 0
//   {a=weight|bias}  one of a closed set; an alternative may be empty
//   {{            the character {
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ckptscope {

/// Captured text by variable name: a handful for every key of hundreds of thousands, so one list
/// instead of a tree. Iterators are valid until something is added.
class Captures {
 public:
  using Variable = std::pair<std::string, std::string>;  // name, text
  using Iterator = std::vector<Variable>::const_iterator;

  Captures() = default;
  Captures(std::initializer_list<Variable> variables);

  Iterator begin() const { return variables_.begin(); }  // in order of names
  Iterator end() const { return variables_.end(); }
  Iterator find(std::string_view name) const;
  std::string& operator[](std::string_view name);
  void erase(std::string_view name);  // which is there

 private:
  std::vector<Variable>::iterator place_of(std::string_view name);
  std::vector<Variable> variables_;
};
/// The value of a digits variable that has been captured.
std::uint64_t number_of(const Captures& captures, std::string_view variable);

/// "weight|bias", as sets and choices are written, taken apart; never empty.
std::vector<std::string> split_choices(std::string_view text);

/// Immutable after construction except for bind_sets; matching is thread-safe.
class Pattern {
 public:
  /// Throws std::invalid_argument, which says what is wrong, for a malformed pattern.
  Pattern(std::string_view text);  // NOLINT: implicit, so that rules read as tables
  Pattern(const char* text) : Pattern(std::string_view(text)) {}
  Pattern(const std::string& text) : Pattern(std::string_view(text)) {}

  /// Matches the whole key; the shortest text for {p} wins.
  std::optional<Captures> match(std::string_view key) const;
  bool matches(std::string_view key) const;

  /// The key for these captures; nullopt when a variable is missing, or outside its set.
  std::optional<std::string> expand(const Captures& captures) const;

  const std::string& text() const { return text_; }
  /// The literal text behind the last variable: "up_proj.weight" in "{p}.{E}.up_proj.weight".
  std::string_view tail() const;

  /// Names of the variables, in order; `{p}` alone where `open`.
  std::vector<std::string_view> variables(bool open = false) const;

  /// True when a variable is a closed set here and another one there.
  bool contradicts(const Pattern& other) const;

  /// A closed set declared on one side of an equation holds on the other: copies the sets of
  /// `other` to the variables of the same name here.
  void bind_sets(const Pattern& other);

 private:
  struct Piece {
    enum class Kind { Literal, Text, Digits, Set } kind;
    std::string text;                    // literal text, or the variable's name
    std::vector<std::string> choices{};  // of a Set
    std::uint64_t first = 0;             // of Digits: what is captured as 0
  };
  void add_variable(std::string_view inside);
  bool can_end(std::string_view key) const;
  // Without `captures` nothing is kept: for patterns in which no variable repeats.
  bool match_from(std::size_t piece, std::string_view rest, Captures* captures) const;
  bool match_text(std::size_t piece, std::string_view rest, Captures* captures) const;
  bool match_digits(std::size_t piece, std::string_view rest, Captures* captures) const;
  /// The next `length` bytes stand for the variable, whose value is `text`.
  bool capture(std::size_t piece, std::string_view rest, std::size_t length, std::string_view text,
               Captures* captures) const;

  std::string text_;
  std::vector<Piece> pieces_;
  bool repeats_ = false;  // a variable stands twice and must be the same text
};

}  // namespace ckptscope
