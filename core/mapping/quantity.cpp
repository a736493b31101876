// Whole numbers stay whole; everything that is not known stays so.
#include "core/mapping/quantity.hpp"

namespace ckptscope {
namespace {

using Whole = std::int64_t;

const Whole* whole_of(const Quantity& quantity) {
  return std::get_if<Whole>(&quantity.value.scalar);
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

Quantity apply(std::string_view op, Quantity a, Quantity b) {
  if (op == "or") return {{a.holds() || b.holds()}};
  if (op == "and") return {{a.holds() && b.holds()}};
  if (op == "??") return first_known(std::move(a), std::move(b));
  const bool computes = op.size() == 1 && std::string_view("+-*/").find(op) != op.npos;
  return computes ? arithmetic(op[0], a, b) : Quantity{{compare(op, a, b)}};
}

}  // namespace ckptscope
