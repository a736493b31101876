// What a slot holds is told by its name.
#include "core/language/line_reader.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "core/names/nearest_word.hpp"

namespace ckptscope {
namespace {

constexpr int kMostOperations = 32;     // operations in each other
constexpr int kMostKeys = 32;           // of a line: each is compared with each
constexpr std::size_t kMostName = 100;  // characters

/// What stands in a slot of that name; in all others a value.
enum class Slot { Name, Number, Text, Dtype, Scheme, Dim, Key, Part, Value, Count };
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
  return token.kind == Token::Kind::Bare && token.text.size() <= kMostName &&
         token.text.find_first_not_of(kNameCharacters) == token.text.npos;
}

/// What is expected instead of a token in such a slot; empty where it may stand there.
std::string missing_in(const Token& token, Slot slot, const std::string& name) {
  const bool is_bare = token.kind == Token::Kind::Bare;
  switch (slot) {
    case Slot::Name:
      return is_name(token) ? "" : name;
    case Slot::Number:
      if (is_name(token) && token.text.front() >= 'A' && token.text.front() <= 'Z') return "";
      return "the name of a number, which begins with a capital,";
    case Slot::Dtype:
      return is_bare && is_output_dtype(parse_dtype(token.text)) ? "" : "bf16, f16 or f32";
    case Slot::Scheme:
      return is_bare && find_written_form(token.text) != nullptr ? "" : written_form_names();
    case Slot::Dim:
      if (const auto dim = number_in(token.text).whole(); is_bare && dim && *dim >= -4 && *dim <= 3)
        return "";
      return "a dimension, -4 to 3,";
    default:
      return is_bare || token.is_quoted() ? "" : name;
  }
}

}  // namespace

const LineField& LineFields::operator[](std::string_view name) const {
  static const LineField kNone;
  const auto found = fields_.find(name);
  if (found != fields_.end()) return found->second;
  if (word == nullptr || word->form.find(name) != std::string_view::npos) return kNone;
  throw std::logic_error(fmt::format("no slot {} in {}", name, word->form));
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
  fail("{} is expected, not {}{}{}", expected, peek().shown(), form_.empty() ? "" : ": ", form_);
}

// ---- forms -------------------------------------------------------------------------------------

LineFields LineReader::read(const Word& word, std::size_t parts) {
  LineFields fields(&word);
  form_ = word.form;
  const std::span<const Form> forms(form_of(word));
  read(forms.first(std::min(parts, forms.size())), fields);
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
  std::vector<const Form*> left;
  for (; !forms.empty() && forms.front().kind == Form::Kind::Optional; forms = forms.subspan(1)) {
    left.push_back(&forms.front());
  }
  const auto next = [&] {
    return std::ranges::find_if(left, [&](const Form* form) { return begins(*form); });
  };
  for (auto one = next(); one != left.end(); one = next()) {
    const Form* const form = *one;
    left.erase(one);
    read(form->inner, fields);
  }
  return forms;
}

bool LineReader::begins(const Form& form) const {
  if (form.kind != Form::Kind::One) return begins(form.inner.front());
  const auto stands_here = [&](const std::string& word) { return peek().is(word); };
  if (form.slot.empty()) return std::any_of(form.words.begin(), form.words.end(), stands_here);
  return !at_end() && !peek().is(")");
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
  } else if (slot == Slot::Value || slot == Slot::Count) {
    const std::size_t begin = at_;
    field.value = value();
    for (std::size_t i = begin; i < at_; ++i) field.text += (i > begin ? " " : "") + line_[i].text;
    const bool counts = field.value.extent().value_or(surroundings_.lenient ? 1 : 0) > 0;
    if (slot == Slot::Count && !counts) {
      fail_at(file_, field.at, "a number from 1 on is expected, not {}: {}", field.text, form_);
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
  if (++keys_ > kMostKeys) fail("more than {} keys", kMostKeys);
  try {
    std::string text = scope_.key(peek(), surroundings_.lenient);
    take();
    characters_ += text.size();
    return text;
  } catch (const std::invalid_argument& error) {
    fail("{}", display(error.what()));
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
  if (++nested_ > kMostOperations) fail("more than {} operations in each other", kMostOperations);
  const std::string_view outer = form_;
  LineFields fields = read(*word);
  form_ = outer;
  --nested_;
  return fields;
}

}  // namespace ckptscope
