// Texts as lines of tokens.

#include "core/language/tokens.hpp"

#include <gtest/gtest.h>

namespace ckptscope::testing {
namespace {

/// Tokens between blanks, lines between `;`; quoted ones in brackets.
std::string tokens_of(std::string text) {
  const MappingText mapping{"m", std::move(text)};
  std::string out;
  Tokeniser tokeniser(mapping);
  for (TokenLine line; tokeniser.next(line);) {
    for (const Token& token : line) {
      if (token.kind == Token::Kind::End) continue;
      const bool quoted = token.kind == Token::Kind::Literal || token.kind == Token::Kind::Escaped;
      out += (quoted ? "[" + token.text + "]" : token.text) + " ";
    }
    out += "; ";
  }
  return out;
}

std::string error_of(std::string text) {
  try {
    tokens_of(std::move(text));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::BadMapping);
    return error.what();
  }
  return "";
}

TEST(Tokens, Lines) {
  struct Row {
    const char* text;
    const char* tokens;
  };
  const Row rows[] = {
      {"", ""},
      {" \t\r\n # only a comment", ""},
      {"a = b\n\nc", "a = b ; c ; "},
      {"a # b\nc#d", "a ; c#d ; "},
      {"cat(0,a,b)", "cat ( 0 , a , b ) ; "},
      {"f(a,\n  b) c\nd", "f ( a , b ) c ; d ; "},
      {"f(a, # comment\n b)", "f ( a , b ) ; "},
      {"a \\\n b\nc", "a b ; c ; "},
      {"a \\  \n b", "a b ; "},
      {"{p=|model.}x:0", "{p=|model.}x:0 ; "},
      {"{p=a (b),c}.d", "{p=a (b),c}.d ; "},
      {"$(name)s.x", "$(name)s.x ; "},
      {"'a b'", "[a b] ; "},
      {"'{x} \\ \"'", "[{x} \\ \"] ; "},
      {"'a\nb' c", "[a\nb] c ; "},
      {R"("a \"b\" \x41 \u{e9}")", "[a \"b\" A é] ; "},
  };
  for (const Row& row : rows) EXPECT_EQ(tokens_of(row.text), row.tokens) << row.text;
}

TEST(Tokens, SayWhereTheyStand) {
  struct Row {
    const char* text;
    const char* error;
  };
  const Row rows[] = {
      {"a\n f(b", "m:2:3: a ( is not closed"},
      {"a)", "m:1:2: a ) without its ("},
      {"é é 'x", "m:1:5: a ' is not closed"},
      {"\"a\\q\\x4\"", "m:1:5: \\x: two hexadecimal digits expected"},
      {"a {b c", "m:1:3: {b c: a } is missing"},
      {"a\x01", "m:1:2: a control character; quotes with \\xNN can hold it"},
      {"ok\n\xff", "m:2:1: byte 3 is not UTF-8"},
  };
  for (const Row& row : rows) EXPECT_EQ(error_of(row.text), row.error) << row.text;
  EXPECT_EQ(error_of(std::string((1 << 20) + 1, ' ')), "m:1:1: more than 1 MB");
}

}  // namespace
}  // namespace ckptscope::testing
