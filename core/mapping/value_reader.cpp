// A value is computed as it is read.
#include "core/mapping/value_reader.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace ckptscope {
namespace {

struct Operator {
  std::string_view text;
  int strength;
};
constexpr int kComparison = 2;  // as strong as these; `not` stands below them
constexpr int kStrongest = 5;
constexpr std::array<Operator, 13> kOperators{{{"or", 0},
                                               {"and", 1},
                                               {"==", kComparison},
                                               {"!=", kComparison},
                                               {"<", kComparison},
                                               {"<=", kComparison},
                                               {">", kComparison},
                                               {">=", kComparison},
                                               {"+", 3},
                                               {"-", 3},
                                               {"*", 4},
                                               {"/", 4},
                                               {"??", kStrongest}}};

template <typename Number>
std::optional<ConfigValue> parse(const std::string& text) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end ? std::optional(ConfigValue{number}) : std::nullopt;
}

std::optional<ConfigValue> number_in(const std::string& text) {
  const auto whole = parse<std::int64_t>(text);
  return whole ? whole : parse<double>(text);
}

class Reader {
 public:
  Reader(TokenCursor& cursor, const Surroundings& surroundings, const Bindings& bindings)
      : cursor_(cursor), surroundings_(surroundings), bindings_(bindings) {}

  /// Operators that bind at least as strongly, from the left.
  Quantity value(int strength = 0) {
    constexpr int kMostNested = 200;
    if (strength == 0 && ++nested_ > kMostNested)
      cursor_.fail("more than {} parentheses", kMostNested);
    if (strength > kStrongest) return atom();
    if (strength == kComparison && cursor_.peek().is("not")) {
      bool odd = false;
      while (cursor_.accept("not")) odd = !odd;
      return {{value(kComparison).holds() != odd}};
    }
    Quantity left = value(strength + 1);
    while (const Operator* const op = accept_operator(strength)) {
      left = apply(op->text, std::move(left), value(strength + 1));
      if (strength == kComparison) break;  // a < b < c is none
    }
    return left;
  }

 private:
  const Operator* accept_operator(int strength) {
    const auto found = std::find_if(kOperators.begin(), kOperators.end(), [&](const Operator& one) {
      return one.strength == strength && cursor_.accept(one.text);
    });
    return found == kOperators.end() ? nullptr : &*found;
  }

  Quantity atom() {
    if (cursor_.accept("(")) {
      Quantity inside = value();
      cursor_.expect(")");
      return inside;
    }
    if (cursor_.accept("has")) return {{surroundings_.config.has(path(), surroundings_.exact)}};
    if (cursor_.accept("length")) return length();
    const Token& token = cursor_.peek();
    if (token.kind == Token::Kind::Literal || token.kind == Token::Kind::Escaped) {
      return {{cursor_.take().text}};
    }
    if (token.kind != Token::Kind::Bare) cursor_.fail_expected("a value");
    if (token.text.starts_with('.')) return of_config(path());
    if (token.text.starts_with("set.")) return setting(cursor_.take().text.substr(4));
    if (cursor_.accept("layout")) return {{surroundings_.options.layout}};
    if (cursor_.accept("true")) return {{true}};
    if (cursor_.accept("false")) return {{false}};
    return number_or_name();
  }

  /// ".model_type" as Config has paths: without the first dot.
  std::string path() {
    const std::string& text = cursor_.peek().text;
    if (cursor_.peek().kind != Token::Kind::Bare || text.size() < 2 || text.front() != '.') {
      cursor_.fail_expected("a path into config.json, .NAME,");
    }
    return cursor_.take().text.substr(1);
  }

  Quantity of_config(const std::string& path) {
    return {surroundings_.config.value(path, surroundings_.exact), path};
  }

  Quantity length() {
    const std::string of = path();
    const auto length = surroundings_.config.length(of);
    return {length ? ConfigValue{static_cast<std::int64_t>(*length)} : ConfigValue(), of};
  }

  Quantity setting(const std::string& name) {
    const auto found = surroundings_.options.settings.find(name);
    if (found == surroundings_.options.settings.end()) return {};
    return {parse<std::int64_t>(found->second).value_or(ConfigValue{found->second})};
  }

  Quantity number_or_name() {
    const std::string& text = cursor_.peek().text;
    const auto number = number_in(text);
    const auto bound = bindings_.find(text);
    if (!number && bound == bindings_.end()) {
      cursor_.fail(
          "\"{}\" is no value: nothing is bound to that name; a path into config.json begins "
          "with a dot",
          display(text));
    }
    cursor_.take();
    return number ? Quantity{*number} : bound->second;
  }

  TokenCursor& cursor_;
  const Surroundings& surroundings_;
  const Bindings& bindings_;
  int nested_ = 0;
};

}  // namespace

Quantity read_quantity(TokenCursor& cursor, const Surroundings& surroundings,
                       const Bindings& bindings) {
  return Reader(cursor, surroundings, bindings).value();
}

bool is_value_word(std::string_view name) {
  constexpr std::array<std::string_view, 8> kWords{"or",     "and",    "not",  "has",
                                                   "length", "layout", "true", "false"};
  return std::find(kWords.begin(), kWords.end(), name) != kWords.end();
}

}  // namespace ckptscope
