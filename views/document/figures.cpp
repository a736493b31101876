// One spelling of every kind of number.
#include "views/document/figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace ckptscope {

std::string real(double value) {
  return fmt::format("{:.4g}", value);
}

double share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::string percent(std::uint64_t part, std::uint64_t whole, int digits) {
  const double value = 100 * share(part, whole);
  const double least = std::pow(10, -digits);
  return part > 0 && value < least ? fmt::format("<{:.{}f}", least, digits)
                                   : fmt::format("{:.{}f}", value, digits);
}

std::string bar(std::uint64_t count, std::uint64_t most, int columns) {
  if (count == 0 || columns <= 0) return "";
  const auto cells = std::lround(share(count, most) * columns);
  std::string text;
  for (long i = 0; i < std::max(1L, cells); ++i) text += "━";
  return text;
}

std::string share_bar(double part, int columns) {
  return bar(static_cast<std::uint64_t>(std::clamp(part, 0.0, 1.0) * 1e6), 1'000'000, columns);
}

}  // namespace ckptscope
