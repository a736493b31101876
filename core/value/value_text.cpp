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

class Writer {
 public:
  Writer(std::string& text, const AppendInput& append_input, bool fold)
      : text_(text), append_input_(append_input), fold_(fold) {}

  void write(const Value& value) {
    const int rank = static_cast<int>(value.shape.size());
    const WrittenForm& form = written_form(value.packing);
    switch (value.op) {
      case Op::Input:
        return append_input_(text_, value.input);
      case Op::Transpose:
        return write_call(value, "t");
      case Op::Slice:
        return write_call(value, "slice", "",
                          fmt::format(", {}, {}..{}", value.dim, value.begin, value.end));
      case Op::Select:
        return write_call(value, "select", "", fmt::format(", {}", value.begin));
      case Op::Concat:
        return write_call(value, "cat", fmt::format("{}, ", value.dim - rank));
      case Op::Stack:
        if (!fold_ || !write_folded(value)) write_call(value, "stack");
        return;
      case Op::Mxfp4:
      case Op::Fp8:
      case Op::Nibbles:
        return write_call(value, decoded_form(value));
      case Op::Cast:
        return write_call(value, "cast", fmt::format("{}, ", name_of(value.dtype)));
      case Op::Scaled:
        return write_call(value, "scaled");
      case Op::Interleave:
        return write_call(value, "interleaved", fmt::format("{}, ", value.dim - rank));
      case Op::Deinterleave:
        return write_call(value, "deinterleaved", fmt::format("{}, ", value.dim - rank));
      case Op::Zeros:
        text_ += "zeros";
        return;
      case Op::Ones:
        text_ += "ones";
        return;
      case Op::Frequencies:
        text_ += fmt::format("frequencies({}, {})", std::bit_cast<double>(value.begin), value.end);
        return;
      case Op::PackedCodes:
        return write_call(value, fmt::format("{}_{}", form.word, form.codes));
      case Op::PackedScales:
        return write_call(value, fmt::format("{}_{}", form.word, form.scales));
      case Op::PackedThird:
        return write_call(value, fmt::format("{}_{}", form.word, form.third));
    }
  }

 private:
  void write_call(const Value& value, std::string_view word, std::string_view before = "",
                  std::string_view after = "") {
    text_.append(word).append("(").append(before);
    for (std::size_t i = 0; i < value.args.size(); ++i) {
      if (i > 0) text_ += ", ";
      write(*value.args[i]);
    }
    text_.append(after).append(")");
  }

  /// What `use` makes of the text of a value, which is gone afterwards.
  auto with_text(const Value& value, const auto& use) {
    const std::size_t end = text_.size();
    write(value);
    auto result = use(std::string_view(text_).substr(end));
    text_.resize(end);
    return result;
  }

  /// Once for all parts, where {E} replaced by its number gives each of them.
  bool write_folded(const Value& stack) {
    const std::size_t count = stack.args.size();
    if (count < 2) return false;
    const auto copy = [](std::string_view text) { return std::string(text); };
    const std::string first = with_text(*stack.args[0], copy);
    const std::string second = with_text(*stack.args[1], copy);
    const auto pattern = shared_pattern(first, second, stack.begin);
    if (!pattern) return false;
    const std::vector<std::string_view> pieces = pieces_of(*pattern);
    for (std::size_t i = 0; i < count; ++i) {
      const std::string digits = std::to_string(stack.begin + i);
      const auto fits = [&](std::string_view text) { return is_joined(text, pieces, digits); };
      if (!with_text(*stack.args[i], fits)) return false;
    }
    text_ += fmt::format("stack(E={}..{}, {})", stack.begin, stack.begin + count - 1, *pattern);
    return true;
  }

  std::string& text_;
  const AppendInput& append_input_;
  const bool fold_;
};

}  // namespace

void append_text(std::string& text, const Value& value, const AppendInput& append_input,
                 bool fold) {
  Writer(text, append_input, fold).write(value);
}

}  // namespace ckptscope
