// One function a level of the grammar; each computes as it reads.
#include "core/mapping/quantity.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

namespace ckptscope {
namespace {

using Whole = std::int64_t;

const Whole* whole_of(const Quantity& quantity) {
  return std::get_if<Whole>(&quantity.value.scalar);
}

Quantity flag(bool value) {
  return {{value}, ""};
}

Quantity arithmetic(char op, Whole a, Whole b) {
  Whole result = 0;
  const bool fits = op == '+'   ? !__builtin_add_overflow(a, b, &result)
                    : op == '-' ? !__builtin_sub_overflow(a, b, &result)
                    : op == '*' ? !__builtin_mul_overflow(a, b, &result)
                    : b == -1   ? !__builtin_sub_overflow(Whole{0}, a, &result)
                                : b != 0;
  if (!fits) return {{}, "a number that fits 64 bits"};
  return {{op == '/' && b != -1 ? a / b : result}, ""};
}

Quantity arithmetic(char op, const Quantity& a, const Quantity& b) {
  if (!a.known() || !b.known()) return {{}, !a.known() ? a.missing : b.missing};
  const Whole* i = whole_of(a);
  const Whole* j = whole_of(b);
  if (i != nullptr && j != nullptr) return arithmetic(op, *i, *j);
  const auto x = a.real();
  const auto y = b.real();
  if (!x || !y || (op == '/' && *y == 0)) return {{}, "a number"};
  return {{op == '+' ? *x + *y : op == '-' ? *x - *y : op == '*' ? *x * *y : *x / *y}, ""};
}

template <typename Number>
bool ordered(std::string_view op, Number a, Number b) {
  return op == "<" ? a < b : op == "<=" ? a <= b : op == ">" ? a > b : a >= b;
}

/// With something unknown it does not hold. Of a list one element is enough to be equal.
bool compare(std::string_view op, const Quantity& a, const Quantity& b) {
  if (!a.known() || !b.known()) return false;
  const bool equal = a.value.equals(b.value) || b.value.equals(a.value);
  if (op == "==") return equal;
  if (op == "!=") return !equal;
  const auto x = a.real();
  const auto y = b.real();
  const bool whole = whole_of(a) != nullptr && whole_of(b) != nullptr;
  if (whole) return ordered(op, *whole_of(a), *whole_of(b));
  return x && y && ordered(op, *x, *y);
}

/// The first that is known; of two that are not, what would have told first.
Quantity first_known(Quantity a, Quantity b) {
  if (a.known()) return a;
  if (!b.known() && !a.missing.empty()) return a;
  return b;
}

Quantity apply(std::string_view op, Quantity a, Quantity b) {
  if (op == "or") return flag(a.holds() || b.holds());
  if (op == "and") return flag(a.holds() && b.holds());
  if (op == "??") return first_known(std::move(a), std::move(b));
  return op.size() == 1 && std::string_view("+-*/").find(op) != op.npos ? arithmetic(op[0], a, b)
                                                                        : flag(compare(op, a, b));
}

/// Operators by strength, the weakest first; `not` stands between `and` and the comparisons.
constexpr std::array<std::string_view, 1> kOr{"or"};
constexpr std::array<std::string_view, 1> kAnd{"and"};
constexpr std::array<std::string_view, 6> kCompare{"==", "!=", "<", "<=", ">", ">="};
constexpr std::array<std::string_view, 2> kSum{"+", "-"};
constexpr std::array<std::string_view, 2> kProduct{"*", "/"};
constexpr std::array<std::string_view, 1> kFirst{"??"};
constexpr std::array<std::span<const std::string_view>, 6> kLevels{kOr,  kAnd,     kCompare,
                                                                   kSum, kProduct, kFirst};
constexpr std::size_t kComparisons = 2;
constexpr std::size_t kNot = kComparisons;

class Reader {
 public:
  Reader(TokenCursor& cursor, const Surroundings& surroundings, const Bindings& bindings)
      : cursor_(cursor), surroundings_(surroundings), bindings_(bindings) {}

  /// Operators that bind at least as strongly as `level`, from the left.
  Quantity value(std::size_t level = 0) {
    constexpr int kMostNested = 200;
    if (level == 0 && ++nested_ > kMostNested)
      cursor_.fail("more than {} parentheses", kMostNested);
    if (level == kLevels.size()) return atom();
    if (level == kNot && cursor_.peek().is("not")) {
      bool odd = false;
      while (cursor_.accept("not")) odd = !odd;
      return flag(value(kNot).holds() != odd);
    }
    Quantity left = value(level + 1);
    while (const auto op = accept_one_of(kLevels[level])) {
      left = apply(*op, std::move(left), value(level + 1));
      if (level == kComparisons) break;  // a < b < c is none
    }
    return left;
  }

