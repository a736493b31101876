// A key's texts are put in first, then its numbers; what is left is a pattern.
#include "core/language/scope.hpp"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "core/mapping/pattern.hpp"
#include "core/names/nearest_word.hpp"

namespace ckptscope {
namespace {

// A text may come with a checkpoint from anywhere.
constexpr std::size_t kMostOpen = 3;           // {p} of a key: matching tries every place for each
constexpr std::size_t kMostVariables = 10;     // of a key
constexpr std::size_t kMostCharacters = 2000;  // of a key, as written and with its texts put in

template <typename... Args>
[[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) {
  throw std::invalid_argument(fmt::format(format, std::forward<Args>(args)...));
}

void check_length(const std::string& key) {
  if (key.size() > kMostCharacters) refuse("a key of more than {} characters", kMostCharacters);
}

/// Takes NAME or (NAME) from the front of what follows a $.
std::string_view take_name(std::string_view& text) {
  const bool closed = text.starts_with('(');
  if (closed) text.remove_prefix(1);
  const std::string_view name = text.substr(0, text.find_first_not_of(kTextNameCharacters));
  text.remove_prefix(name.size());
  if (closed && !text.starts_with(')')) refuse("$({}: a ) is expected behind the name", name);
  if (closed) text.remove_prefix(1);
  return name;
}

std::vector<std::string_view> texts_of(const Scope& scope) {
  std::vector<std::string_view> names;
  for (const Scope* one = &scope; one != nullptr; one = one->outer) {
    for (const auto& [name, bound] : one->texts) names.push_back(name);
  }
  return names;
}

std::string with_texts(std::string_view text, const Scope& scope) {
  std::string out;
  for (std::size_t dollar = text.find('$'); dollar != text.npos; dollar = text.find('$')) {
    out += text.substr(0, dollar);
    text.remove_prefix(dollar + 1);
    const std::string_view name = take_name(text);
    const std::string* const found = scope.text(name);
    if (found == nullptr) {
      refuse("${}: no text of that name{}", name, suggestion(name, texts_of(scope)));
    }
    out += *found;
  }
  return out += text;
}

/// {K+NAME} with the number that NAME stands for.
std::string with_numbers(std::string text, const Scope& scope, bool lenient) {
  for (std::size_t open = text.find('{'); open != text.npos; open = text.find('{', open + 1)) {
    if (text.compare(open, 2, "{{") == 0) {  // the character {
      ++open;
      continue;
    }
    const std::size_t plus = text.find_first_of("+=}", open);
    if (plus == text.npos || text[plus] != '+') continue;
    const std::size_t close = std::min(text.find('}', plus), text.size());
    const std::string name = text.substr(plus + 1, close - plus - 1);
    const Quantity* const found = scope.value(name);
    if (found == nullptr) continue;  // a number as it stands, or the pattern's error
    const Extent number = found->extent();
    if (!number && !lenient) {
      refuse("{{…+{}}}: config.json does not state {}", name, found->what_is_missing());
    }
    text.replace(plus + 1, name.size(), std::to_string(number.value_or(0)));
  }
  return text;
}

}  // namespace

Quantity Surroundings::of_config(const std::string& path) const {
  return {config.value(path, exact), path};
}

Quantity Surroundings::length(const std::string& path) const {
  const auto length = config.length(path);
  return {length ? ConfigValue{static_cast<std::int64_t>(*length)} : ConfigValue(), path};
}

Quantity Surroundings::setting(const std::string& name) const {
  const auto found = options.settings.find(name);
  if (found == options.settings.end()) return {};
  const Quantity number = number_in(found->second);
  return number.whole() ? number : Quantity{{found->second}};
}

const Quantity* Scope::value(std::string_view name) const {
  const auto found = values.find(name);
  if (found != values.end()) return &found->second;
  return outer == nullptr ? nullptr : outer->value(name);
}

const std::string* Scope::text(std::string_view name) const {
  const auto found = texts.find(name);
  if (found != texts.end()) return &found->second;
  return outer == nullptr ? nullptr : outer->text(name);
}

std::string Scope::key(const Token& token, bool lenient) const {
  check_length(token.text);
  std::string text;
  if (token.kind == Token::Kind::Literal) {
    for (const char c : token.text) text += c == '{' ? "{{" : std::string(1, c);
  } else {
    text = with_texts(token.text, *this);
    check_length(text);
    text = with_numbers(std::move(text), *this, lenient);
  }
  const Pattern pattern(text);
  const std::vector<std::string_view> variables = pattern.variables();
  if (variables.size() > kMostVariables) {
    refuse("a key of {} variables: at most {}", variables.size(), kMostVariables);
  }
  for (const std::string_view name : variables) {
    if (name.find_first_not_of(kTextNameCharacters) == name.npos) continue;
    refuse("{{{}}}: a name has letters, digits and _", name);
  }
  if (pattern.variables(/*open=*/true).size() > kMostOpen) {
    refuse("{}: at most {} open texts", text, kMostOpen);
  }
  return text;
}

}  // namespace ckptscope
