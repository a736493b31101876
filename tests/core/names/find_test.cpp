// How a word that names no key is taken, and what is said of it.

#include "core/names/find.hpp"

#include <gtest/gtest.h>

namespace ckptscope::testing {
namespace {

const std::vector<std::string_view>& keys() {
  static const std::vector<std::string_view> list{
      "model.embed_tokens.weight",               // 0
      "model.layers.1.self_attn.q_proj.weight",  // 1
      "model.layers.1.mlp.gate_proj.weight",     // 2
      "model.layers.1.mlp.experts.12.w1",        // 3
      "model.layers.10.mlp.gate.weight",         // 4
      "model.layers.10.self_attn.qkv.proj",      // 5
      "Vision.Patch",                            // 6
      "odd(key)[1]",                             // 7
  };
  return list;
}

/// "1 2 | note; note"
std::string found_by(const std::vector<std::string>& words, Looseness most) {
  const auto see = [](std::uint32_t i, const SeeNames& see_names) {
    const QueryItem item{.key = keys()[i]};
    see_names({&item, 1});
  };
  const QueryResult found = find(words, static_cast<std::uint32_t>(keys().size()), see, most);
  std::string text = fmt::format("{} |", fmt::join(found.things, " "));
  for (const Problem& note : found.notes) {
    EXPECT_EQ(note.code, Code::NoMatch);
    EXPECT_EQ(note.severity, Severity::Note);
    text += " " + note.message + ";";
  }
  return text;
}

struct Row {
  std::vector<std::string> words;
  Looseness most;
  std::string found;
};

TEST(Find, TakesAWordAsLooselyAsItMustBeTaken) {
  constexpr auto kText = Looseness::Text;
  constexpr auto kLetters = Looseness::Letters;
  const Row rows[] = {
      {{}, kLetters, "0 1 2 3 4 5 6 7 |"},
      {{"model.layers.1"}, kLetters, "1 2 3 |"},
      // a text in keys; a number is whole
      {{"gate"}, kText, "2 4 | gate names no key: it is taken as a text in keys;"},
      {{"layers.1"}, kText, "1 2 3 | layers.1 names no key: it is taken as a text in keys;"},
      {{"ayers.10.mlp"}, kText, "4 | ayers.10.mlp names no key: it is taken as a text in keys;"},
      {{"2.w1"}, kText, " |"},
      {{"12.w1"}, kText, "3 | 12.w1 names no key: it is taken as a text in keys;"},
      {{"vision"}, kText, "6 | vision names no key: it is taken as a text in keys;"},
      {{"MODEL"}, kText, " |"},
      {{"(key)"}, kText, "7 | (key) names no key: it is taken as a text in keys;"},
      // several words, each by itself; what it leaves out
      {{"gate", "layer=10"}, kText, "4 | gate names no key: it is taken as a text in keys;"},
      {{"model", "!mlp"}, kText, "0 1 5 | mlp names no key: it is taken as a text in keys;"},
      {{"!nothing"},
       kText,
       "0 1 2 3 4 5 6 7 | !nothing leaves nothing out: no key matches nothing;"},
      {{"!dtype=BF16", "Vision"},
       kText,
       "6 | !dtype=BF16 leaves nothing out: no key matches dtype=BF16;"},
      // letters in order, where they stand closest
      {{"qproj"}, kText, " |"},
      {{"qproj"},
       kLetters,
       "1 | qproj is in no key: those that have its letters in this order, within 6, are meant;"},
      {{"vptch"},
       kLetters,
       "6 | vptch is in no key: those that have its letters in this order, within 12, are meant;"},
      {{"!qproj"}, kLetters, "0 1 2 3 4 5 6 7 | !qproj leaves nothing out: no key matches qproj;"},
      {{"q.proj"}, kLetters, " |"},  // with a dot it is a name
      {{"mlpw1"}, kLetters, " |"},   // too far from each other
      {{"zq"}, kLetters, " |"},
      {{"/qproj/"}, kLetters, " |"},
      {{"*qproj*"}, kLetters, " |"},
      {{""}, kLetters, " |"},
      // two words, the second taken loosely in another way
      {{"attn", "qproj"},
       kLetters,
       "1 | attn names no key: it is taken as a text in keys; qproj is in no key: those that have "
       "its letters in this order, within 6, are meant;"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(found_by(row.words, row.most), row.found)
        << fmt::format("{}", fmt::join(row.words, " "));
  }
}

/// Of the shortest of all names.
TEST(Find, AThingOfSeveralNamesIsFoundByEach) {
  const auto see = [](std::uint32_t i, const SeeNames& see_names) {
    const QueryItem packed[]{{.key = "a.down_blocks"}, {.key = "a.down_scales"}, {.key = "a.down"}};
    const QueryItem plain[]{{.key = "b.up"}};
    if (i == 0) see_names(packed);
    if (i == 1) see_names(plain);
  };
  EXPECT_EQ(find({"scales"}, 2, see, Looseness::Text).things, (std::vector<std::uint32_t>{0}));
  EXPECT_EQ(find({"!blocks"}, 2, see, Looseness::Text).things, (std::vector<std::uint32_t>{1}));
  EXPECT_EQ(find({"dwn"}, 2, see, Looseness::Letters).things, (std::vector<std::uint32_t>{0}));
}

}  // namespace
}  // namespace ckptscope::testing
