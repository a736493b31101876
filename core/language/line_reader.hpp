// What a line says: its tokens taken one after the other, as the form of its word has them, with
// the names that the line sees. Texts may come with a checkpoint from anywhere: everything has a
// limit.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/language/form.hpp"
#include "core/language/scope.hpp"

namespace ckptscope {

class LineFields;

/// What stands in a slot.
struct LineField {
  std::string text{};  // a name, a text, a key as a pattern's text, or a value as it is written
  Position at{};
  Quantity value{};
  // Of one side of an equation, or an operand:
  std::vector<std::string> spellings{};           // keys that a tensor may have,
  std::shared_ptr<const LineFields> operation{};  // or how it is made
};

/// What a line or an operation says, by the slots and the words of its form.
class LineFields {
 public:
  explicit LineFields(const Word* word = nullptr) : word(word) {}
  bool has(std::string_view name) const { return fields_.contains(name); }
  /// An empty one where it was left out. A slot that the form of `word` does not have is a mistake
  /// of the program: throws std::logic_error.
  const LineField& operator[](std::string_view name) const;
  void add(std::string_view name, LineField field) { fields_[name] = std::move(field); }

  const Word* word;
  std::vector<LineFields> repeated{};

 private:
  std::map<std::string_view, LineField> fields_;  // names as the forms have them
};

/// Throws BadMapping, with the place, for everything that is not what it should be.
class LineReader {
 public:
  /// All must outlive it. `file` is what errors call the text.
  LineReader(const std::string& file, const TokenLine& line, const Surroundings& surroundings,
             const Scope& scope)
      : file_(file), line_(line), surroundings_(surroundings), scope_(scope) {}

  /// What stands here by the form of `word`, or by the first `parts` of it. Errors show the form
  /// from then on.
  LineFields read(const Word& word, std::size_t parts = std::string_view::npos);
  /// `forms` must outlive `fields`.
  void read(std::span<const Form> forms, LineFields& fields);
  Quantity value();   // value_reader.cpp
  std::string key();  // as Scope::key has it

  const Token& peek() const { return line_[at_]; }
  bool at_end() const { return peek().kind == Token::Kind::End; }
  const Token& take() { return at_end() ? peek() : line_[at_++]; }
  bool accept(std::string_view bare);  // takes the token if it is that one
  void expect(std::string_view bare);
  void expect_end() const;
  template <typename... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) const {
    fail_at(file_, peek().at, format, std::forward<Args>(args)...);
  }
  /// "EXPECTED is expected, not \"found\": FORM".
  [[noreturn]] void fail_expected(std::string_view expected) const;

  /// Of keys that have been read, with their texts put in.
  std::size_t characters() const { return characters_; }
  const Surroundings& surroundings() const { return surroundings_; }
  const Scope& scope() const { return scope_; }

 private:
  void read_one(const Form& form, LineFields& fields);
  std::span<const Form> read_optional(std::span<const Form> forms, LineFields& fields);
  bool begins(const Form& form) const;
  LineField read_slot(const std::string& name);
  void read_operand(LineField& field);
  LineFields operation();

  const std::string& file_;
  const TokenLine& line_;
  const Surroundings& surroundings_;
  const Scope& scope_;
  std::size_t at_ = 0;
  std::string_view form_{};  // of the innermost word that is read
  int nested_ = 0;           // operations in each other
  int keys_ = 0;             // that have been read
  std::size_t characters_ = 0;
};

}  // namespace ckptscope
