// What may reach a terminal: every code point, invalid bytes, and the widths of what is shown.

#include "core/base/display.hpp"

#include <gtest/gtest.h>
#include <utf8proc.h>

#include <random>

namespace ckptscope::testing {
namespace {

using std::string_literals::operator""s;

constexpr char32_t kLast = 0x10FFFF;

bool is_surrogate(char32_t scalar) {
  return scalar >= 0xD800 && scalar <= 0xDFFF;
}

std::string utf8(char32_t scalar) {
  std::string text;
  append_utf8(text, scalar);
  return text;
}

/// Scalars and -1 for every byte that belongs to none.
std::vector<utf8proc_int32_t> slow_decode(std::string_view text) {
  std::vector<utf8proc_int32_t> scalars;
  while (!text.empty()) {
    utf8proc_int32_t scalar = -1;
    const auto bytes = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                        static_cast<utf8proc_ssize_t>(text.size()), &scalar);
    scalars.push_back(bytes > 0 ? scalar : -1);
    text.remove_prefix(bytes > 0 ? static_cast<std::size_t>(bytes) : 1);
  }
  return scalars;
}

/// Everything that must never be shown raw, by number, as the promise lists it.
bool must_be_escaped(char32_t c) {
  struct Range {
    char32_t first;
    char32_t last;
  };
  constexpr Range kRanges[] = {
      {0x00, 0x1F},     {0x7F, 0x9F},     {0xAD, 0xAD},       {0x61C, 0x61C},
      {0x200B, 0x200F}, {0x2028, 0x202E}, {0x2060, 0x2064},   {0x2066, 0x2069},
      {0xD800, 0xDFFF}, {0xFDD0, 0xFDEF}, {0xFEFF, 0xFEFF},   {0xE000, 0xF8FF},
      {0xFFF0, 0xFFFB}, {'\\', '\\'},     {0xE0000, 0xE007F}, {0xF0000, kLast},
  };
  for (const Range& range : kRanges) {
    if (c >= range.first && c <= range.last) return true;
  }
  return (c & 0xFFFE) == 0xFFFE;
}

bool is_harmful_category(utf8proc_int32_t scalar) {
  switch (utf8proc_category(scalar)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return true;
    default:
      return false;
  }
}

/// The bytes that a displayed text stands for.
std::string read_back(std::string_view shown) {
  std::string out;
  for (std::size_t at = 0; at < shown.size();) {
    if (shown[at] != '\\') {
      out += shown[at++];
    } else if (shown[at + 1] == '\\') {
      out += '\\';
      at += 2;
    } else if (shown[at + 1] == 'x') {
      out += static_cast<char>(std::stoul(std::string(shown.substr(at + 2, 2)), nullptr, 16));
      at += 4;
    } else {
      const std::size_t close = shown.find('}', at);
      const std::string digits(shown.substr(at + 3, close - at - 3));
      append_utf8(out, static_cast<char32_t>(std::stoul(digits, nullptr, 16)));
      at = close + 1;
    }
  }
  return out;
}

struct Row {
  std::string text;
  std::string shown;
};

TEST(Display, Rules) {
  const Row rows[] = {
      {"", ""},
      {"model.layers.0.mlp.weight", "model.layers.0.mlp.weight"},
      {" ~!{}[]()$`'\"", " ~!{}[]()$`'\""},
      {"caf\u00e9 \u6f22\u5b57 \U0001F600 \u0436", "caf\u00e9 \u6f22\u5b57 \U0001F600 \u0436"},
      {"a\\b", "a\\\\b"},
      {"\\u{1b}", "\\\\u{1b}"},
      {"\x1b]0;t\x07", "\\u{1b}]0;t\\u{7}"},
      {"a\tb\r\n", "a\\u{9}b\\u{d}\\u{a}"},
      {"\0x"s, "\\u{0}x"},
      {"\x7f", "\\u{7f}"},
      {"\u0080\u009b31m\u009f", "\\u{80}\\u{9b}31m\\u{9f}"},
      {"a\u2028b\u2029", "a\\u{2028}b\\u{2029}"},
      {"\u061c\u200e\u200f", "\\u{61c}\\u{200e}\\u{200f}"},
      {"\u202a\u202e\u2066\u2069", "\\u{202a}\\u{202e}\\u{2066}\\u{2069}"},
      {"\u200b\u200d\u2060\u2064\ufeff\u00ad",
       "\\u{200b}\\u{200d}\\u{2060}\\u{2064}\\u{feff}\\u{ad}"},
      {"\U000E0000\U000E0001\U000E007F", "\\u{e0000}\\u{e0001}\\u{e007f}"},
      {"\ufdd0\uffff\U0010FFFF", "\\u{fdd0}\\u{ffff}\\u{10ffff}"},
      {"\u0378\ue000", "\\u{378}\\u{e000}"},
      {"\xff", "\\xff"},
      {"a\xc0\xaf", "a\\xc0\\xaf"},
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},
      {"\xe2\x82", "\\xe2\\x82"},
      {"\xe2\x82z", "\\xe2\\x82z"},
      {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
      {"\xc2\x9b\x9b", "\\u{9b}\\x9b"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(display(row.text), row.shown);
    EXPECT_EQ(needs_escape(row.text), row.text != row.shown) << row.shown;
    EXPECT_EQ(read_back(row.shown), row.text) << row.shown;
  }
}

TEST(Display, EveryCodePoint) {
  for (char32_t scalar = 0; scalar <= kLast; ++scalar) {
    if (is_surrogate(scalar)) continue;
    const std::string text = "a" + utf8(scalar) + "b";
    const std::string shown = display(text);
    for (const utf8proc_int32_t c : slow_decode(shown)) {
      ASSERT_GE(c, 0) << static_cast<unsigned>(scalar);
      ASSERT_FALSE(is_harmful_category(c)) << std::hex << static_cast<unsigned>(scalar);
    }
    if (must_be_escaped(scalar)) {
      ASSERT_NE(shown, text) << std::hex << static_cast<unsigned>(scalar);
    }
    ASSERT_EQ(needs_escape(text), shown != text);
    ASSERT_EQ(read_back(shown), text);
  }
}

TEST(Display, RandomBytesComeBackAndAreHarmless) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 100'000; ++i) {
    std::string text;
    for (std::size_t k = random() % 16; k > 0; --k) {
      const auto kind = random() % 4;
      if (kind == 0) {
        text += static_cast<char>(random() & 0xFF);
      } else if (kind == 1) {
        text += static_cast<char>(0x80 + random() % 0x80);
      } else if (kind == 2) {
        const auto scalar = static_cast<char32_t>(random() % (kLast + 1));
        if (!is_surrogate(scalar)) append_utf8(text, scalar);
      } else {
        text += "\\x{u}"[random() % 5];
      }
    }
    const std::string shown = display(text);
    ASSERT_EQ(find_invalid_utf8(shown), std::string::npos);
    ASSERT_EQ(read_back(shown), text) << shown;
    ASSERT_EQ(needs_escape(text), shown != text);
    for (const utf8proc_int32_t c : slow_decode(shown)) ASSERT_FALSE(is_harmful_category(c));
  }
}

