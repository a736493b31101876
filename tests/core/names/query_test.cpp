// The filter language, word by word.

#include "core/names/query.hpp"

#include <gtest/gtest.h>

#include "core/base/error.hpp"

namespace ckptscope::testing {
namespace {

using Words = std::vector<std::string>;

struct Item {
  std::string_view key;
  Dtype dtype;
  Shape shape;
  std::uint64_t bytes;
  std::uint64_t shard;
  std::string_view op;
};

const std::vector<Item>& items() {
  static const std::vector<Item> list{
      {"model.embed.weight", Dtype::BF16, {100, 16}, 3200, 1, "pass"},
      {"model.layers.1.mlp.gate_proj.weight", Dtype::BF16, {8, 16}, 256, 1, "stack"},
      {"model.layers.10.mlp.up_proj.weight", Dtype::F32, {8, 16}, 512, 2, "stack"},
      {"model.layers.2.experts.0.w1", Dtype::F8_E4M3, {4, 8, 16}, 512, 2, "stack"},
      {"model.layers.2.experts.17.w1", Dtype::F8_E4M3, {4, 8, 16}, 512, 3, "stack"},
      {"vision.blocks.2.bias", Dtype::F32, {}, 4, 3, "drop"},
      {"odd\nname*.[x]", Dtype::U8, {0}, 0, 3, "drop"},
      {"model.layersX", Dtype::U8, {1}, 1, 3, "drop"},
  };
  return list;
}

/// Positions of the items that match: "1 4".
std::string matching(const Words& words) {
  const Query query(words);
  std::string found;
  for (std::size_t i = 0; i < items().size(); ++i) {
    const Item& one = items()[i];
    const QueryItem item{one.key, one.dtype, one.shape, one.bytes, one.shard, one.op};
    if (query.matches(item)) found += (found.empty() ? "" : " ") + std::to_string(i);
  }
  return found;
}

struct Row {
  Words words;
  std::string found;
};

void expect_rows(std::initializer_list<Row> rows) {
  for (const Row& row : rows) {
    std::string words;
    for (const std::string& word : row.words) words += word + " ";
    EXPECT_EQ(matching(row.words), row.found) << words;
  }
}

TEST(Query, KeysAndPrefixes) {
  expect_rows({
      {{}, "0 1 2 3 4 5 6 7"},
      {{"model.embed.weight"}, "0"},
      {{"model"}, "0 1 2 3 4 7"},
      {{"model."}, "0 1 2 3 4 7"},
      {{"model.layers"}, "1 2 3 4"},
      {{"model.layers.1"}, "1"},
      {{"model.layers.2.experts"}, "3 4"},
      {{"mod"}, ""},
      {{"layers.1"}, ""},
      {{"MODEL"}, ""},
      {{"model.embed.weight.x"}, ""},
  });
}

TEST(Query, Globs) {
  expect_rows({
      {{"*.weight"}, "0 1 2"},
      {{"*weight"}, "0 1 2"},
      {{"model.*.mlp"}, "1 2"},
      {{"model.layers.?.mlp"}, "1"},
      {{"model.layers.{1,10}"}, "1 2"},
      {{"*.{gate,up}_proj.*"}, "1 2"},
      {{"model.layers.{0..9}"}, "1 3 4"},
      {{"model.layers.[0-9]"}, "1 3 4"},
      {{"model.layers.[2-10]"}, "2 3 4"},
      {{"*.experts.{1..17}"}, "4"},
      {{"*.experts.[0-0].*"}, "3"},
      {{"*.mlp.[gu]*"}, "1 2"},
      {{"*.mlp.[a-g]*"}, "1"},
      {{"model.layers.[12]"}, "1 3 4"},
      {{"model.layers.{2}"}, "3 4"},
      {{"mode"}, ""},
      {{"mode*"}, "0 1 2 3 4 7"},
      {{"*.w.ight"}, ""},
      {{"?????.blocks"}, ""},
      {{"??????.blocks"}, "5"},
  });
}

/// `*` is any text. Fails: a name with a line feed is not matched (PCRE2_DOTALL is not set).
TEST(Query, GlobStarCrossesLineFeeds) {
  expect_rows({{{"*"}, "0 1 2 3 4 5 6 7"}, {{"odd?name*"}, "6"}});
}

TEST(Query, RegularExpressions) {
  expect_rows({
      {{"/proj/"}, "1 2"},
      {{"/PROJ/"}, ""},
      {{"/layers\\.(1|10)\\./"}, "1 2"},
      {{"/^vision/"}, "5"},
      {{"/X$/"}, "7"},
      {{"/x$/"}, "7"},  // smart case: no capital, any case
      {{"/layers\\.\\D/"}, ""},
      {{"/\\[x\\]/"}, "6"},
  });
}

/// A packed weight has its own name and those of its parts.
TEST(Query, OfSeveralNamesOneMustBeWantedAndNoneUnwanted) {
  const QueryItem names[]{{.key = "x_blocks", .dtype = Dtype::U8},
                          {.key = "x_scales", .dtype = Dtype::U8},
                          {.key = "x", .dtype = Dtype::BF16}};
  const auto holds = [&](std::vector<std::string> words) {
    return Query(words).matches_any(names);
  };
  EXPECT_TRUE(holds({}));
  EXPECT_TRUE(holds({"*_blocks"}));
  EXPECT_TRUE(holds({"dtype=BF16"}));
  EXPECT_FALSE(holds({"*_blocks", "dtype=BF16"}));
  EXPECT_FALSE(holds({"!*_blocks"}));
  EXPECT_FALSE(holds({"!dtype=U8"}));
  EXPECT_FALSE(holds({"x", "!x_scales"}));
  EXPECT_TRUE(holds({"x", "!y"}));
}

TEST(Query, Attributes) {
  expect_rows({
      {{"dtype=BF16"}, "0 1"},
      {{"dtype=bfloat16"}, "0 1"},
      {{"dtype=f32"}, "2 5"},
      {{"dtype=F8_E4M3"}, "3 4"},
      {{"rank=0"}, "5"},
      {{"rank=2"}, "0 1 2"},
      {{"rank=2..3"}, "0 1 2 3 4"},
      {{"shape=[]"}, "5"},
      {{"shape=[8,16]"}, "1 2"},
      {{"shape=[*,16]"}, "0 1 2"},
      {{"shape=[*]"}, "6 7"},
      {{"shape=[*,*,*]"}, "3 4"},
      {{"shape=[0]"}, "6"},
      {{"bytes>512"}, "0"},
      {{"bytes>511"}, "0 2 3 4"},
      {{"bytes<4"}, "6 7"},
      {{"bytes=512"}, "2 3 4"},
      {{"bytes>3kB"}, "0"},
      {{"bytes>4kB"}, ""},
      {{"bytes<1KiB", "bytes>300"}, "2 3 4"},
      {{"shard=1"}, "0 1"},
      {{"shard=2..3"}, "2 3 4 5 6 7"},
      {{"layer=1"}, "1"},
      {{"layer=1..2"}, "1 3 4 5"},
      {{"layer=10"}, "2"},
      {{"expert=17"}, "4"},
      {{"expert=0..3"}, "3"},
      {{"op=stack"}, "1 2 3 4"},
      {{"op=sta"}, ""},
  });
}

TEST(Query, NegationAndConjunction) {
  expect_rows({
      {{"!model"}, "5 6"},
      {{"!!model"}, "0 1 2 3 4 7"},
      {{"model", "!*.weight"}, "3 4 7"},
      {{"!dtype=F32", "!dtype=U8", "!dtype=BF16"}, "3 4"},
      {{"!layer=0..99"}, "0 6 7"},
      {{"!/model/"}, "5 6"},
      {{"!bytes>0"}, "6"},
      {{"layer=2", "expert=17", "shard=3"}, "4"},
      {{"dtype=F32", "dtype=BF16"}, ""},
      {{"flag=quantised"}, "3 4"},
      {{"flag=empty"}, "6"},
      {{"flag=defect"}, ""},
  });
}

TEST(Query, WhatACallerDoesNotHaveMatchesNothing) {
  const QueryItem bare{"model.layers.1.weight"};
  for (const std::string word : {"dtype=BF16", "shard=1", "op=drop", "expert=0"}) {
    EXPECT_FALSE(Query(Words{word}).matches(bare)) << word;
  }
  EXPECT_TRUE(Query(Words{"layer=1"}).matches(bare));
  EXPECT_TRUE(Query().empty());
  EXPECT_TRUE(Query().matches(bare));
}

TEST(Query, BadWords) {
  const std::string words[] = {
      "dtype=F99",  "dtype=",       "rank=x",      "rank=",     "rank=3..1",  "rank=-1",
      "layer=1-3",  "layer=0..x",   "expert=1.5",  "shard=one", "shape=8,16", "shape=[8,16",
      "shape=[a]",  "shape=[,8]",   "shape=[-1]",  "bytes>",    "bytes>1XB",  "bytes>=5",
      "bytes<-1",   "/[/",          "/(/",         "a.{3..1}",  "a.{0..x}",   "a.{0..100001}",
      "!dtype=F99", "layer=0..1e9", "shape=[8.0]", "flag=odd",  "flag=",      "size>1GB",
      "size=1",
  };
  for (const std::string& word : words) {
    try {
      const Query query(Words{word});
      ADD_FAILURE() << word << " is taken";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::Usage) << word;
    }
  }
}

TEST(Query, MessagesAreEscaped) {
  for (const std::string word : {"dtype=\x1b[31m", "/\x1b(/"}) {
    try {
      const Query query(Words{word});
      ADD_FAILURE();
    } catch (const Error& error) {
      EXPECT_EQ(std::string_view(error.what()).find('\x1b'), std::string_view::npos);
    }
  }
}

TEST(Query, RangesEndWhereTheySay) {
  const Query query(Words{"a.{0..2000}"});
  EXPECT_TRUE(query.matches({"a.0"}));
  EXPECT_TRUE(query.matches({"a.2000.b"}));
  EXPECT_FALSE(query.matches({"a.2001"}));
  EXPECT_FALSE(query.matches({"a.00"}));
}

/// Once failed: PCRE2 finds the expression too large, and the message repeats all 600,000 letters
/// of it.
TEST(Query, WideRangesWorkOrAreRefusedBriefly) {
  for (const std::string word : {"a.{0..20000}", "a.[0-100000]"}) {
    try {
      EXPECT_TRUE(Query(Words{word}).matches({"a.19999"}));
    } catch (const Error& error) {
      EXPECT_LT(std::string_view(error.what()).size(), 300u) << word;
    }
  }
}

TEST(NearestKeys, BestFirst) {
  const std::vector<std::string_view> keys{"model.layers.0.mlp.gate_proj.weight",
                                           "model.layers.0.mlp.up_proj.weight", "lm_head.weight",
                                           "model.norm.weight"};
  struct Near {
    std::string wanted;
    std::size_t count;
    std::vector<std::string> found;
  };
  const Near rows[] = {
      {"model.norm.wieght", 1, {"model.norm.weight"}},
      {"lm_head", 1, {"lm_head.weight"}},
      {"model.layers.0.mlp.gate_prj.weight", 1, {"model.layers.0.mlp.gate_proj.weight"}},
      {"zzzzzz", 3, {}},
      {"lm_head.weight", 0, {}},
  };
  for (const Near& row : rows) {
    EXPECT_EQ(nearest_keys(row.wanted, keys, row.count), row.found) << row.wanted;
  }
  EXPECT_EQ(nearest_keys("model.layers.0.mlp.up_proj.weigh", keys, 10).front(), keys[1]);
  EXPECT_LE(nearest_keys("model", keys, 2).size(), 2u);
  EXPECT_TRUE(nearest_keys("model", {}, 2).empty());
}

}  // namespace
}  // namespace ckptscope::testing
