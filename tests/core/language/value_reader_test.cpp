// Values of mapping texts: computed from a config, settings and names.

#include "core/language/line_reader.hpp"

#include <gtest/gtest.h>

namespace ckptscope::testing {
namespace {

const Config kConfig = Config::parse(
    R"({"n": 6, "r": 0.5, "flag": true, "name": "x", "none": null, "list": ["a", "b"], "obj": {"k": 1},
        "big": 9223372036854775807, "huge": 18446744073709551615, "neg": -2, "top": 1,
        "text_config": {"n": 7, "inner": 8, "none": 9}, "talker_config": {"text_config": {"t": 1}},
        "thinker_config": {"text_config": {"thinks": 3}}, "llm_config": {"llm": 4}})",
    "config.json");

std::string text_of(const ConfigValue::Scalar& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return std::to_string(*whole);
  if (const auto* real = std::get_if<double>(&value)) return fmt::format("{}r", *real);
  if (const auto* text = std::get_if<std::string>(&value)) return "'" + *text + "'";
  return "?";
}

/// The value of a text, or "? PATH" for an unknown one, or what is wrong with it.
std::string value_of(const std::string& text, bool exact = false) {
  MappingOptions options;
  options.layout = "second";
  options.settings = {{"n", "3"}, {"attn", "te"}};
  Scope scope;
  scope.values["bound"] = {{std::int64_t{5}}, ""};
  scope.values["unbound"] = {{}, "why"};
  try {
    const MappingText mapping{"m", text};
    Tokeniser tokeniser(mapping);
    TokenLine line;
    tokeniser.next(line);
    const Surroundings surroundings{kConfig, options, exact};
    LineReader reader(mapping.name, line, surroundings, scope);
    const Quantity value = reader.value();
    reader.expect_end();
    return value.known() ? text_of(value.value.scalar) : "? " + value.missing;
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(Quantity, Values) {
  struct Row {
    const char* text;
    const char* value;
  };
  const Row rows[] = {
      {"2", "2"},
      {"-2", "-2"},
      {"0.5", "0.5r"},
      {"'a b'", "'a b'"},
      {"true", "true"},
      {"layout", "'second'"},
      {"bound", "5"},
      {"set.n", "3"},
      {"set.attn", "'te'"},
      {"set.other", "? "},
      // Paths.
      {".n", "6"},
      {".inner", "8"},
      {".thinks", "3"},
      {".llm", "4"},
      {".t", "? t"},
      {".none", "9"},
      {".obj.k", "1"},
      {".text_config.n", "7"},
      {".nothing", "? nothing"},
      {".huge", "? huge"},
      {"has .obj", "true"},
      {"has .nothing", "false"},
      {"length .list", "2"},
      {"length .name", "1"},
      {"length .n", "? n"},
      // Arithmetic.
      {"2 + 3 * 4", "14"},
      {"( 2 + 3 ) * 4", "20"},
      {"7 / 2", "3"},
      {"7 / 2.0", "3.5r"},
      {"8 - 2 - 1", "5"},
      {".n * bound", "30"},
      {".big + 1", "? a number that fits 64 bits"},
      {"1 / 0", "? a number that fits 64 bits"},
      {".nothing * 2", "? nothing"},
      {".name + 1", "? a number"},
      {".nothing ?? .n", "6"},
      {".nothing ?? unbound", "? nothing"},
      {"set.other ?? unbound", "? why"},
      {".nothing ?? 2 * 3", "6"},
      // Comparisons.
      {".name == \"x\"", "true"},
      {".list == \"b\"", "true"},
      {"\"a\" == .list", "true"},
      {".list == \"c\"", "false"},
      {".n == 6.0", "true"},
      {".n != 6", "false"},
      {".n >= 6", "true"},
      {".n < 6", "false"},
      {".nothing == 1", "false"},
      {".nothing != 1", "false"},
      {".flag", "true"},
      {"not .flag", "false"},
      {"not .nothing", "true"},
      {".n == 1 or .flag and .top == 1", "true"},
      {"not .n == 6", "false"},
      // What is no value.
      {"nobody",
       "m:1:1: \"nobody\" is no value: nothing is bound to that name; a path into "
       "config.json begins with a dot"},
      {"9223372036854775808",  // once failed: a real number
       "m:1:1: \"9223372036854775808\" is no value: nothing is bound to that name; a path into "
       "config.json begins with a dot"},
      {"2 +", "m:1:4: a value is expected, not the end of the line"},
      {"has n", "m:1:5: a path into config.json, .NAME, is expected, not \"n\""},
      {"( 2", "m:1:1: a ( is not closed"},
      {"2 3", "m:1:3: the end of the line is expected, not \"3\""},
  };
  for (const Row& row : rows) EXPECT_EQ(value_of(row.text), row.value) << row.text;
}

/// A family is recognised by what stands where it says, not by a part of another model.
TEST(Quantity, ExactPaths) {
  EXPECT_EQ(value_of(".inner", true), "? inner");
  EXPECT_EQ(value_of(".text_config.inner", true), "8");
  EXPECT_EQ(value_of("has .inner", true), "false");
}

}  // namespace
}  // namespace ckptscope::testing