 private:
  std::optional<std::string_view> accept_one_of(std::span<const std::string_view> operators) {
    for (const std::string_view op : operators) {
      if (cursor_.accept(op)) return op;
    }
    return std::nullopt;
  }

  Quantity atom() {
    if (cursor_.accept("(")) {
      Quantity inside = value();
      cursor_.expect(")");
      return inside;
    }
    if (cursor_.accept("has")) return flag(surroundings_.config.has(path(), surroundings_.exact));
    if (cursor_.accept("length")) return counted();
    const Token& token = cursor_.peek();
    if (token.kind == Token::Kind::Literal || token.kind == Token::Kind::Escaped) {
      return {{cursor_.take().text}, ""};
    }
    if (token.kind != Token::Kind::Bare) cursor_.fail_expected("a value");
    if (token.text.starts_with('.')) return of_config(path());
    if (token.text.starts_with("set.")) return setting(cursor_.take().text.substr(4));
    if (cursor_.accept("layout")) return {{surroundings_.options.layout}, ""};
    if (cursor_.accept("true")) return flag(true);
    if (cursor_.accept("false")) return flag(false);
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

  Quantity counted() {
    const std::string of = path();
    const auto length = surroundings_.config.length(of);
    return {length ? ConfigValue{static_cast<Whole>(*length)} : ConfigValue(), of};
  }

  Quantity setting(const std::string& name) {
    const auto found = surroundings_.options.settings.find(name);
    if (found == surroundings_.options.settings.end()) return {};
    const auto number = parse<Whole>(found->second);
    return {number ? ConfigValue{*number} : ConfigValue{found->second}, ""};
  }

  Quantity number_or_name() {
    const std::string& text = cursor_.peek().text;
    if (const auto number = parse<Whole>(text)) {
      cursor_.take();
      return {{*number}, ""};
    }
    if (const auto number = parse<double>(text)) {
      cursor_.take();
      return {{*number}, ""};
    }
    const auto bound = bindings_.find(text);
    if (bound == bindings_.end()) {
      cursor_.fail(
          "\"{}\" is no value: nothing is bound to that name; a path into config.json begins "
          "with a dot",
          display(text));
    }
    cursor_.take();
    return bound->second;
  }

  template <typename Number>
  static std::optional<Number> parse(const std::string& text) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(number)
                                                                    : std::nullopt;
  }

  TokenCursor& cursor_;
  const Surroundings& surroundings_;
  const Bindings& bindings_;
  int nested_ = 0;
};

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  });
}

}  // namespace

bool Quantity::holds() const {
  const bool* set = std::get_if<bool>(&value.scalar);
  return set != nullptr && *set;
}

Extent Quantity::extent() const {
  const Whole* whole = whole_of(*this);
  return whole != nullptr && *whole >= 0 ? Extent(static_cast<std::uint64_t>(*whole))
                                         : std::nullopt;
}

std::optional<double> Quantity::real() const {
  if (const Whole* whole = whole_of(*this)) return static_cast<double>(*whole);
  const double* number = std::get_if<double>(&value.scalar);
  return number != nullptr ? std::optional(*number) : std::nullopt;
}

Quantity read_quantity(TokenCursor& cursor, const Surroundings& surroundings,
                       const Bindings& bindings) {
  return Reader(cursor, surroundings, bindings).value();
}

bool is_value_word(std::string_view name) {
  constexpr std::array<std::string_view, 8> kWords{"or",     "and",    "not",  "has",
                                                   "length", "layout", "true", "false"};
  return std::find(kWords.begin(), kWords.end(), name) != kWords.end();
}

// ---- the cursor --------------------------------------------------------------------------------

bool TokenCursor::accept(std::string_view bare) {
  if (!peek().is(bare)) return false;
  take();
  return true;
}

void TokenCursor::expect(std::string_view bare) {
  if (!accept(bare)) fail_expected(bare);
}

void TokenCursor::expect_end() const {
  if (!at_end()) fail_expected("the end of the line");
}

std::string TokenCursor::take_name(std::string_view what) {
  if (peek().kind != Token::Kind::Bare || !is_name(peek().text)) fail_expected(what);
  return take().text;
}

std::string TokenCursor::take_text(std::string_view what) {
  if (peek().kind == Token::Kind::Mark || at_end()) fail_expected(what);
  return take().text;
}

std::string TokenCursor::text_since(std::size_t place) const {
  std::string text;
  for (std::size_t i = place; i < at_; ++i) text += line_[i].text + " ";
  return text;
}

void TokenCursor::fail_expected(std::string_view expected) const {
  if (at_end()) fail("{} is expected, not the end of the line", expected);
  fail("{} is expected, not \"{}\"", expected, display(peek().text));
}

}  // namespace ckptscope
