// A key's texts are put in first, then its numbers; what is left is a pattern.
#include "core/mapping/operand_reader.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <stdexcept>

#include "core/mapping/nearest_word.hpp"

namespace ckptscope {
namespace {

constexpr std::size_t kMostOpen = 3;           // {p} of a key: matching tries every place for each
constexpr std::size_t kMostVariables = 10;     // of a key
constexpr std::size_t kMostCharacters = 2000;  // of a key, with its texts put in
constexpr int kMostNested = 32;                // operations in each other

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::string what_is_missing(const Quantity& quantity) {
  return quantity.missing.empty() ? "a size" : quantity.missing;
}

void check_key(const TokenCursor& cursor, const std::string& text) {
  try {
    const Pattern pattern(text);
    const std::size_t variables = pattern.variables().size();
    if (variables > kMostVariables) {
      cursor.fail("a key of {} variables: at most {}", variables, kMostVariables);
    }
    if (pattern.variables(/*open=*/true).size() > kMostOpen) {
      cursor.fail("{}: at most {} open texts", text, kMostOpen);
    }
  } catch (const std::invalid_argument& error) {
    cursor.fail("{}", error.what());
  }
}

void take_dimension(TokenCursor& cursor, Part& part) {
  constexpr std::array<std::pair<std::string_view, int>, 8> kDimensions{
      {{"-4", -4}, {"-3", -3}, {"-2", -2}, {"-1", -1}, {"0", 0}, {"1", 1}, {"2", 2}, {"3", 3}}};
  for (const auto& [text, dim] : kDimensions) {
    if (!cursor.accept(text)) continue;
    part.dim = dim;
    return;
  }
  cursor.fail_expected("a dimension, -4 to 3,");
}

void take_index(TokenCursor& cursor, Part& part) {
  part.index = cursor.take_name("the name of a number");
  if (part.index.front() < 'A' || part.index.front() > 'Z') {
    cursor.fail("{} counts, so it begins with a capital", part.index);
  }
}

}  // namespace

std::vector<std::string_view> words_of(std::initializer_list<Word::Group> groups) {
  std::vector<std::string_view> names;
  for (const Word& word : mapping_words()) {
    const bool wanted = std::find(groups.begin(), groups.end(), word.group) != groups.end();
    if (wanted) names.push_back(word.name);
  }
  return names;
}

Part tensor_part(const std::vector<Key>& spellings, Side side) {
  Part part;
  part.side = side;
  for (const Key& one : spellings) part.spellings.emplace_back(one.text);
  return part;
}

// ---- values and keys ---------------------------------------------------------------------------

Quantity OperandReader::value(TokenCursor& cursor, const Scope& scope) const {
  return read_quantity(cursor, surroundings_, scope.values);
}

std::uint64_t OperandReader::required(TokenCursor& cursor, const Scope& scope,
                                      std::string_view what) const {
  const Position at = cursor.peek().at;
  const Extent number = value(cursor, scope).extent();
  if (number.value_or(lenient_ ? 1 : 0) > 0) return number.value_or(1);
  fail_at(cursor.name(), at, "{} is expected", what);
}

Key OperandReader::key(TokenCursor& cursor, const Scope& scope) const {
  const Token& token = cursor.peek();
  if (token.kind == Token::Kind::Mark || cursor.at_end()) cursor.fail_expected("a key");
  Key result{"", token.at};
  if (token.kind == Token::Kind::Literal) {
    for (const char c : token.text) result.text += c == '{' ? "{{" : std::string(1, c);
  } else {
    result.text = with_numbers(with_texts(cursor, scope), cursor, scope);
  }
  check_key(cursor, result.text);
  cursor.take();
  return result;
}

/// $NAME and $(NAME).
std::string OperandReader::with_texts(const TokenCursor& cursor, const Scope& scope) const {
  std::string_view text = cursor.peek().text;
  std::string out;
  for (std::size_t dollar = text.find('$'); dollar != text.npos; dollar = text.find('$')) {
    out += text.substr(0, dollar);
    text.remove_prefix(dollar + 1);
    const bool closed = text.starts_with('(');
    if (closed) text.remove_prefix(1);
    const auto stop = std::find_if_not(text.begin(), text.end(), is_letter);
    const std::string_view name = text.substr(0, static_cast<std::size_t>(stop - text.begin()));
    const auto found = scope.texts.find(name);
    if (found == scope.texts.end()) {
      std::vector<std::string_view> names;
      for (const auto& [one, bound] : scope.texts) names.push_back(one);
      cursor.fail("${}: no text of that name{}", display(name), suggestion(name, names));
    }
    out += found->second;
    if (out.size() > kMostCharacters) {
      cursor.fail("a key of more than {} characters", kMostCharacters);
    }
    text.remove_prefix(std::min(text.size(), name.size() + (closed ? 1 : 0)));
  }
  return out += text;
}

/// {K+NAME} with the number that NAME stands for.
std::string OperandReader::with_numbers(std::string text, const TokenCursor& cursor,
                                        const Scope& scope) const {
  for (std::size_t open = text.find('{'); open != text.npos; open = text.find('{', open + 1)) {
    const std::size_t plus = text.find_first_of("+=}", open);
    if (plus == text.npos || text[plus] != '+') continue;
    const std::size_t close = std::min(text.find('}', plus), text.size());
    const std::string name = text.substr(plus + 1, close - plus - 1);
    const auto found = scope.values.find(name);
    if (found == scope.values.end()) continue;  // a number as it stands, or the pattern's error
    const Extent number = found->second.extent();
    if (!number && !lenient_) {
      cursor.fail("{{…+{}}}: config.json does not state {}", name, what_is_missing(found->second));
    }
    text.replace(plus + 1, name.size(), std::to_string(number.value_or(0)));
  }
  return text;
}

// ---- operations --------------------------------------------------------------------------------

Part OperandReader::side(TokenCursor& cursor, const Scope& scope, Side on, int nested) const {
  if (cursor.peek().kind == Token::Kind::Bare && cursor.peek(1).is("(")) {
    return operation(cursor, scope, on, nested + 1);
  }
  std::vector<Key> spellings{key(cursor, scope)};
  while (cursor.accept("|")) spellings.push_back(key(cursor, scope));
  return tensor_part(spellings, on);
}

Part OperandReader::operation(TokenCursor& cursor, const Scope& scope, Side on, int nested) const {
  if (nested > kMostNested) cursor.fail("more than {} operations in each other", kMostNested);
  const Word* word = find_word(Word::Group::Operation, cursor.peek().text);
  if (word == nullptr) {
    const std::string& found = cursor.peek().text;
    cursor.fail("\"{}\": unknown word{}", display(found),
                suggestion(found, words_of({Word::Group::Operation})));
  }
  cursor.take();
  cursor.expect("(");
  Part part;
  part.op = word->op;
  part.side = on;
  for (std::size_t i = 0; i < word->operands.size(); ++i) {
    if (i > 0) cursor.expect(",");
    operand(cursor, scope, word->operands[i], nested, part);
  }
  if (!cursor.accept(")")) cursor.fail_expected(fmt::format("the ) of {}", word->form));
  return part;
}

/// See Word::operands.
void OperandReader::operand(TokenCursor& cursor, const Scope& scope, char kind, int nested,
                            Part& part) const {
  switch (kind) {
    case 'i':
      return take_index(cursor, part);
    case 'd':
      return take_dimension(cursor, part);
    case 'n':
      return take_extent(cursor, scope, part);
    case 'm':
      part.multiple = required(cursor, scope, "a multiple");
      return;
    case 'x':
      part.parts.push_back(side(cursor, scope, part.side, nested));
      return;
    default:
      return take_parts(cursor, scope, nested, part);
  }
}

void OperandReader::take_extent(TokenCursor& cursor, const Scope& scope, Part& part) const {
  const Quantity size = value(cursor, scope);
  part.extent = size.extent();
  if (!part.extent && part.op == Part::Op::Head) part.unknown = what_is_missing(size);
}

/// Parts with sizes of their own, or like ones.
void OperandReader::take_parts(TokenCursor& cursor, const Scope& scope, int nested,
                               Part& part) const {
  std::vector<Quantity> sizes;
  std::set<std::string> texts;  // as they are written
  do {
    part.parts.push_back(side(cursor, scope, part.side, nested));
    const std::size_t begin = cursor.place();
    sizes.push_back(cursor.accept(":") ? value(cursor, scope) : Quantity());
    texts.insert(cursor.text_since(begin));
  } while (cursor.accept(","));
  if (texts.size() == 1) {
    part.each = sizes[0].extent();
    return;
  }
  for (const Quantity& one : sizes) {
    part.sizes.push_back(one.extent().value_or(0));
    if (!one.extent() && part.unknown.empty()) part.unknown = what_is_missing(one);
  }
}

}  // namespace ckptscope
