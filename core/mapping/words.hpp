// The words of the mapping language, one row a word: the reader, `help mapping` and the manual read
// the table.
#pragma once

#include <span>
#include <string_view>

#include "core/mapping/mapping.hpp"

namespace ckptscope {

struct Word {
  enum class Group { Head, Line, Operation, Addition, Value } group;
  std::string_view name;
  std::string_view form;           // as it is written
  std::string_view help;           // what it does; of an operation both ways
  Part::Op op = Part::Op::Tensor;  // of an operation
  /// Of an operation: i a name that counts, d a dimension, n how many, m a multiple, x a tensor or
  /// an operation, s one or more of `x` or `x : size`.
  std::string_view operands{};
};

/// Grouped, in the order in which a person learns them. Static storage.
std::span<const Word> mapping_words();
/// Of that group and name; null without one.
const Word* find_word(Word::Group group, std::string_view name);
std::string_view name_of(Word::Group group);  // a heading: "operations"

}  // namespace ckptscope
