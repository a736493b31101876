// The words of the mapping language, one row a word: the reader, the printer, `help mapping` and
// the manual go by the table.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "core/mapping/mapping.hpp"

namespace ckptscope {

/// The first four groups are of words that begin lines.
struct Word {
  enum class Group { Head, Line, Block, Preset, Operation, Value } group;
  std::string_view name;
  std::string_view form;           // as it is written, and read: form.hpp
  std::string_view help;           // what it does; of an operation both ways
  Part::Op op = Part::Op::Tensor;  // of an operation
};

/// Grouped, in the order in which a person learns them. Static storage.
std::span<const Word> mapping_words();
std::span<const Word> words_of(Word::Group first, Word::Group last);
const Word* find_word(std::span<const Word> words, std::string_view name);  // null without one
std::vector<std::string_view> names_of(std::span<const Word> words);
std::string_view name_of(Word::Group group);  // a heading: "operations"

}  // namespace ckptscope
