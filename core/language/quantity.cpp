// Whole numbers stay whole; everything that is not known stays so.
#include "core/language/quantity.hpp"

#include <charconv>

namespace ckptscope {
namespace {

using Whole = std::int64_t;

template <typename Number>
Quantity parse(std::string_view text) {
  Number number{};
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && stop == text.data() + text.size() ? Quantity{{number}}
                                                                   : Quantity();
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
  if (a.whole() && b.whole()) return arithmetic(op, *a.whole(), *b.whole());
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
  if (a.whole() && b.whole()) return ordered(op, *a.whole(), *b.whole());
  return x && y && ordered(op, *x, *y);
}

/// The first that is known; of two that are not, what would have told first.
Quantity first_known(Quantity a, Quantity b) {
  if (a.known()) return a;
  if (!b.known() && !a.missing.empty()) return a;
  return b;
}

}  // namespace

bool Quantity::holds() const {
  const bool* set = std::get_if<bool>(&value.scalar);
  return set != nullptr && *set;
}

std::optional<std::int64_t> Quantity::whole() const {
  const Whole* whole = std::get_if<Whole>(&value.scalar);
  return whole != nullptr ? std::optional(*whole) : std::nullopt;
}

Extent Quantity::extent() const {
  const auto number = whole();
  return number && *number >= 0 ? Extent(static_cast<std::uint64_t>(*number)) : std::nullopt;
}

std::optional<double> Quantity::real() const {
  if (const auto number = whole()) return static_cast<double>(*number);
  const double* number = std::get_if<double>(&value.scalar);
  return number != nullptr ? std::optional(*number) : std::nullopt;
}

std::string Quantity::what_is_missing() const {
  return missing.empty() ? "a size" : missing;
}

Quantity number_in(std::string_view text) {
  if (text.find_first_not_of("0123456789+-.eE") != text.npos) return {};  // inf, nan
  const bool is_whole = text.find_first_of(".eE") == text.npos;  // beyond 64 bits it is none
  return is_whole ? parse<Whole>(text) : parse<double>(text);
}

Quantity apply(std::string_view op, Quantity a, Quantity b) {
  if (op == "or") return {{a.holds() || b.holds()}};
  if (op == "and") return {{a.holds() && b.holds()}};
  if (op == "??") return first_known(std::move(a), std::move(b));
  const bool computes = op.size() == 1 && std::string_view("+-*/").find(op) != op.npos;
  return computes ? arithmetic(op[0], a, b) : Quantity{{compare(op, a, b)}};
}

}  // namespace ckptscope
