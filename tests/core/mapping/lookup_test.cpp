// Finding keys among the rules of a mapping.

#include "core/mapping/lookup.hpp"

#include <gtest/gtest.h>

#include "tests/support/plan_rows.hpp"

namespace ckptscope::testing {
namespace {

const Mapping kMapping = mapping(
    "prefix text. = ''\n"
    "prefix more. <- m.\n"
    "stack(E, 4, t({p}.{E}.down)) = {p}.down\n"
    "stack(E, 4, cat(-1, t({p}.{E}.gate), t({p}.{E}.up))) = {p}.gu\n"
    "{p}.whole = t({p}.part)\n"
    "{p}.new | {p}.old = {p}.n | {p}.o\n"
    "pass both",
    {{QuantScheme::Kind::Fp8, "", "", "_scale_inv"}});

/// "equation:whole", or "equation:part", and what is captured; "-" for none.
std::string place_of(std::string_view key, Side from) {
  const auto place = find_place(kMapping, key, from);
  if (!place) return "-";
  const auto number = place->equation - kMapping.equations.data();
  std::string text = std::to_string(number) + ":";
  text += place->leaf == nullptr ? "whole" : "part " + std::to_string(place->leaf->number);
  for (const auto& [name, value] : place->captures) text += " " + name + "=" + value;
  return text;
}

TEST(Lookup, Places) {
  struct Row {
    std::string_view key;
    Side from;
    std::string_view place;
  };
  const Row rows[] = {
      {"a.3.down", Side::Hf, "0:part 0 E=3 p=a"}, {"a.3.down", Side::Native, "0:whole p=a.3"},
      {"a.down", Side::Native, "0:whole p=a"},    {"a.down", Side::Hf, "-"},
      {"a.0.gate", Side::Hf, "1:part 0 E=0 p=a"}, {"a.0.up", Side::Hf, "1:part 1 E=0 p=a"},
      {"a.gu", Side::Native, "1:whole p=a"},      {"a.whole", Side::Hf, "2:whole p=a"},
      {"a.part", Side::Native, "2:part 0 p=a"},   {"a.part", Side::Hf, "-"},
      {"a.old", Side::Hf, "3:part 0 p=a"},        {"a.new", Side::Hf, "3:part 0 p=a"},
      {"a.o", Side::Native, "3:whole p=a"},       {"both", Side::Hf, "4:part 0"},
      {"both", Side::Native, "4:whole"},          {"", Side::Hf, "-"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(place_of(row.key, row.from), row.place) << row.key << " of " << name_of(row.from);
  }
}

TEST(Lookup, Prefixes) {
  struct Row {
    std::string_view key;
    Side to;
    std::string_view name;
  };
  const Row rows[] = {
      {"text.a", Side::Native, "a"},
      {"a", Side::Native, "a"},
      {"more.a", Side::Native, "more.a"},
      {"a", Side::Hf, "text.a"},
      {"m.a", Side::Hf, "text.m.a"},
      {"text.text.a", Side::Native, "text.a"},
      {"", Side::Hf, "text."},
      {"text", Side::Native, "text"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(with_prefix(kMapping, row.key, row.to), row.name) << row.key;
  }
  const Mapping back = mapping("prefix more. <- m.");
  EXPECT_EQ(with_prefix(back, "m.a", Side::Hf), "more.a");
  EXPECT_EQ(with_prefix(back, "more.a", Side::Native), "more.a");
  EXPECT_EQ(with_prefix(Mapping(), "a", Side::Hf), "a");
}

TEST(Lookup, PartsOfAnExpression) {
  const Mapping parts = mapping("a = w\nt(stack(E, 2, cat(0, t(a.{E}), t(b.{E}), c.{E}))) = x");
  const Part& plain = parts.equations[0].parts;
  const Part& deep = parts.equations[1].parts;
  EXPECT_EQ(find_stack(plain), nullptr);
  ASSERT_NE(find_stack(deep), nullptr);
  EXPECT_EQ(find_stack(deep)->extent, 2u);
  EXPECT_EQ(first_tensor(plain).spellings.front().text(), "a");
  EXPECT_EQ(first_tensor(deep).spellings.front().text(), "a.{E}");
  std::string tensors;
  for_each_tensor(deep, [&](const Part& one) { tensors += one.spellings.front().text() + " "; });
  EXPECT_EQ(tensors, "a.{E} b.{E} c.{E} ");
}

TEST(Lookup, SidesThatKeysSpeakFor) {
  // Without the prefix that every native key has.
  Mapping two = mapping("prefix text. = t.\nprefix more. <- m.", kMapping.schemes);
  two.equations = kMapping.equations;
  struct Row {
    std::string_view key;
    std::string_view side;
  };
  const Row rows[] = {
      {"a.new", "hf"},      {"a.n", "native"},     {"a.old", "hf"},
      {"a.o", "native"},    {"both", "neither"},   {"a.3.down", "neither"},
      {"a.down", "native"}, {"a.3.gate", "hf"},    {"nothing", "neither"},
      {"text.x", "hf"},     {"t.x", "native"},     {"more.x", "neither"},
      {"m.x", "native"},    {"w_scale_inv", "hf"}, {"t.w_scale_inv", "hf"},
  };
  for (const Row& row : rows) {
    SideEvidence evidence;
    evidence.add(two, row.key);
    const std::string_view found = evidence.hf > 0       ? "hf"
                                   : evidence.native > 0 ? "native"
                                                         : "neither";
    EXPECT_EQ(found, row.side) << row.key;
    EXPECT_LE(evidence.hf + evidence.native, 1u);
  }
}

}  // namespace
}  // namespace ckptscope::testing
