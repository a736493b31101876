// The form of a word, as `help mapping` prints it, taken apart: it is what its line is read by.
//
//   drop [native] RULE "REASON" KEY [where N <|>= VALUE]
//   cat(DIM, X [: SIZE], ...)
//
// A name in capitals is a slot: it says what stands there. Anything else stands as it is, `a|b` one
// or the other. `[…]` may be left out, and those that follow each other stand in any order. `...`
// repeats: what lies between two commas, or else the slot before it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/language/words.hpp"

namespace ckptscope {

struct Form {
  enum class Kind { One, Optional, Repeated } kind = Kind::One;
  std::vector<std::string> words{};  // One: either of these,
  std::string slot{};                // or what it says
  std::vector<Form> inner{};         // Optional, Repeated
  bool by_comma = false;             // Repeated
};

/// `text` is the program's own and right.
std::vector<Form> read_form(std::string_view text);
/// Of a word that begins a line, or of an operation. Read once; thread-safe.
const std::vector<Form>& form_of(const Word& word);

}  // namespace ckptscope
