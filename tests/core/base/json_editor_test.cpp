// Members of a JSON object set and removed in its text.

#include "core/base/json_editor.hpp"

#include <gtest/gtest.h>

#include "core/base/error.hpp"

namespace ckptscope::testing {
namespace {

TEST(JsonEditor, Sets) {
  struct Row {
    std::string text;
    std::string edited;  // b set to 9
  };
  const Row rows[] = {
      {R"({})", R"({"b": 9})"},
      {R"({ })", R"({"b": 9 })"},
      {R"({"a":1})", R"({"a":1,"b": 9})"},
      {R"({"b":1,"a":2})", R"({"b":9,"a":2})"},
      {R"({"a":{"b":1}})", R"({"a":{"b":1},"b": 9})"},
      {"{\n  \"a\": \"x,}\\\"\"\n}\n", "{\n  \"a\": \"x,}\\\"\",\n  \"b\": 9\n}\n"},
      {R"({"b" : NaN , "a": -Infinity})", R"({"b" : 9 , "a": -Infinity})"},
  };
  for (const Row& row : rows) {
    JsonEditor editor(row.text);
    editor.set("b", "9");
    EXPECT_EQ(editor.text(), row.edited) << row.text;
    EXPECT_EQ(editor.value("b"), "9");
  }
}

TEST(JsonEditor, Removes) {
  struct Row {
    std::string text;
    std::string edited;  // without b
  };
  const Row rows[] = {
      {R"({"b":1})", R"({})"},
      {R"({"a":1, "b":2})", R"({"a":1})"},
      {R"({"b":1, "a":2})", R"({"a":2})"},
      {R"({"a":1, "b":{"b":[1,2]}, "c":3})", R"({"a":1, "c":3})"},
      {R"({"a":1})", R"({"a":1})"},
      {"{\n \"a\": 1,\n \"b\": 2\n}", "{\n \"a\": 1\n}"},
  };
  for (const Row& row : rows) {
    JsonEditor editor(row.text);
    editor.remove("b");
    EXPECT_EQ(editor.text(), row.edited) << row.text;
    EXPECT_FALSE(editor.value("b"));
  }
}

TEST(JsonEditor, OnlyObjects) {
  for (const char* text : {"", "[]", "1", "{\"a\":}", "{} x"}) {
    EXPECT_THROW(JsonEditor{text}, Error) << text;
  }
}

}  // namespace
}  // namespace ckptscope::testing
