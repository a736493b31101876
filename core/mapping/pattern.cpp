// A pattern is a list of pieces; matching tries the shortest text first and goes back where it
// must.
#include "core/mapping/pattern.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <stdexcept>
#include <utility>

#include "core/base/natural_order.hpp"

namespace ckptscope {

std::vector<std::string> split_choices(std::string_view text) {
  std::vector<std::string> choices;
  for (std::size_t bar = text.find('|'); bar != text.npos; bar = text.find('|')) {
    choices.emplace_back(text.substr(0, bar));
    text.remove_prefix(bar + 1);
  }
  choices.emplace_back(text);
  return choices;
}

Captures::Captures(std::initializer_list<Variable> variables) {
  for (const auto& [name, text] : variables) (*this)[name] = text;
}

std::vector<Captures::Variable>::iterator Captures::place_of(std::string_view name) {
  return std::find_if(variables_.begin(), variables_.end(),
                      [&](const Variable& one) { return one.first >= name; });
}

Captures::Iterator Captures::find(std::string_view name) const {
  return std::find_if(begin(), end(), [&](const Variable& one) { return one.first == name; });
}

std::string& Captures::operator[](std::string_view name) {
  constexpr std::size_t kUsual = 4;  // variables of a pattern
  if (variables_.empty()) variables_.reserve(kUsual);
  auto place = place_of(name);
  if (place == variables_.end() || place->first != name) {
    place = variables_.emplace(place, name, std::string());
  }
  return place->second;
}

void Captures::erase(std::string_view name) {
  variables_.erase(find(name));
}

std::uint64_t number_of(const Captures& captures, std::string_view variable) {
  const std::string& digits = captures.find(variable)->second;
  std::uint64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

Pattern::Pattern(std::string_view text) : text_(text) {
  using Kind = Piece::Kind;
  std::string literal;
  const auto end_literal = [&] {
    if (!literal.empty()) pieces_.push_back({Kind::Literal, std::exchange(literal, "")});
  };
  while (!text.empty()) {
    const bool doubled = text.starts_with("{{");
    if (doubled || text.front() != '{') {
      literal += text.front();
      text.remove_prefix(doubled ? 2 : 1);
      continue;
    }
    const std::size_t close = text.find('}');
    if (close == text.npos) throw std::invalid_argument("a } is missing");
    end_literal();
    add_variable(text.substr(1, close - 1));
    text.remove_prefix(close + 1);
  }
  end_literal();
  std::set<std::string_view> names;
  for (const std::string_view name : variables()) repeats_ = !names.insert(name).second || repeats_;
}

/// "p", "L", "K+61" or "a=weight|bias".
void Pattern::add_variable(std::string_view inside) {
  using Kind = Piece::Kind;
  const std::size_t end = inside.find_first_of("=+");
  const std::string name(inside.substr(0, end));
  if (name.empty()) throw std::invalid_argument("a variable without a name");
  const bool digits = name.front() >= 'A' && name.front() <= 'Z';
  if (end == inside.npos) {
    pieces_.push_back({digits ? Kind::Digits : Kind::Text, name});
    return;
  }
  const std::string_view more = inside.substr(end + 1);
  if (inside[end] == '=') {
    if (digits) throw std::invalid_argument("{" + name + "=…}: a closed set has a small letter");
    pieces_.push_back({Kind::Set, name, split_choices(more)});
    return;
  }
  std::uint64_t first = 0;
  const auto [stop, error] = std::from_chars(more.data(), more.data() + more.size(), first);
  if (!digits || error != std::errc() || stop != more.data() + more.size()) {
    throw std::invalid_argument("{" + std::string(inside) + "}: {K+number} is expected");
  }
  pieces_.push_back({Kind::Digits, name, {}, first});
}

/// Most keys fail here: the literal ends of a pattern are cheap to compare.
bool Pattern::can_end(std::string_view key) const {
  if (pieces_.empty() || pieces_.back().kind != Piece::Kind::Literal) return true;
  const std::string& end = pieces_.back().text;
  return key.size() >= end.size() && key[key.size() - end.size()] == end.front() &&
         key.ends_with(end);
}

std::optional<Captures> Pattern::match(std::string_view key) const {
  Captures captures;
  if (!can_end(key) || !match_from(0, key, &captures)) return std::nullopt;
  return captures;
}

bool Pattern::matches(std::string_view key) const {
  return repeats_ ? match(key).has_value() : can_end(key) && match_from(0, key, nullptr);
}

bool Pattern::match_from(std::size_t piece, std::string_view rest, Captures* captures) const {
  if (piece == pieces_.size()) return rest.empty();
  const Piece& now = pieces_[piece];
  switch (now.kind) {
    case Piece::Kind::Literal:
      return rest.starts_with(now.text) &&
             match_from(piece + 1, rest.substr(now.text.size()), captures);
    case Piece::Kind::Text:
      return match_text(piece, rest, captures);
    case Piece::Kind::Digits:
      return match_digits(piece, rest, captures);
    case Piece::Kind::Set:
      break;
  }
  return std::any_of(now.choices.begin(), now.choices.end(), [&](const std::string& choice) {
    return rest.starts_with(choice) && capture(piece, rest, choice.size(), choice, captures);
  });
}

bool Pattern::match_digits(std::size_t piece, std::string_view rest, Captures* captures) const {
  const auto end = std::find_if_not(rest.begin(), rest.end(), is_digit);
  const auto length = static_cast<std::size_t>(end - rest.begin());
  if (length == 0 || length > 18) return false;
  const std::string_view digits = rest.substr(0, length);
  const std::uint64_t first = pieces_[piece].first;
  if (first == 0) return capture(piece, rest, length, digits, captures);
  std::uint64_t number = 0;
  std::from_chars(digits.data(), digits.data() + length, number);
  return number >= first && capture(piece, rest, length, std::to_string(number - first), captures);
}

/// The shortest text that lets the rest match. Where a literal follows, only its occurrences count.
bool Pattern::match_text(std::size_t piece, std::string_view rest, Captures* captures) const {
  const Piece* next = piece + 1 < pieces_.size() ? &pieces_[piece + 1] : nullptr;
  if (next == nullptr) return capture(piece, rest, rest.size(), rest, captures);
  const std::string_view literal =
      next->kind == Piece::Kind::Literal ? next->text : std::string_view();
  for (std::size_t length = rest.find(literal); length != rest.npos;
       length = rest.find(literal, length + 1)) {
    if (capture(piece, rest, length, rest.substr(0, length), captures)) return true;
  }
  return false;
}

bool Pattern::capture(std::size_t piece, std::string_view rest, std::size_t length,
                      std::string_view text, Captures* captures) const {
  const std::string& name = pieces_[piece].text;
  if (!repeats_) {  // the usual case: record on the way back, when everything has matched
    if (!match_from(piece + 1, rest.substr(length), captures)) return false;
    if (captures != nullptr) (*captures)[name] = text;
    return true;
  }
  const auto before = captures->find(name);
  const bool is_new = before == captures->end();
  if (!is_new && before->second != text) return false;
  if (is_new) (*captures)[name] = text;
  if (match_from(piece + 1, rest.substr(length), captures)) return true;
  if (is_new) captures->erase(name);
  return false;
}

std::optional<std::string> Pattern::expand(const Captures& captures) const {
  std::string key;
  key.reserve(2 * text_.size());
  for (const Piece& piece : pieces_) {
    if (piece.kind == Piece::Kind::Literal) {
      key += piece.text;
      continue;
    }
    const auto value = captures.find(piece.text);
    if (value == captures.end()) return std::nullopt;
    if (piece.kind == Piece::Kind::Set && std::find(piece.choices.begin(), piece.choices.end(),
                                                    value->second) == piece.choices.end()) {
      return std::nullopt;
    }
    key += piece.first == 0 ? value->second
                            : std::to_string(piece.first + number_of(captures, piece.text));
  }
  return key;
}

std::string_view Pattern::tail() const {
  if (pieces_.empty() || pieces_.back().kind != Piece::Kind::Literal) return "";
  return pieces_.back().text;
}

std::vector<std::string_view> Pattern::variables(bool open) const {
  std::vector<std::string_view> names;
  for (const Piece& piece : pieces_) {
    const bool counts = open ? piece.kind == Piece::Kind::Text : piece.kind != Piece::Kind::Literal;
    if (counts) names.push_back(piece.text);
  }
  return names;
}

bool Pattern::contradicts(const Pattern& other) const {
  for (const Piece& a : pieces_) {
    for (const Piece& b : other.pieces_) {
      const bool sets = a.kind == Piece::Kind::Set && b.kind == Piece::Kind::Set;
      if (sets && a.text == b.text && a.choices != b.choices) return true;
    }
  }
  return false;
}

void Pattern::bind_sets(const Pattern& other) {
  for (Piece& piece : pieces_) {
    if (piece.kind == Piece::Kind::Literal || piece.kind == Piece::Kind::Set) continue;
    for (const Piece& source : other.pieces_) {
      if (source.kind != Piece::Kind::Set || source.text != piece.text) continue;
      piece.kind = Piece::Kind::Set;
      piece.choices = source.choices;
    }
  }
}

}  // namespace ckptscope
