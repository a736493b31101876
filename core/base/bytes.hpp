// Sizes: checked 64-bit arithmetic, and sizes as text. GB = 10^9 bytes, GiB = 2^30, in and out.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ckptscope {

/// nullopt when the exact result does not fit 64 bits.
inline std::optional<std::uint64_t> checked_mul(std::uint64_t a, std::uint64_t b) {
  std::uint64_t result = 0;
  if (__builtin_mul_overflow(a, b, &result)) return std::nullopt;
  return result;
}

/// a / b rounded up; b > 0.
constexpr std::uint64_t ceil_div(std::uint64_t a, std::uint64_t b) {
  return a / b + (a % b != 0 ? 1 : 0);
}
/// The least multiple of `unit` that is >= value; unit > 0, result must fit.
constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) {
  return ceil_div(value, unit) * unit;
}

/// The number that files hold in eight bytes, the least byte first.
inline std::uint64_t read_little_endian(std::span<const std::byte, 8> bytes) {
  static_assert(std::endian::native == std::endian::little);
  std::uint64_t value = 0;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

/// "4096": text that is a decimal number and nothing else; nullopt for other text, and for what
/// does not fit 64 bits.
std::optional<std::uint64_t> parse_number(std::string_view text);
/// "5GB", "512MiB", "1.5 GB", "4096": a size in bytes; nullopt when it is none. Case does not
/// matter.
std::optional<std::uint64_t> parse_bytes(std::string_view text);

/// Decimal units, three or four digits: "295 B", "8.19 kB", "63.16 GB", "590.1 GB".
std::string format_bytes(std::uint64_t bytes);
/// Binary units, for memory: "118 MiB".
std::string format_memory(std::uint64_t bytes);
/// Thousands separated by commas: "47,138".
std::string format_count(std::uint64_t count);

/// Minutes and seconds: "0:58", "62:04"; at most some hundred hours.
std::string format_duration(double seconds);

/// "1 tensor", "2,880 tensors".
std::string counted(std::uint64_t count, std::string_view noun);

}  // namespace ckptscope
