// What a slot holds is told by its name.
#include "core/language/line_reader.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <stdexcept>

#include "core/names/nearest_word.hpp"

namespace ckptscope {
namespace {

constexpr int kMostNested = 32;  // operations in each other

/// What stands in a slot of that name; in all others a value.
enum class Slot { Name, Number, Text, Dtype, Scheme, Key, Part, Value, Count, Dim };
constexpr std::array<std::pair<std::string_view, Slot>, 25> kSlots{{
    {"RULE", Slot::Name},     {"NAME", Slot::Name},      {"N", Slot::Number},
    {"E", Slot::Number},      {"SUMMARY", Slot::Text},   {"REASON", Slot::Text},
    {"CONFIG", Slot::Text},   {"TEXT", Slot::Text},      {"START", Slot::Text},
    {"SETTING", Slot::Text},  {"PARAMETER", Slot::Text}, {"KEY", Slot::Key},
    {"HF", Slot::Key},        {"NATIVE", Slot::Key},     {"FROM", Slot::Key},
    {"TO", Slot::Key},        {"LEFT", Slot::Part},      {"RIGHT", Slot::Part},
    {"X", Slot::Part},        {"FACTOR", Slot::Part},    {"DTYPE", Slot::Dtype},
    {"SCHEME", Slot::Scheme}, {"RANK", Slot::Count},     {"MULTIPLE", Slot::Count},
    {"DIM", Slot::Dim},
}};

Slot slot_of(std::string_view name) {
  const auto* const found = std::ranges::find(kSlots, name, &decltype(kSlots)::value_type::first);
  return found == kSlots.end() ? Slot::Value : found->second;
}

bool is_name(const Token& token) {
  return token.kind == Token::Kind::Bare &&
         std::all_of(token.text.begin(), token.text.end(), [](unsigned char c) {
           return c < 0x80 && (std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.');
         });
}

bool is_dimension(const Quantity& value) {
  return value.whole() && *value.whole() >= -4 && *value.whole() <= 3;
}

std::string written_names() {
  std::string names;
  for (const WrittenForm& form : written_forms()) {
    names += fmt::format("{}{}", names.empty() ? "one of " : ", ", form.name);
  }
  return names;
}

/// What is expected instead of a token in such a slot; empty where it may stand there.
std::string missing_in(const Token& token, Slot slot, const std::string& name) {
  const bool is_text = token.kind != Token::Kind::Mark && token.kind != Token::Kind::End;
  switch (slot) {
    case Slot::Name:
      return is_name(token) ? "" : name;
    case Slot::Number:
      if (is_name(token) && std::isupper(token.text.front()) != 0) return "";
      return "the name of a number, which begins with a capital,";
    case Slot::Dtype:
      return is_output_dtype(parse_dtype(token.text)) ? "" : "bf16, f16 or f32";
    case Slot::Scheme:
      return find_written_form(token.text) != nullptr ? "" : written_names();
    default:
      return is_text ? "" : name;
  }
}

}  // namespace

const LineField& LineFields::operator[](std::string_view name) const {
  static const LineField kNone;
  const auto found = fields_.find(name);
  return found == fields_.end() ? kNone : found->second;
}

// ---- tokens ------------------------------------------------------------------------------------

bool LineReader::accept(std::string_view bare) {
  if (!peek().is(bare)) return false;
  take();
  return true;
}

void LineReader::expect(std::string_view bare) {
  if (!accept(bare)) fail_expected(bare);
}

void LineReader::expect_end() const {
  if (!at_end()) fail_expected("the end of the line");
}

void LineReader::fail_expected(std::string_view expected) const {
  const std::string found = at_end() ? "the end of the line" : '"' + display(peek().text) + '"';
  fail("{} is expected, not {}{}{}", expected, found, form_.empty() ? "" : ": ", form_);
}

// ---- forms -------------------------------------------------------------------------------------

LineFields LineReader::read(const Word& word) {
  LineFields fields(&word);
  const std::string_view outer = std::exchange(form_, word.form);
  read(form_of(word), fields);
  form_ = outer;
  return fields;
}

void LineReader::read(std::span<const Form> forms, LineFields& fields) {
  while (!forms.empty()) {
    const Form& form = forms.front();
    if (form.kind == Form::Kind::Optional) {
      forms = read_optional(forms, fields);
      continue;
    }
    if (form.kind == Form::Kind::One) {
      read_one(form, fields);
    } else {
      do read(form.inner, fields.repeated.emplace_back());
      while (form.by_comma ? accept(",") : !at_end());
    }
    forms = forms.subspan(1);
  }
}

/// Those that `forms` begins with, in any order, each once; gives the rest of `forms`.
std::span<const Form> LineReader::read_optional(std::span<const Form> forms, LineFields& fields) {
  const auto is_other = [](const Form& form) { return form.kind != Form::Kind::Optional; };
  const auto behind = std::find_if(forms.begin(), forms.end(), is_other);
  const auto stands_here = [&](const Form& form) { return begins(form, fields); };
  for (auto one = forms.begin(); one != behind;) {
    one = std::find_if(forms.begin(), behind, stands_here);
    if (one != behind) read(one->inner, fields);
  }
  return {behind, forms.end()};
}

bool LineReader::begins(const Form& form, const LineFields& before) const {
  if (form.kind != Form::Kind::One) return begins(form.inner.front(), before);
  const auto stands_here = [&](const std::string& word) {
    return peek().is(word) && !before.has(word);
  };
  if (form.slot.empty()) return std::any_of(form.words.begin(), form.words.end(), stands_here);
  return !at_end() && !peek().is(")") && !before.has(form.slot);
}

void LineReader::read_one(const Form& form, LineFields& fields) {
  const Position at = peek().at;
  for (const std::string& word : form.words) {
    if (accept(word)) return fields.add(word, {word, at});
  }
  if (form.slot.empty()) fail_expected(fmt::format("{}", fmt::join(form.words, " or ")));
  fields.add(form.slot, read_slot(form.slot));
}

LineField LineReader::read_slot(const std::string& name) {
  LineField field{"", peek().at};
  const Slot slot = slot_of(name);
  if (slot == Slot::Key) {
    field.text = key();
  } else if (slot == Slot::Part) {
    read_operand(field);
  } else if (slot >= Slot::Value) {
    const std::size_t begin = at_;
    field.value = value();
    for (std::size_t i = begin; i < at_; ++i) field.text += line_[i].text + " ";
    if (slot == Slot::Count && field.value.extent().value_or(surroundings_.lenient ? 1 : 0) == 0) {
      fail_at(file_, field.at, "a number from 1 on is expected");
    }
    if (slot == Slot::Dim && !is_dimension(field.value)) {
      fail_at(file_, field.at, "a dimension, -4 to 3, is expected");
    }
  } else {
    if (const std::string lacks = missing_in(peek(), slot, name); !lacks.empty()) {
      fail_expected(lacks);
    }
    field.text = take().text;
  }
  return field;
}

// ---- keys and operations -----------------------------------------------------------------------

std::string LineReader::key() {
  if (peek().kind == Token::Kind::Mark || at_end()) fail_expected("a key");
  try {
    std::string text = scope_.key(peek(), surroundings_.lenient);
    take();
    return text;
  } catch (const std::invalid_argument& error) {
    fail("{}", error.what());
  }
}

/// A key, several spellings of one, or an operation.
void LineReader::read_operand(LineField& field) {
  if (peek().kind == Token::Kind::Bare && line_[at_ + 1].is("(")) {
    field.operation = std::make_shared<LineFields>(operation());
    return;
  }
  do field.spellings.push_back(key());
  while (accept("|"));
}

LineFields LineReader::operation() {
  const auto words = words_of(Word::Group::Operation, Word::Group::Operation);
  const Word* const word = find_word(words, peek().text);
  if (word == nullptr) {
    fail("\"{}\": unknown word{}", display(peek().text), suggestion(peek().text, names_of(words)));
  }
  if (++nested_ > kMostNested) fail("more than {} operations in each other", kMostNested);
  LineFields fields = read(*word);
  --nested_;
  return fields;
}

}  // namespace ckptscope
