// What the lines of a mapping are made of: values, keys and operations on keys, read with the names
// that a line sees. Texts may come with a checkpoint from anywhere: everything has a limit.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/mapping/mapping.hpp"
#include "core/mapping/tokens.hpp"
#include "core/mapping/value_reader.hpp"
#include "core/mapping/words.hpp"

namespace ckptscope {

/// Names that a line sees: values, and texts of keys.
struct Scope {
  Bindings values;
  std::map<std::string, std::string, std::less<>> texts;
};

/// A key as a pattern's text, with what errors need.
struct Key {
  std::string text;
  Position at;
};

/// The tensor that has one of these keys.
Part tensor_part(const std::vector<Key>& spellings, Side side);

/// Names of those groups.
std::vector<std::string_view> words_of(std::initializer_list<Word::Group> groups);

/// Throws BadMapping, with the place, for everything that is not what it should be.
class OperandReader {
 public:
  /// `lenient`: numbers that only a config can tell may be unknown. The surroundings must outlive
  /// it.
  OperandReader(const Surroundings& surroundings, bool lenient)
      : surroundings_(surroundings), lenient_(lenient) {}
  /// Gives what it was before.
  bool set_lenient(bool lenient) { return std::exchange(lenient_, lenient); }

  Quantity value(TokenCursor& cursor, const Scope& scope) const;
  /// A number from 1 on.
  std::uint64_t required(TokenCursor& cursor, const Scope& scope, std::string_view what) const;
  /// With its texts and numbers put in. In '…' braces and $ stand for themselves.
  Key key(TokenCursor& cursor, const Scope& scope) const;
  /// A key, several spellings of one, or an operation, at most so many in each other.
  Part side(TokenCursor& cursor, const Scope& scope, Side on, int nested = 0) const;

 private:
  Part operation(TokenCursor& cursor, const Scope& scope, Side on, int nested) const;
  void operand(TokenCursor& cursor, const Scope& scope, char kind, int nested, Part& part) const;
  void take_extent(TokenCursor& cursor, const Scope& scope, Part& part) const;
  void take_parts(TokenCursor& cursor, const Scope& scope, int nested, Part& part) const;
  std::string with_texts(const TokenCursor& cursor, const Scope& scope) const;
  std::string with_numbers(std::string text, const TokenCursor& cursor, const Scope& scope) const;

  const Surroundings& surroundings_;
  bool lenient_;
};

}  // namespace ckptscope
