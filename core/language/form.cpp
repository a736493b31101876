// Forms have the tokens of the language itself, but for the brackets, which lie within them.
#include "core/language/form.hpp"

#include <map>

#include "core/language/tokens.hpp"

namespace ckptscope {
namespace {

/// Tokens, brackets by themselves.
std::vector<std::string> pieces_of(std::string_view form) {
  std::vector<std::string> pieces;
  const MappingText text{"form", std::string(form)};
  TokenLine line;
  Tokeniser(text).next(line);
  line.pop_back();
  for (Token& token : line) {
    const bool opens = token.text.starts_with('[');
    const bool closes = token.text.ends_with(']');
    if (opens) pieces.emplace_back("[");
    pieces.push_back(token.text.substr(opens, token.text.size() - opens - closes));
    if (closes) pieces.emplace_back("]");
  }
  return pieces;
}

Form one_of(const std::string& piece) {
  Form form;
  for (std::string& choice : split_choices(piece)) {
    const bool is_slot = choice.front() >= 'A' && choice.front() <= 'Z';
    (is_slot ? form.slot : form.words.emplace_back()) = std::move(choice);
  }
  return form;
}

bool is_word(const Form& form, std::string_view word) {
  return form.words.size() == 1 && form.words.front() == word;
}

/// `...` behind these.
void repeat(std::vector<Form>& forms) {
  const bool by_comma = is_word(forms.back(), ",");
  if (by_comma) forms.pop_back();
  auto begin = forms.end() - 1;
  while (by_comma && begin != forms.begin() && !is_word(begin[-1], ",") && !is_word(begin[-1], "("))
    --begin;
  Form repeated{Form::Kind::Repeated, {}, "", {begin, forms.end()}, by_comma};
  forms.erase(begin, forms.end());
  forms.push_back(std::move(repeated));
}

/// Up to the ] of this part, or to the end.
std::vector<Form> take_forms(const std::vector<std::string>& pieces, std::size_t& at) {
  std::vector<Form> forms;
  for (; at < pieces.size() && pieces[at] != "]"; ++at) {
    if (pieces[at] == "[") {
      forms.push_back({Form::Kind::Optional, {}, "", take_forms(pieces, ++at)});
    } else if (pieces[at] == "...") {
      repeat(forms);
    } else {
      forms.push_back(one_of(pieces[at]));
    }
  }
  return forms;
}

}  // namespace

std::vector<Form> read_form(std::string_view text) {
  std::size_t at = 0;
  return take_forms(pieces_of(text), at);
}

const std::vector<Form>& form_of(const Word& word) {
  static const auto forms = [] {
    std::map<const Word*, std::vector<Form>> all;
    for (const Word& one : mapping_words()) all[&one] = read_form(one.form);
    return all;
  }();
  return forms.at(&word);
}

}  // namespace ckptscope
