// The first lines of families' texts.

#include <gtest/gtest.h>

#include "core/language/family_text.hpp"

namespace ckptscope::testing {
namespace {

TEST(FamilyHead, IsRead) {
  const FamilyHead head =
      read_head({"dir/x.map",
                 "# A family.\n"
                 "family   fam \"A family\"\n"
                 "config   .model_type == \"fam\"\n"
                 "config   .architectures == \"Fam\" and .model_type == \"old\"\n"
                 "keys     {p}.a.{L} !{p}.b\n"
                 "keys     c\n"
                 "layout   one\n"
                 "layout   two model.x.\n"
                 "settings attn=te|fa num_experts\n"
                 "dtype    F32\n"
                 "a = b\n"
                 "family   other \"behind the first lines\"\n"});
  EXPECT_EQ(head.id, "fam");
  EXPECT_EQ(head.summary, "A family");
  EXPECT_EQ(config_lines(head),
            (std::vector<std::string>{"model_type fam", "architectures Fam and model_type old"}));
  ASSERT_EQ(head.keys.size(), 2u);
  EXPECT_EQ(head.keys[0].present.at(0).text(), "{p}.a.{L}");
  EXPECT_EQ(head.keys[0].absent.at(0).text(), "{p}.b");
  EXPECT_TRUE(head.keys[1].absent.empty());
  ASSERT_EQ(head.layouts.size(), 2u);
  EXPECT_EQ(head.layouts[1].name, "two");
  EXPECT_EQ(head.layouts[1].marker, "model.x.");
  ASSERT_EQ(head.settings.size(), 2u);
  EXPECT_EQ(head.settings[0].choices, (std::vector<std::string>{"te", "fa"}));
  EXPECT_TRUE(head.settings[1].choices.empty());
  EXPECT_EQ(head.dtype, Dtype::F32);
}

TEST(FamilyHead, OfATextWithoutOneIsItsName) {
  const FamilyHead head = read_head({"dir/x.map", "a = b\n"});
  EXPECT_EQ(head.id, "x");
  EXPECT_EQ(head.layouts.at(0).name, "automodel");
  EXPECT_EQ(head.dtype, Dtype::BF16);
}

TEST(FamilyHead, IsNamedByAConfig) {
  const FamilyHead head = read_head({"x",
                                     "config .model_type == \"a\"\n"
                                     "config .architectures == \"B\" and .model_type == \"c\"\n"});
  const auto named = [&](const std::string& json) {
    return named_by(head, Config::parse(json, "config.json"));
  };
  EXPECT_EQ(named(R"({"model_type": "a"})"), "model_type a");
  EXPECT_EQ(named(R"({"model_type": "c", "architectures": ["A", "B"]})"),
            "architectures B and model_type c");
  EXPECT_EQ(named(R"({"model_type": "c"})"), "");
  EXPECT_EQ(named(R"({"text_config": {"model_type": "a"}})"), "");
  EXPECT_EQ(named_by(head, {}), "");
}

TEST(FamilyHead, Errors) {
  struct Row {
    const char* text;
    const char* error;
  };
  const Row rows[] = {
      {"family", "x:1:7: NAME is expected, not the end of the line: family NAME \"SUMMARY\""},
      {"family a b c",
       "x:1:12: the end of the line is expected, not \"c\": family NAME \"SUMMARY\""},
      {"config .a ==", "x:1:13: a value is expected, not the end of the line: config VALUE"},
      {"keys", "x:1:5: a key is expected, not the end of the line: keys KEY ..."},
      {"keys {a", "x:1:6: {a: a } is missing"},
      {"keys \"{a\"", "x:1:6: a } is missing"},
      {"keys !{p}.a", "x:1:1: a key without ! is expected"},
      {"keys !KEY", "x:1:1: a key without ! is expected"},
      {"dtype U8", "x:1:7: bf16, f16 or f32 is expected, not \"U8\": dtype DTYPE"},
      // Once failed: the last one held.
      {"family a \"A\"\nfamily b \"B\"", "x:2:1: family is said twice"},
      {"dtype bf16\n\ndtype f32", "x:3:1: dtype is said twice"},
      {"layout a\nlayout b\nlayout a x.", "x:3:8: layout a is said twice"},
      {"settings n m n", "x:1:14: setting n is said twice"},
      {"settings n\nsettings m=a|b n=a", "x:2:16: setting n is said twice"},
  };
  for (const Row& row : rows) {
    try {
      read_head({"x", row.text});
      ADD_FAILURE() << row.text;
    } catch (const Error& error) {
      EXPECT_STREQ(error.what(), row.error) << row.text;
    }
  }
}

}  // namespace
}  // namespace ckptscope::testing
