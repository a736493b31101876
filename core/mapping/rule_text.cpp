// The table of words says in which order an operation has its operands.
#include "core/mapping/rule_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/mapping/words.hpp"

namespace ckptscope {
namespace {

std::string spellings_text(const std::vector<Pattern>& spellings) {
  std::string text;
  for (const Pattern& one : spellings) text += (text.empty() ? "" : " | ") + one.text();
  return text;
}

std::string size_text(Extent size) {
  return size ? std::to_string(*size) : "?";
}

const Word& word_of(Part::Op op) {
  const auto words = mapping_words();
  return *std::find_if(words.begin(), words.end(), [&](const Word& word) {
    return word.group == Word::Group::Operation && word.op == op;
  });
}

std::string part_text(const Part& part);

/// Parts of a concatenation, with the sizes that it states.
std::string parts_text(const Part& part) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < part.parts.size(); ++i) {
    const Extent size = part.sizes.empty() ? part.each : part.sizes[i];
    texts.push_back(part_text(part.parts[i]) + (size ? " : " + size_text(size) : ""));
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::string operand_text(const Part& part, char kind, std::size_t& next) {
  switch (kind) {
    case 'i':
      return part.index;
    case 'd':
      return std::to_string(part.dim);
    case 'n':
      return size_text(part.extent);
    case 'm':
      return std::to_string(part.multiple);
    case 'x':
      return part_text(part.parts[next++]);
    default:
      return parts_text(part);
  }
}

std::string part_text(const Part& part) {
  if (part.op == Part::Op::Tensor) return spellings_text(part.spellings);
  const Word& word = word_of(part.op);
  std::vector<std::string> operands;
  std::size_t next = 0;
  for (const char kind : word.operands) operands.push_back(operand_text(part, kind, next));
  return fmt::format("{}({})", word.name, fmt::join(operands, ", "));
}

}  // namespace

std::string to_text(const Equation& equation) {
  const std::string whole = spellings_text(equation.whole);
  const std::string parts = part_text(equation.parts);
  std::string text = equation.side == Side::Native ? parts + " = " + whole : whole + " = " + parts;
  if (equation.fixed) text += fmt::format(" as {}", name_of(*equation.fixed));
  if (equation.as_output) text += " as output";
  if (equation.rows) text += " rows " + size_text(equation.rows);
  return text;
}

}  // namespace ckptscope
