// The JSON scanner: what it takes, what it refuses and where it says so, and strings against a
// scanner that goes byte by byte.

#include "core/base/json_scanner.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <random>

#include "core/base/error.hpp"

namespace ckptscope::testing {
namespace {

void scan_all(std::string_view text, bool unique_keys = false) {
  JsonScanner scan(text);
  scan.skip_value(unique_keys);
  scan.finish();
}

std::string failure_of(std::string_view text, bool unique_keys = false) {
  try {
    scan_all(text, unique_keys);
  } catch (const Error& error) {
    return std::string(name_of(error.code())) + ": " + error.what();
  }
  return "accepted";
}

std::string repeated(std::string_view text, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

TEST(JsonScanner, Accepts) {
  const std::string_view rows[] = {
      "{}",
      "[]",
      " \t\r\n{} \t\r\n",
      "null",
      "true",
      "false",
      "\"\"",
      "0",
      "-0",
      "12",
      "-12.5",
      "0.5",
      "1e5",
      "1E+5",
      "1e-999",
      "0e999",
      "1.7976931348623157e308",
      "18446744073709551616",
      R"({"a":[1,{"b":null}],"c":"d"})",
      R"({ "a" : [ 1 , 2 ] })",
      R"({"a":1,"a":2})",
      R"({"":0})",
      R"("\"\\\/\b\f\n\r\t\u00e9\u00E9")",
      R"("\ud83d\ude00")",
      "\"\x7f\"",
      "\"\xc3\xa9\"",
      "[[],[[]],{}]",
  };
  for (const std::string_view row : rows) EXPECT_EQ(failure_of(row), "accepted") << row;
}

struct Rejected {
  std::string_view text;
  std::size_t offset;
  std::string_view expected;
};

TEST(JsonScanner, RejectsAndSaysWhere) {
  using namespace std::string_view_literals;
  const Rejected rows[] = {
      {"", 0, "a JSON value"},
      {"  ", 2, "a JSON value"},
      {"\xef\xbb\xbf{}", 0, "a JSON value"},
      {"nul", 0, "a JSON value"},
      {"True", 0, "a JSON value"},
      {"NaN", 0, "a JSON value"},
      {"-Infinity", 1, "a digit"},
      {"Infinity", 0, "a JSON value"},
      {"+1", 0, "a JSON value"},
      {".5", 0, "a JSON value"},
      {"-", 1, "a digit"},
      {"1.", 2, "a digit"},
      {"1.e5", 2, "a digit"},
      {"1e", 2, "a digit"},
      {"1e+", 3, "a digit"},
      {"01", 1, "the end of the JSON text"},
      {"-01", 2, "the end of the JSON text"},
      {"0x1", 1, "the end of the JSON text"},
      {"1e999", 0, "a number in the range of a double"},
      {"[1, -1e999]", 4, "a number in the range of a double"},
      {"[1.8e308]", 1, "a number in the range of a double"},
      {"{} {}", 3, "the end of the JSON text"},
      {"{}\0"sv, 2, "the end of the JSON text"},
      {"{}\f", 2, "the end of the JSON text"},
      {"{}\xc2\xa0", 2, "the end of the JSON text"},
      {"null null", 5, "the end of the JSON text"},
      {"{", 1, "a name in double quotes"},
      {"{\"a\"", 4, "':'"},
      {"{\"a\" 1}", 5, "':'"},
      {"{\"a\":", 5, "a JSON value"},
      {"{\"a\":1", 6, "',' or '}'"},
      {"{\"a\":1,", 7, "a name in double quotes"},
      {"{\"a\":1,}", 7, "a value after the comma"},
      {"{\"a\":1 \"b\":2}", 7, "',' or '}'"},
      {"{\"a\":1]", 6, "',' or '}'"},
      {"{,}", 1, "a name in double quotes"},
      {"{a:1}", 1, "a name in double quotes"},
      {"{'a':1}", 1, "a name in double quotes"},
      {"{1:1}", 1, "a name in double quotes"},
      {"{\"a\":1/**/}", 6, "',' or '}'"},
      {"[", 1, "a JSON value"},
      {"[1", 2, "',' or ']'"},
      {"[1,", 3, "a JSON value"},
      {"[1,]", 3, "a value after the comma"},
      {"[,1]", 1, "a JSON value"},
      {"[1 2]", 3, "',' or ']'"},
      {"[1}", 2, "',' or ']'"},
      {"\0"sv, 0, "a JSON value"},
      {"\"abc", 4, "the end of the string"},
      {"\"abc\\", 5, "a JSON escape"},
      {"\"\\x41\"", 2, "a JSON escape"},
      {"\"\\\0\""sv, 2, "a JSON escape"},
      {"\"a\tb\"", 2, "no control character in a string"},
      {"\"\\n\n\"", 3, "no control character in a string"},
      {"\"\0\""sv, 1, "no control character in a string"},
      {"\"\\u12\"", 3, "four hexadecimal digits"},
      {"\"\\u12", 3, "four hexadecimal digits"},
      {"\"\\u-123\"", 3, "four hexadecimal digits"},
      {"\"\\u+123\"", 3, "four hexadecimal digits"},
      {"\"\\u0x12\"", 3, "four hexadecimal digits"},
      {"\"\\u 123\"", 3, "four hexadecimal digits"},
      {"\"\\ud800\"", 7, "the second half of a surrogate pair"},
      {"\"\\ud800x\"", 7, "the second half of a surrogate pair"},
      {"\"\\ud800\\n\"", 7, "the second half of a surrogate pair"},
      {"\"\\ud800\\ud800\"", 13, "a low surrogate"},
      {"\"\\ud800\\u0041\"", 13, "a low surrogate"},
      {"\"\\udc00\"", 7, "no lone low surrogate"},
      {"\"\\udc00\\ud800\"", 7, "no lone low surrogate"},
  };
  for (const Rejected& row : rows) {
    const std::string expected =
        row.offset >= row.text.size()
            ? fmt::format("bad-json: JSON ends at offset {} where {} is expected", row.text.size(),
                          row.expected)
            : fmt::format("bad-json: JSON at offset {}: {} expected, near \"", row.offset,
                          row.expected);
    EXPECT_EQ(failure_of(row.text).substr(0, expected.size()), expected) << row.text;
  }
}

TEST(JsonScanner, LongNumbersMustBeFinite) {
  EXPECT_EQ(failure_of(std::string(308, '9')), "accepted");
  EXPECT_NE(failure_of(std::string(400, '9')), "accepted");
  EXPECT_EQ(failure_of("0." + std::string(400, '9')), "accepted");
  EXPECT_NE(failure_of(R"({"ignored":)" + std::string(400, '1') + "}"), "accepted");
}

TEST(JsonScanner, ExcerptsAreEscaped) {
  const std::string message = failure_of("[\"\x1b]0;x\x07\"]");
  EXPECT_NE(message.find("\\u{1b}]0;x"), message.npos) << message;
  EXPECT_EQ(message.find('\x1b'), message.npos);
}

TEST(JsonScanner, DepthIsThatOfTheReference) {
  for (const std::string open : {"[", "{\"a\":"}) {
    const std::string close = open == "[" ? "]" : "}";
    for (const std::size_t depth : {1u, 126u, 127u}) {
      EXPECT_EQ(failure_of(repeated(open, depth) + "0" + repeated(close, depth)), "accepted");
    }
    for (const std::size_t depth : {128u, 1'000'000u}) {
      const std::string message = failure_of(repeated(open, depth));
      EXPECT_EQ(message, fmt::format("bad-json: JSON at offset {}: nested deeper than 127 levels",
                                     127 * open.size()));
    }
  }
  // Leaving makes room again.
  EXPECT_EQ(failure_of("[" + repeated(repeated("[", 126) + repeated("]", 126) + ",", 3) + "0]"),
            "accepted");
}

TEST(JsonScanner, DuplicateNamesWhereAsked) {
  struct Row {
    std::string_view text;
    bool duplicate;
  };
  const Row rows[] = {
      {R"({"a":1,"b":2})", false},
      {R"({"a":1,"a":1})", true},
      {R"({"a":1,"\u0061":1})", true},
      {R"({"a":1,"A":1})", false},
      {R"({"a":{"a":1}})", false},
      {R"([{"a":1},{"a":1}])", false},
      {R"({"x":[{"a":{"b":1,"c":2,"b":3}}]})", true},
      {R"({"":1,"":1})", true},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(failure_of(row.text), "accepted") << row.text;
    EXPECT_EQ(failure_of(row.text, true).starts_with("duplicate-key: "), row.duplicate) << row.text;
  }
}

TEST(JsonScanner, UnsignedIntegers) {
  struct Row {
    std::string_view text;
    std::optional<std::uint64_t> value;
  };
  const Row rows[] = {
      {"0", 0},
      {" 7", 7},
      {"9007199254740993", 9007199254740993},
      {"18446744073709551615", 18446744073709551615u},
      {"18446744073709551616", {}},
      {"-0", {}},
      {"-1", {}},
      {"+1", {}},
      {"01", {}},
      {"00", {}},
      {"1.0", {}},
      {"1e0", {}},
      {"1E0", {}},
      {"\"1\"", {}},
      {"null", {}},
      {"", {}},
      {"[1]", {}},
  };
  for (const Row& row : rows) {
    JsonScanner scan(row.text);
    if (row.value) {
      EXPECT_EQ(scan.unsigned_integer(), *row.value) << row.text;
      EXPECT_EQ(scan.offset(), row.text.size());
    } else {
      EXPECT_THROW(scan.unsigned_integer(), Error) << row.text;
    }
  }
}

TEST(JsonScanner, WalksObjectsAndArrays) {
  JsonScanner scan(R"( {"n" : [1, 2,3], "\u0073": "a\/b", "rest": {"x": []}} )");
  scan.enter_object();
  std::string seen;
  std::string_view key;
  for (bool first = true; scan.next_member(first, key); first = false) {
    seen += std::string(key) + "=";
    if (scan.peek() == '[') {
      scan.enter_array();
      for (bool one = true; scan.next_element(one); one = false) {
        seen += std::to_string(scan.unsigned_integer()) + ",";
      }
    } else if (scan.peek() == '"') {
      seen += scan.string();
    } else {
      scan.skip_value();
    }
    seen += ";";
  }
  scan.finish();
  EXPECT_EQ(scan.peek(), '\0');
  EXPECT_EQ(seen, "n=1,2,3,;s=a/b;rest=;");
}

// ---- strings, byte by byte ----------------------------------------------------------------------

struct Text {
  std::string value;
  std::size_t bytes;  // of the JSON text
  bool operator==(const Text&) const = default;
};

/// A string of plain bytes and escapes of one letter; nullopt when it is none.
std::optional<Text> slow_string(std::string_view text) {
  if (text.empty() || text[0] != '"') return std::nullopt;
  std::string value;
  for (std::size_t i = 1; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') return Text{value, i + 1};
    if (static_cast<unsigned char>(c) < 0x20) return std::nullopt;
    if (c != '\\') {
      value += c;
      continue;
    }
    ++i;
    if (i == text.size()) return std::nullopt;
    switch (text[i]) {
      case '"':
      case '\\':
      case '/':
        value += text[i];
        break;
      case 'b':
        value += '\b';
        break;
      case 'f':
        value += '\f';
        break;
      case 'n':
        value += '\n';
        break;
      case 'r':
        value += '\r';
        break;
      case 't':
        value += '\t';
        break;
      default:
        return std::nullopt;
    }
  }
  return std::nullopt;
}

std::optional<Text> fast_string(std::string_view text) {
  try {
    JsonScanner scan(text);
    const std::string value(scan.string());
    return Text{value, scan.offset()};
  } catch (const Error&) {
    return std::nullopt;
  }
}

TEST(JsonScanner, StringsOfEveryLengthWithASpecialByteEverywhere) {
  const std::string specials("\"\\\n\0\x1f\x20\x21\x23\x5b\x5d\x7f\x80\xa2\xdc\xff", 15);
  for (std::size_t length = 0; length <= 34; ++length) {
    const std::string plain(length, 'x');
    ASSERT_EQ(fast_string("\"" + plain + "\""), slow_string("\"" + plain + "\""));
    ASSERT_EQ(fast_string("\"" + plain), std::nullopt);
    for (std::size_t at = 0; at < length; ++at) {
      for (const char special : specials) {
        std::string text = "\"" + plain + "\"  ";
        text[at + 1] = special;
        ASSERT_EQ(fast_string(text), slow_string(text)) << length << " " << at;
      }
    }
  }
}

TEST(JsonScanner, RandomStrings) {
  constexpr std::string_view kLetters = "\"\\\\nbtrf/ax\x01\x1f ~\x7f\xc3\xa9#!]";
  std::mt19937_64 random(1);
  for (int i = 0; i < 200'000; ++i) {
    std::string text = "\"";
    const std::size_t length = random() % 40;
    const std::size_t letters = 3 + random() % (kLetters.size() - 2);
    for (std::size_t k = 0; k < length; ++k) {
      text += random() % 8 != 0 ? 'p' : kLetters[random() % letters];
    }
    text += "\"";
    ASSERT_EQ(fast_string(text), slow_string(text)) << text;
  }
}

TEST(JsonScanner, EveryUnicodeEscape) {
  for (unsigned unit = 0; unit < 0x10000; ++unit) {
    const bool surrogate = unit >= 0xD800 && unit <= 0xDFFF;
    const std::string text = fmt::format("\"\\u{:04x}\"", unit);
    const auto found = fast_string(text);
    ASSERT_EQ(found.has_value(), !surrogate) << text;
    if (found) {
      ASSERT_EQ(fast_string(fmt::format("\"\\u{:04X}\"", unit)), found);
      ASSERT_EQ(found->value.size(), unit < 0x80 ? 1u : unit < 0x800 ? 2u : 3u);
    }
  }
  EXPECT_EQ(fast_string(R"("\ud83d\ude00")")->value, "\U0001F600");
  EXPECT_EQ(fast_string(R"("\ud800\udc00")")->value, "\U00010000");
  EXPECT_EQ(fast_string(R"("\udbff\udfff")")->value, "\U0010FFFF");
  EXPECT_EQ(fast_string(R"("a\u0000b")")->value, std::string("a\0b", 3));
}

}  // namespace
}  // namespace ckptscope::testing