TEST(Display, CombiningMarksBeyondTheFourthAreWrittenOut) {
  const std::string mark = "\u0301";
  const std::string four = mark + mark + mark + mark;
  const Row rows[] = {
      {"a" + four, "a" + four},
      {"a" + four + mark, "a" + four + "\\u{301}"},
      {"a" + four + mark + mark, "a" + four + "\\u{301}\\u{301}"},
      {"a" + four + "b" + four, "a" + four + "b" + four},
      {"\u6f22" + four + "\u5b57" + four, "\u6f22" + four + "\u5b57" + four},
      {"a" + four + "\u20dd", "a" + four + "\\u{20dd}"},  // an enclosing mark counts too
  };
  for (const Row& row : rows) EXPECT_EQ(display(row.text), row.shown);
  std::string many = "a";
  for (int i = 0; i < 5000; ++i) many += mark;
  EXPECT_EQ(display_width(display(many)), 1 + 4996 * std::string_view("\\u{301}").size());
}

// ---- widths -------------------------------------------------------------------------------------

TEST(Display, Widths) {
  struct Wide {
    std::string text;
    std::size_t width;
  };
  const Wide rows[] = {
      {"", 0},         {"abc", 3},    {"caf\u00e9", 4}, {"cafe\u0301", 4}, {"\u6f22\u5b57", 4},
      {"a\u6f22b", 4}, {"\uff21", 2},
  };
  for (const Wide& row : rows) EXPECT_EQ(display_width(row.text), row.width) << row.text;
}

TEST(ElideMiddle, Rows) {
  struct Cut {
    std::string text;
    std::size_t width;
    std::string shown;
  };
  const Cut rows[] = {
      {"weight", 6, "weight"},
      {"weight", 7, "weight"},
      {"weight", 5, "we…ht"},
      {"weight", 1, "…"},
      {"weight", 0, ""},
      {"", 0, ""},
      {"gate_up_proj.weight_scale_inv", 17, "gate_up…scale_inv"},
      {"\u6f22\u6f22\u6f22\u6f22", 8, "\u6f22\u6f22\u6f22\u6f22"},
      {"\u6f22\u6f22\u6f22\u6f22", 7, "\u6f22…\u6f22"},
      {"\u6f22\u6f22\u6f22\u6f22", 2, "…"},
  };
  for (const Cut& row : rows) {
    EXPECT_EQ(elide_middle(row.text, row.width), row.shown) << row.text << " " << row.width;
  }
}

