// The lines of a text by the words that they begin with, those of a block inside it.
#pragma once

#include <vector>

#include "core/language/tokens.hpp"
#include "core/language/words.hpp"

namespace ckptscope {

struct Statement {
  const Word* word = nullptr;  // of an equation `=`
  TokenLine line{};
  std::vector<Statement> body{};       // of a block,
  std::vector<Statement> otherwise{};  // behind its `else`

  const Position& at() const { return line.front().at; }
};

/// The word that a line begins with; null where it can only be an equation.
const Word* find_first_word(const TokenLine& line);

/// Throws BadMapping: as Tokeniser does; a line that is neither a word's nor an equation; a first
/// line behind others; a block that does not end, or of which only the end is there.
std::vector<Statement> read_statements(const MappingText& text);

}  // namespace ckptscope
