// What may reach a terminal is decided by Unicode category, code point by code point.
#include "core/base/display.hpp"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>

#include "core/base/eight_bytes.hpp"
#include "core/base/error.hpp"

namespace ckptscope {
namespace {

constexpr int kMaxCombining = 4;

struct Decoded {
  utf8proc_int32_t scalar;  // < 0: the byte at hand is not UTF-8
  std::size_t bytes;
};

Decoded decode(std::string_view text) {
  utf8proc_int32_t scalar = -1;
  const auto bytes = utf8proc_iterate(
      reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
      static_cast<utf8proc_ssize_t>(std::min<std::size_t>(text.size(), 4)), &scalar);
  if (bytes <= 0) return {-1, 1};
  return {scalar, static_cast<std::size_t>(bytes)};
}

bool is_plain_ascii(char c) {
  return c >= 0x20 && c < 0x7F && c != '\\';
}

/// How many bytes at the start are shown as they are: of most names all.
std::size_t plain_bytes(std::string_view text) {
  std::size_t at = find_in_eights(text, 0, [](EightBytes eight) {
    return eight.below(0x20) | eight.equal(0x7F) | eight.equal('\\') | eight.beyond_ascii();
  });
  while (at < text.size() && is_plain_ascii(text[at])) ++at;
  return at;
}

bool is_combining(utf8proc_int32_t scalar) {
  const auto category = utf8proc_category(scalar);
  return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_ME;
}

bool is_visible(utf8proc_int32_t scalar) {
  switch (utf8proc_category(scalar)) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return false;
    default:
      return true;
  }
}

/// Beyond the first plane as two halves.
void append_json_escape(std::string& out, std::uint32_t scalar) {
  if (scalar < 0x10000) {
    out += fmt::format("\\u{:04x}", scalar);
  } else {
    out += fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + ((scalar - 0x10000) >> 10),
                       0xDC00 + (scalar & 0x3FF));
  }
}

std::optional<std::uint32_t> hexadecimal(std::string_view digits) {
  std::uint32_t value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

}  // namespace

bool needs_escape(std::string_view text) {
  return plain_bytes(text) < text.size() && display(text) != text;
}

std::string display(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  append_display(out, text);
  return out;
}

void append_display(std::string& out, std::string_view text) {
  int combining = 0;
  while (!text.empty()) {
    if (const std::size_t plain = plain_bytes(text); plain > 0) {
      out += text.substr(0, plain);
      text.remove_prefix(plain);
      combining = 0;
      continue;
    }
    const auto first = static_cast<unsigned char>(text.front());
    const Decoded next = first < 0x80 ? Decoded{first, 1} : decode(text);
    if (next.scalar < 0) {
      out += fmt::format("\\x{:02x}", first);
    } else if (first == '\\') {
      out += "\\\\";
    } else {
      combining = is_combining(next.scalar) ? combining + 1 : 0;
      if (is_visible(next.scalar) && combining <= kMaxCombining) {
        out += text.substr(0, next.bytes);
      } else {
        out += fmt::format("\\u{{{:x}}}", static_cast<std::uint32_t>(next.scalar));
      }
    }
    text.remove_prefix(next.bytes);
  }
}

std::string visible_json(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  while (!json.empty()) {
    const auto first = static_cast<unsigned char>(json.front());
    const Decoded next = first < 0x7F ? Decoded{first, 1} : decode(json);
    if (first < 0x7F || is_visible(next.scalar)) {
      out += json.substr(0, next.bytes);
    } else {
      append_json_escape(out, static_cast<std::uint32_t>(next.scalar));
    }
    json.remove_prefix(next.bytes);
  }
  return out;
}

std::size_t display_width(std::string_view displayed) {
  std::size_t width = 0;
  while (!displayed.empty()) {
    const Decoded next = decode(displayed);
    width += next.scalar < 0
                 ? 1
                 : static_cast<std::size_t>(std::max(0, utf8proc_charwidth(next.scalar)));
    displayed.remove_prefix(next.bytes);
  }
  return width;
}