TEST(ElideMiddle, NeverWiderThanAsked) {
  const std::string texts[] = {
      "model.layers.0.mlp.experts.17.gate_up_proj.weight_scale_inv",
      "\u6f22\u5b57\u6f22\u5b57\u6f22\u5b57\u6f22\u5b57\u6f22\u5b57",
      "a\u6f22b\u5b57c\u6f22d\u5b57e",
      "a\u0301e\u0301i\u0301o\u0301u\u0301a\u0301e\u0301i\u0301",
      "\U0001F600\U0001F600x\U0001F600\U0001F600",
  };
  for (const std::string& text : texts) {
    for (std::size_t width = 0; width <= 62; ++width) {
      const std::string shown = elide_middle(text, width);
      ASSERT_LE(display_width(shown), width) << text;
      ASSERT_EQ(find_invalid_utf8(shown), shown.npos) << text;
      if (display_width(text) <= width) {
        ASSERT_EQ(shown, text);
        continue;
      }
      const std::size_t cut = shown.find("…");
      ASSERT_EQ(cut == shown.npos, width == 0);
      if (width == 0) continue;
      EXPECT_TRUE(text.starts_with(shown.substr(0, cut)));
      EXPECT_TRUE(text.ends_with(shown.substr(cut + 3)));
      // A wide character at either side of the cut may not fit.
      EXPECT_GE(display_width(shown) + 2, width);
    }
  }
}

// ---- UTF-8 --------------------------------------------------------------------------------------

std::size_t slow_find_invalid(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    utf8proc_int32_t scalar = -1;
    const auto bytes = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(&text[at]),
                                        static_cast<utf8proc_ssize_t>(text.size() - at), &scalar);
    if (bytes <= 0) return at;
    at += static_cast<std::size_t>(bytes);
  }
  return text.npos;
}

TEST(FindInvalidUtf8, AnyByteAnywhere) {
  for (std::size_t length = 0; length <= 20; ++length) {
    const std::string plain(length, 'x');
    ASSERT_EQ(find_invalid_utf8(plain), plain.npos);
    for (std::size_t at = 0; at < length; ++at) {
      for (unsigned byte = 0; byte < 256; ++byte) {
        std::string text = plain;
        text[at] = static_cast<char>(byte);
        ASSERT_EQ(find_invalid_utf8(text), slow_find_invalid(text)) << length << " " << at;
      }
    }
  }
}

TEST(FindInvalidUtf8, SequencesAcrossEveryBoundary) {
  const std::string pieces[] = {"\u00e9",       "\u6f22",   "\U0001F600",  "\xc0\xaf",
                                "\xed\xa0\x80", "\xe2\x82", "\xf0\x9f",    "\xf4\x90\x80\x80",
                                "\xf8\x88",     "\x80",     "\xe0\x80\x80"};
  for (const std::string& one : pieces) {
    for (const std::string& two : pieces) {
      for (std::size_t before = 0; before <= 16; ++before) {
        for (std::size_t between = 0; between <= 9; ++between) {
          const std::string text = std::string(before, 'a') + one + std::string(between, 'b') + two;
          ASSERT_EQ(find_invalid_utf8(text), slow_find_invalid(text));
        }
      }
    }
  }
}

TEST(AppendUtf8, EveryScalarComesBack) {
  for (char32_t scalar = 0; scalar <= kLast; ++scalar) {
    if (is_surrogate(scalar)) continue;
    const std::vector<utf8proc_int32_t> back = slow_decode(utf8(scalar));
    ASSERT_EQ(back.size(), 1u);
    ASSERT_EQ(static_cast<char32_t>(back[0]), scalar);
  }
}

TEST(Normalised, NfcOrAsItIs) {
  const Row rows[] = {
      {"", ""},
      {"weight", "weight"},
      {"cafe\u0301", "caf\u00e9"},
      {"caf\u00e9", "caf\u00e9"},
      {"\u1100\u1161", "\uac00"},
      {"a\xff", "a\xff"},
      {"a\0e\u0301"s, "a\0\u00e9"s},
  };
  for (const Row& row : rows) EXPECT_EQ(normalised(row.text), row.shown);
}

}  // namespace
}  // namespace ckptscope::testing
