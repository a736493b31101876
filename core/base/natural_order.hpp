// The order in which people read keys: segment by segment, digits as numbers (layer.2 < layer.10).
#pragma once

#include <compare>
#include <string_view>

namespace ckptscope {

/// Of ASCII, whatever the locale.
constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// A total order: runs of digits compare as numbers, other bytes as they are; names that are equal
/// so far (07 and 7) fall back to plain bytes. '.' sorts before every other byte, so that the order
/// of whole keys is the order of a walk through their tree.
std::strong_ordering natural_compare(std::string_view a, std::string_view b);
inline bool natural_less(std::string_view a, std::string_view b) {
  return std::is_lt(natural_compare(a, b));
}

}  // namespace ckptscope
