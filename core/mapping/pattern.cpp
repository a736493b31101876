// A pattern is a list of pieces; matching tries the shortest text first and goes back where it
// must.
#include "core/mapping/pattern.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <stdexcept>

#include "core/base/natural_order.hpp"

namespace ckptscope {
namespace {

std::vector<std::string> split_choices(std::string_view text) {
  std::vector<std::string> choices;
  for (std::size_t bar = text.find('|'); bar != text.npos; bar = text.find('|')) {
    choices.emplace_back(text.substr(0, bar));
    text.remove_prefix(bar + 1);
  }
  choices.emplace_back(text);
  return choices;
}

}  // namespace

std::uint64_t number_of(const Captures& captures, std::string_view variable) {
  const std::string& digits = captures.find(variable)->second;
  std::uint64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

Pattern::Pattern(std::string_view text) : text_(text) {
  using Kind = Piece::Kind;
  while (!text.empty()) {
    if (text.front() != '{') {
      const std::size_t brace = std::min(text.find('{'), text.size());
      pieces_.push_back({Kind::Literal, std::string(text.substr(0, brace))});
      text.remove_prefix(brace);
      continue;
    }
    const std::size_t close = text.find('}');
    if (close == text.npos || close == 1) throw std::invalid_argument("pattern: " + text_);
    const std::string_view inside = text.substr(1, close - 1);
    const std::size_t equals = inside.find('=');
    const std::string name(inside.substr(0, equals));
    if (equals != inside.npos) {
      pieces_.push_back({Kind::Set, name, split_choices(inside.substr(equals + 1))});
    } else {
      const bool digits = name.front() >= 'A' && name.front() <= 'Z';
      pieces_.push_back({digits ? Kind::Digits : Kind::Text, name});
    }
    text.remove_prefix(close + 1);
  }
  std::set<std::string_view> names;
  for (const Piece& piece : pieces_) {
    const bool variable = piece.kind != Kind::Literal;
    repeats_ = repeats_ || (variable && !names.insert(piece.text).second);
  }
}

std::optional<Captures> Pattern::match(std::string_view key) const {
  if (pieces_.empty()) return key.empty() ? std::optional(Captures()) : std::nullopt;
  // Most keys fail here: the literal ends of a pattern are cheap to compare.
  const Piece& last = pieces_.back();
  if (last.kind == Piece::Kind::Literal && !key.ends_with(last.text)) return std::nullopt;
  Captures captures;
  if (!match_from(0, key, captures)) return std::nullopt;
  return captures;
}

bool Pattern::match_from(std::size_t piece, std::string_view rest, Captures& captures) const {
  if (piece == pieces_.size()) return rest.empty();
  const Piece& now = pieces_[piece];
  switch (now.kind) {
    case Piece::Kind::Literal:
      return rest.starts_with(now.text) &&
             match_from(piece + 1, rest.substr(now.text.size()), captures);
    case Piece::Kind::Text:
      return match_text(piece, rest, captures);
    case Piece::Kind::Digits: {
      const auto end = std::find_if_not(rest.begin(), rest.end(), is_digit);
      const auto length = static_cast<std::size_t>(end - rest.begin());
      return length > 0 && length <= 18 && capture(piece, rest, length, captures);
    }
    case Piece::Kind::Set:
      break;
  }
  return std::any_of(now.choices.begin(), now.choices.end(), [&](const std::string& choice) {
    return rest.starts_with(choice) && capture(piece, rest, choice.size(), captures);
  });
}

/// The shortest text that lets the rest match. Where a literal follows, only its occurrences count.
bool Pattern::match_text(std::size_t piece, std::string_view rest, Captures& captures) const {
  const Piece* next = piece + 1 < pieces_.size() ? &pieces_[piece + 1] : nullptr;
  const std::string_view literal =
      next != nullptr && next->kind == Piece::Kind::Literal ? next->text : std::string_view();
  for (std::size_t length = rest.find(literal); length != rest.npos;
       length = rest.find(literal, length + 1)) {
    if (capture(piece, rest, length, captures)) return true;
  }
  return false;
}

bool Pattern::capture(std::size_t piece, std::string_view rest, std::size_t length,
                      Captures& captures) const {
  const std::string& name = pieces_[piece].text;
  const std::string_view text = rest.substr(0, length);
  if (const auto before = captures.find(name); before != captures.end()) {
    return before->second == text && match_from(piece + 1, rest.substr(length), captures);
  }
  if (!repeats_) {  // the usual case: record on the way back, when everything has matched
    if (!match_from(piece + 1, rest.substr(length), captures)) return false;
    captures.emplace(name, text);
    return true;
  }
  captures.emplace(name, text);
  if (match_from(piece + 1, rest.substr(length), captures)) return true;
  captures.erase(name);
  return false;
}

std::optional<std::string> Pattern::expand(const Captures& captures) const {
  std::string key;
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
    key += value->second;
  }
  return key;
}

std::string_view Pattern::tail() const {
  if (pieces_.empty() || pieces_.back().kind != Piece::Kind::Literal) return "";
  return pieces_.back().text;
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
