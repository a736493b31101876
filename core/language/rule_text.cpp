// An operation is printed by the form that it is read by.
#include "core/language/rule_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/language/form.hpp"

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
  return *std::ranges::find(words_of(Word::Group::Operation, Word::Group::Operation), op,
                            &Word::op);
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

/// What a slot of an operation's form holds.
std::string slot_text(const Part& part, std::string_view slot) {
  if (slot == "E") return part.index;
  if (slot == "DIM") return std::to_string(part.dim);
  if (slot == "COUNT") return size_text(part.extent);
  if (slot == "MULTIPLE") return std::to_string(part.multiple);
  return part_text(part.parts[slot == "FACTOR" ? 1 : 0]);
}

std::string part_text(const Part& part) {
  if (part.op == Part::Op::Tensor) return spellings_text(part.spellings);
  std::string text;
  for (const Form& form : form_of(word_of(part.op))) {
    if (form.kind == Form::Kind::Repeated) {
      text += parts_text(part);
    } else if (form.slot.empty()) {
      text += form.words.front() + (form.words.front() == "," ? " " : "");
    } else {
      text += slot_text(part, form.slot);
    }
  }
  return text;
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
