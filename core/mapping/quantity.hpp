// The values of a mapping's text: what `let`, `when` and counts are made of.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/config.hpp"
#include "core/mapping/mapping.hpp"
#include "core/mapping/tokens.hpp"

namespace ckptscope {

/// A value, or none: what a config does not state stays unknown through every operator but `??`.
struct Quantity {
  ConfigValue value{};
  std::string missing{};  // of an unknown one: the path of the config that would tell

  bool known() const { return !value.absent(); }
  bool holds() const;  // a flag that is true
  Extent extent() const;
  std::optional<double> real() const;
};

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

/// What a value may name.
struct Surroundings {
  const Config& config;
  const MappingOptions& options;
  bool exact =
      false;  // paths of the config are looked for where they say, not in its text part too
};
using Bindings = std::map<std::string, Quantity, std::less<>>;

/// True for words that begin or join values, which nothing can be bound to.
bool is_value_word(std::string_view name);

/// Reads and computes one value: `or`, `and`, `not`, comparisons, `+ - * /`, `??`, numbers, texts
/// in quotes, `layout`, `set.NAME`, `.path`, `has .path`, `length .path`, names that are bound.
/// Whole numbers are exact in 64 bits; what does not fit, or is divided by zero, is unknown. Throws
/// BadMapping.
Quantity read_quantity(TokenCursor& cursor, const Surroundings& surroundings,
                       const Bindings& bindings);

}  // namespace ckptscope
