// Runs of digits compare as numbers of any length; ties are broken so that the order is total.
#include "core/base/natural_order.hpp"

namespace ckptscope {
namespace {

/// The run of digits at `at`, without leading zeros; moves `at` behind it.
std::string_view number_at(std::string_view text, std::size_t& at) {
  std::size_t begin = at;
  while (at < text.size() && is_digit(text[at])) ++at;
  while (begin + 1 < at && text[begin] == '0') ++begin;
  return text.substr(begin, at - begin);
}

int rank(char c) {
  return c == '.' ? -1 : static_cast<unsigned char>(c);
}

/// Segments of equal number are ordered by their digits: "07" behind "7".
std::strong_ordering compare_runs(std::string_view a, std::size_t& i, std::string_view b,
                                  std::size_t& j, std::strong_ordering& tie) {
  const std::size_t a_begin = i;
  const std::size_t b_begin = j;
  const std::string_view x = number_at(a, i);
  const std::string_view y = number_at(b, j);
  if (x.size() != y.size()) return x.size() <=> y.size();
  if (const int order = x.compare(y); order != 0) return order <=> 0;
  if (std::is_eq(tie)) tie = (i - a_begin) <=> (j - b_begin);
  return std::strong_ordering::equal;
}

}  // namespace

std::strong_ordering natural_compare(std::string_view a, std::string_view b) {
  std::size_t i = 0;
  std::size_t j = 0;
  auto tie =
      std::strong_ordering::equal;  // of the segment at hand: leading zeros decide at its end
  while (i < a.size() && j < b.size()) {
    if (is_digit(a[i]) && is_digit(b[j])) {
      if (const auto order = compare_runs(a, i, b, j, tie); std::is_neq(order)) return order;
      continue;
    }
    if (a[i] != b[j]) {
      return rank(a[i]) <=> rank(b[j]);
    }
    if (a[i] == '.' && std::is_neq(tie)) return tie;
    ++i;
    ++j;
  }
  if (i == a.size() && j == b.size()) return tie;
  if (i == a.size())
    return j < b.size() && b[j] == '.' && std::is_neq(tie) ? tie : std::strong_ordering::less;
  return a[i] == '.' && std::is_neq(tie) ? tie : std::strong_ordering::greater;
}

}  // namespace ckptscope
