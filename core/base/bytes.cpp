// Sizes are read and written by one table of units.
#include "core/base/bytes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>

namespace ckptscope {
namespace {

struct Unit {
  std::string_view name;  // lower case
  double bytes;
};
constexpr std::array kUnits{
    Unit{"", 1},
    Unit{"b", 1},
    Unit{"kb", 1e3},
    Unit{"mb", 1e6},
    Unit{"gb", 1e9},
    Unit{"tb", 1e12},
    Unit{"kib", 1024.},
    Unit{"mib", 1048576.},
    Unit{"gib", 1073741824.},
    Unit{"tib", 1099511627776.},
};

/// Four significant digits at the most, never more than two decimals.
std::string four_digits(double value) {
  return value < 99.995 ? fmt::format("{:.2f}", value) : fmt::format("{:.1f}", value);
}

}  // namespace

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || !std::isfinite(value) || value < 0) return std::nullopt;
  std::string unit;
  for (const char* p = end; p != text.data() + text.size(); ++p) {
    if (*p != ' ') unit += static_cast<char>(std::tolower(static_cast<unsigned char>(*p)));
  }
  for (const Unit& row : kUnits) {
    if (row.name != unit) continue;
    const double bytes = value * row.bytes;
    if (bytes >= 9.2e18) return std::nullopt;
    return static_cast<std::uint64_t>(std::llround(bytes));
  }
  return std::nullopt;
}

std::string format_bytes(std::uint64_t bytes) {
  if (bytes < 1000) return fmt::format("{} B", bytes);
  constexpr std::array names{"kB", "MB", "GB", "TB", "PB", "EB"};
  double value = static_cast<double>(bytes) / 1000;
  std::size_t unit = 0;
  while (value >= 999.95 && unit + 1 < names.size()) {
    value /= 1000;
    ++unit;
  }
  return four_digits(value) + " " + names[unit];
}

std::string format_memory(std::uint64_t bytes) {
  return fmt::format("{} MiB", (bytes + (1u << 19)) >> 20);
}

std::string format_count(std::uint64_t count) {
  const std::string digits = fmt::format("{}", count);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::string format_duration(double seconds) {
  const auto whole = std::lround(std::clamp(seconds, 0.0, 359999.0));
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

std::string counted(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", format_count(count), noun, count == 1 ? "" : "s");
}

}  // namespace ckptscope