std::string elide_middle(std::string_view displayed, std::size_t width) {
  if (display_width(displayed) <= width) return std::string(displayed);
  if (width == 0) return "";
  const std::size_t tail = (width - 1) * 3 / 5;
  const std::size_t head = width - 1 - tail;
  const auto take = [](std::string_view text, std::size_t columns, bool from_end) {
    std::size_t used = 0;
    std::size_t at = from_end ? text.size() : 0;
    while (from_end ? at > 0 : at < text.size()) {
      std::size_t next = from_end ? at - 1 : at;
      while (from_end && next > 0 && (static_cast<unsigned char>(text[next]) & 0xC0) == 0x80)
        --next;
      const Decoded one = decode(text.substr(next));
      const auto columns_of_one = static_cast<std::size_t>(
          std::max(0, one.scalar < 0 ? 1 : utf8proc_charwidth(one.scalar)));
      if (used + columns_of_one > columns) break;
      used += columns_of_one;
      at = from_end ? next : next + one.bytes;
    }
    return from_end ? text.substr(at) : text.substr(0, at);
  };
  return std::string(take(displayed, head, false)) + "…" + std::string(take(displayed, tail, true));
}

std::string normalised(std::string_view text) {
  utf8proc_uint8_t* form = nullptr;
  const auto bytes =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                   static_cast<utf8proc_ssize_t>(text.size()), &form,
                   static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  const std::unique_ptr<utf8proc_uint8_t, void (*)(void*)> owner(form, std::free);
  if (bytes < 0) return std::string(text);
  return std::string(reinterpret_cast<const char*>(form), static_cast<std::size_t>(bytes));
}

std::string in_capitals(std::string_view text) {
  std::string capitals(text);
  for (char& c : capitals) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return capitals;
}

std::size_t find_invalid_utf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    at = find_in_eights(text, at, [](EightBytes eight) { return eight.beyond_ascii(); });
    if (at >= text.size()) break;
    const Decoded next = decode(text.substr(at));
    if (next.scalar < 0) return at;
    at += next.bytes;
  }
  return std::string_view::npos;
}

std::size_t read_escape(std::string_view text, std::size_t at, std::string& out) {
  if (++at >= text.size()) fail(Code::Usage, "nothing follows the last \\");
  const char kind = text[at++];
  if (kind == 'x') {
    const auto byte = hexadecimal(text.substr(at, 2));
    if (!byte || text.size() - at < 2) fail(Code::Usage, "\\x: two hexadecimal digits expected");
    out += static_cast<char>(*byte);
    return at + 2;
  }
  if (kind != 'u' || at == text.size() || text[at] != '{') {
    out += kind;
    return at;
  }
  const std::size_t end = text.find('}', at);
  const auto scalar =
      end == text.npos ? std::nullopt : hexadecimal(text.substr(at + 1, end - at - 1));
  if (!scalar || *scalar > 0x10FFFF) fail(Code::Usage, "\\u{{…}}: a Unicode scalar expected");
  append_utf8(out, static_cast<char32_t>(*scalar));
  return end + 1;
}

void append_utf8(std::string& out, char32_t scalar) {
  utf8proc_uint8_t bytes[4];
  const auto count = utf8proc_encode_char(static_cast<utf8proc_int32_t>(scalar), bytes);
  out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(count));
}

std::string shell_word(std::string_view text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./+:@%,";
  if (!text.empty() && text.find_first_not_of(kPlain) == text.npos) return std::string(text);
  std::string without_backslashes(text);
  std::erase(without_backslashes, '\\');
  const bool visible = !needs_escape(without_backslashes);
  std::string word = visible ? "'" : "$'";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (visible) {
      word += c == '\'' ? "'\\''" : std::string(1, c);
    } else if (c == '\'' || c == '\\') {
      word += std::string("\\") + c;
    } else if (byte < 0x20 || byte >= 0x7F) {
      word += fmt::format("\\x{:02x}", byte);
    } else {
      word += c;
    }
  }
  return word + "'";
}

}  // namespace ckptscope
