// One line a value, however many parts it has: parts that only count up are written once.
#include "core/value/value_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/natural_order.hpp"

namespace ckptscope {
namespace {

using Op = Value::Op;

constexpr std::string_view kIndex = "{E}";

/// The digits at the start of `text`, which are taken off it.
std::string_view take_number(std::string_view& text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
  const std::string_view number = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(number.size());
  return number;
}

/// The text that two neighbours share when a number that counts up from `first` is {E}. A number
/// that is the same in both stays: the first part's layer 0 must not be taken for expert 0.
std::optional<std::string> shared_pattern(std::string_view a, std::string_view b,
                                          std::uint64_t first) {
  const std::string here = fmt::format("{}", first);
  const std::string next = fmt::format("{}", first + 1);
  std::string pattern;
  while (!a.empty() && !b.empty()) {
    if (is_digit(a.front()) && is_digit(b.front())) {
      const std::string_view x = take_number(a);
      const std::string_view y = take_number(b);
      if (x != y && (x != here || y != next)) return std::nullopt;
      pattern += x == y ? x : kIndex;
      continue;
    }
    if (a.front() != b.front()) return std::nullopt;
    pattern += a.front();
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
  return a.empty() && b.empty() ? std::optional(pattern) : std::nullopt;
}

/// The texts around every {E} of a pattern.
std::vector<std::string_view> pieces_of(std::string_view pattern) {
  std::vector<std::string_view> pieces;
  for (std::size_t at = pattern.find(kIndex); at != pattern.npos; at = pattern.find(kIndex)) {
    pieces.push_back(pattern.substr(0, at));
    pattern.remove_prefix(at + kIndex.size());
  }
  pieces.push_back(pattern);
  return pieces;
}

/// True when `text` is the pieces with `digits` between them.
bool is_joined(std::string_view text, const std::vector<std::string_view>& pieces,
               std::string_view digits) {
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (i > 0) {
      if (!text.starts_with(digits)) return false;
      text.remove_prefix(digits.size());
    }
    if (!text.starts_with(pieces[i])) return false;
    text.remove_prefix(pieces[i].size());
  }
  return text.empty();
}

/// The text that gives every part of a stack when {E} is replaced by its number.
std::optional<std::string> folded(const std::vector<std::string>& parts, std::uint64_t first) {
  if (parts.size() < 2) return std::nullopt;
  auto pattern = shared_pattern(parts[0], parts[1], first);
  if (!pattern) return std::nullopt;
  const std::vector<std::string_view> pieces = pieces_of(*pattern);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (!is_joined(parts[i], pieces, std::to_string(first + i))) return std::nullopt;
  }
  return pattern;
}

/// Of every argument.
std::vector<std::string> texts(const Value& value, const InputText& input_text, bool fold) {
  std::vector<std::string> list;
  for (const ValuePtr arg : value.args) list.push_back(to_text(*arg, input_text, fold));
  return list;
}

std::string stack_text(const Value& value, const std::vector<std::string>& parts, bool fold) {
  const auto once = fold ? folded(parts, value.begin) : std::nullopt;
  if (!once) return fmt::format("stack({})", fmt::join(parts, ", "));
  return fmt::format("stack(E={}..{}, {})", value.begin, value.begin + parts.size() - 1, *once);
}

}  // namespace

std::string to_text(const Value& value, const InputText& input_text, bool fold) {
  const std::vector<std::string> args = texts(value, input_text, fold);
  const auto call = [&](std::string_view word) {
    return fmt::format("{}({})", word, fmt::join(args, ", "));
  };
  const int rank = static_cast<int>(value.shape.size());
  const WrittenForm& form = written_form(value.packing);
  switch (value.op) {
    case Op::Input:
      return input_text(value.input);
    case Op::Transpose:
      return call("t");
    case Op::Slice:
      return fmt::format("slice({}, {}, {}..{})", args[0], value.dim, value.begin, value.end);
    case Op::Select:
      return fmt::format("select({}, {})", args[0], value.begin);
    case Op::Concat:
      return fmt::format("cat({}, {})", value.dim - rank, fmt::join(args, ", "));
    case Op::Stack:
      return stack_text(value, args, fold);
    case Op::Mxfp4:
    case Op::Fp8:
    case Op::Nibbles:
      return call(decoded_form(value));
    case Op::Cast:
      return fmt::format("cast({}, {})", name_of(value.dtype), args[0]);
    case Op::Scaled:
      return call("scaled");
    case Op::Interleave:
      return fmt::format("interleaved({}, {})", value.dim - rank, args[0]);
    case Op::Deinterleave:
      return fmt::format("deinterleaved({}, {})", value.dim - rank, args[0]);
    case Op::Zeros:
      return "zeros";
    case Op::Ones:
      return "ones";
    case Op::Frequencies:
      return fmt::format("frequencies({}, {})", std::bit_cast<double>(value.begin), value.end);
    case Op::PackedCodes:
      return call(fmt::format("{}_{}", form.word, form.codes));
    case Op::PackedScales:
      return call(fmt::format("{}_{}", form.word, form.scales));
    case Op::PackedThird:
      return call(fmt::format("{}_{}", form.word, form.third));
  }
  return "";
}

}  // namespace ckptscope
