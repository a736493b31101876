// Every spelling may be read, the first one is written.
#include "core/mapping/laws.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "core/mapping/lookup.hpp"

namespace ckptscope {
namespace {

std::size_t count_stacks(const Part& part) {
  std::size_t count = part.op == Part::Op::Stack ? 1 : 0;
  for (const Part& inner : part.parts) count += count_stacks(inner);
  return count;
}

/// With a stack every tensor of the equation counts by its index.
std::string find_uncounted(const Equation& equation, const Part& stack) {
  std::string fault;
  for_each_tensor(equation.parts, [&](const Part& one) {
    const auto names = one.spellings.front().variables();
    if (!fault.empty() || std::find(names.begin(), names.end(), stack.index) != names.end()) return;
    fault = fmt::format("{{{0}}} of stack({0}, …) is not in {1}, which must say what it is",
                        stack.index, one.spellings.front().text());
  });
  return fault;
}

/// A variable that is one closed set here and another one there.
std::string find_contradiction(const std::vector<Pattern>& keys) {
  for (const Pattern& a : keys) {
    for (const Pattern& b : keys) {
      if (a.contradicts(b))
        return fmt::format("{} and {} have different sets of one name", a.text(), b.text());
    }
  }
  return "";
}

std::string find_unknown(const Equation& equation) {
  const Part* const stack = find_stack(equation.parts);
  const std::string_view index = stack == nullptr ? "" : std::string_view(stack->index);
  std::string fault;
  const auto check = [&](const Pattern& written, const Pattern& read, std::string_view counts) {
    if (fault.empty()) fault = find_unknown(written, read, counts);
  };
  for_each_tensor(equation.parts, [&](const Part& one) {
    for (const Pattern& whole : equation.whole) check(one.spellings.front(), whole, index);
    for (const Pattern& part : one.spellings) check(equation.whole.front(), part, "");
  });
  if (fault.empty() && stack != nullptr) fault = find_uncounted(equation, *stack);
  return fault;
}

}  // namespace

std::string find_unknown(const Pattern& written, const Pattern& read, std::string_view index) {
  const auto known = read.variables();
  for (const std::string_view name : written.variables()) {
    if (name == index || std::find(known.begin(), known.end(), name) != known.end()) continue;
    return fmt::format("{{{}}} of {} is not in {}, which must say what it is", name, written.text(),
                       read.text());
  }
  return "";
}

std::string bind_sets(Pattern& a, Pattern& b) {
  std::string fault = find_contradiction({a, b});
  if (!fault.empty()) return fault;
  a.bind_sets(b);
  b.bind_sets(a);
  return "";
}

std::string find_fault(const Equation& equation, bool is_template) {
  std::vector<Pattern> keys = equation.whole;
  for_each_tensor(equation.parts, [&](const Part& one) {
    keys.insert(keys.end(), one.spellings.begin(), one.spellings.end());
  });
  std::string fault = find_contradiction(keys);
  if (!fault.empty()) return fault;
  if (count_stacks(equation.parts) > 1) return "two stacks in one equation";
  return is_template ? "" : find_unknown(equation);
}

}  // namespace ckptscope
