// What a config answers, and what editing leaves as it was.

#include "core/base/config.hpp"

#include <gtest/gtest.h>

namespace ckptscope::testing {
namespace {

TEST(ConfigValues, AnswersByTypeOrNotAtAll) {
  const Config config = Config::parse(
      R"({"n":3,"neg":-1,"f":3.0,"big":18446744073709551615,"huge":99999999999999999999,)"
      R"("s":"x","list":[128,128],"mixed":[1,-1],"o":{"p":{"q":5}},"torch_dtype":"bfloat16",)"
      R"("text_config":{"n":4,"m":6,"dtype":"float32"}})",
      "config.json");
  struct Row {
    std::string_view path;
    std::optional<std::uint64_t> value;
  };
  const Row rows[] = {
      {"n", 3},
      {"neg", {}},
      {"f", {}},
      {"big", 18446744073709551615u},
      {"s", {}},
      {"huge", {}},
      {"list", {}},
      {"o.p.q", 5},
      {"m", 6},
      {"none", {}},
      {"o.p", {}},
      {"o.p.q.r", {}},
      {"n.x", {}},
      {"o", {}},
      {"text_config.n", 4},
  };
  for (const Row& row : rows) EXPECT_EQ(config.integer(row.path), row.value) << row.path;
  EXPECT_EQ(config.integer({"none", "m", "n"}), 6u);
  EXPECT_EQ(config.text("s"), "x");
  EXPECT_EQ(config.text("n"), std::nullopt);
  EXPECT_EQ(config.integers("list"), (std::vector<std::uint64_t>{128, 128}));
  EXPECT_EQ(config.integers("mixed"), std::nullopt);
  EXPECT_EQ(config.integers("n"), std::nullopt);
  EXPECT_EQ(config.dtypes(), (std::vector<std::string>{"bfloat16", "float32"}));
  EXPECT_FALSE(Config().present());
  EXPECT_EQ(Config().integer("n"), std::nullopt);
  EXPECT_TRUE(Config().dtypes().empty());
}

TEST(ConfigValues, PythonsNumbersStayAsTheyAre) {
  const std::string text =
      "{\n  \"limit\": [0.0, Infinity],\n  \"x\": {\"N\": NaN, \"I\": -Infinity, "
      "\"s\": \"\\\"NaN\"},\n  \"n\": 3\n}\n";
  const Config config = Config::parse(text, "c");
  EXPECT_EQ(config.integer("n"), 3u);
  EXPECT_EQ(config.text("x.s"), "\"NaN");
  EXPECT_EQ(config.edited({}), text);
  EXPECT_EQ(config.edited({"float32", std::nullopt}),
            text.substr(0, text.size() - 3) + ",\n  \"dtype\": \"float32\"\n}\n");
}

TEST(ConfigValues, LayersAreCountedOrListed) {
  const auto layers = [](const std::string& text) { return Config::parse(text, "c").layers(); };
  EXPECT_EQ(layers(R"({"num_hidden_layers":3,"layer_types":["a"]})"), 3u);
  EXPECT_EQ(layers(R"({"layers_block_type":["a","b"]})"), 2u);
  EXPECT_EQ(layers(R"({"text_config":{"hybrid_override_pattern":"M-M*"}})"), 4u);
  EXPECT_EQ(layers("{}"), std::nullopt);
}

TEST(ConfigValues, OfEachMember) {
  const Config config = Config::parse(
      R"({"text_config":{"g":{"a":{"w":{"n":4}},"b":{"w":{"n":8}},"c":{"w":null}}},"l":[1]})", "c");
  const auto values = config.each("g", "w.n");
  ASSERT_EQ(values.size(), 2u);
  EXPECT_TRUE(values[0].equals({std::int64_t{4}, {}}));
  EXPECT_TRUE(values[1].equals({std::int64_t{8}, {}}));
  EXPECT_TRUE(config.each("l", "x").empty());
  EXPECT_TRUE(config.each("none", "x").empty());
  EXPECT_TRUE(Config().each("g", "w").empty());
}

TEST(ConfigValues, QuantisationStandsWhereItIsAskedFor) {
  struct Row {
    std::string text;
    Config::Places places;
    std::string edited;
  };
  const Row rows[] = {
      {R"({"a":1})", {true, false}, R"({"a":1,"quantization_config":{"q":[2]}})"},
      {R"({"a":1})", {false, true}, R"({"a":1,"quantization_config":{"q":[2]}})"},
      {R"({"text_config":{"b":2},"quantization_config":{}})",
       {false, true},
       R"({"text_config":{"b":2,"quantization_config":{"q":[2]}}})"},
      {R"({"text_config":{"quantization_config":{},"b":2},"a":1})",
       {true, true},
       R"({"text_config":{"quantization_config":{"q":[2]},"b":2},"a":1,"quantization_config":{"q":[2]}})"},
  };
  for (const Row& row : rows) {
    const Config config = Config::parse(row.text, "c");
    std::string edited = config.edited({std::nullopt, R"({"q": [2]})", row.places});
    std::erase_if(edited, [](char c) { return c == ' ' || c == '\n'; });
    EXPECT_EQ(edited, row.edited);
  }
  const Config nested = Config::parse("{\n  \"text_config\": {\n    \"b\": 2\n  }\n}\n", "c");
  EXPECT_EQ(nested.edited({std::nullopt, R"({"q": 2})", {false, true}}),
            "{\n  \"text_config\": {\n    \"b\": 2,\n    \"quantization_config\": {\n"
            "      \"q\": 2\n    }\n  }\n}\n");
}

TEST(ConfigValues, EditedKeepsTheRest) {
  struct Row {
    std::string text;
    bool drop;
    std::string edited;
  };
  const Row rows[] = {
      {R"({"b":1,"a":2})", false, R"({"b":1,"a":2,"dtype":"bfloat16"})"},
      {R"({"torch_dtype":"float32","z":1})", false, R"({"torch_dtype":"bfloat16","z":1})"},
      {R"({"quantization_config":{"x":1},"dtype":"auto"})", true, R"({"dtype":"bfloat16"})"},
      {R"({"quantization_config":{"x":1},"dtype":"auto"})", false,
       R"({"quantization_config":{"x":1},"dtype":"bfloat16"})"},
      {R"({"text_config":{"dtype":"float32","quantization_config":{}}})", true,
       R"({"text_config":{"dtype":"bfloat16"}})"},
  };
  for (const Row& row : rows) {
    std::string edited =
        Config::parse(row.text, "c")
            .edited({"bfloat16", row.drop ? std::optional<std::string>("") : std::nullopt});
    std::erase_if(edited, [](char c) { return c == ' ' || c == '\n'; });
    EXPECT_EQ(edited, row.edited);
  }
}

}  // namespace
}  // namespace ckptscope::testing
