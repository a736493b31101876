// Texts to rules: what a text means, as it is printed again, and what it is refused for.

#include <gtest/gtest.h>

#include "core/language/family_text.hpp"
#include "core/language/rule_text.hpp"

namespace ckptscope::testing {
namespace {

const Config kConfig =
    Config::parse(R"({"experts": 4, "size": 8, "layers": 2, "on": true})", "config.json");

/// Every rule, one a line.
std::string rules_of(const std::string& text, const MappingOptions& options = {}) {
  const MappingText one{"m", text};
  const Mapping mapping = read_mapping({&one, 1}, kConfig, options);
  std::string out;
  for (const Drop& drop : mapping.drops) {
    out += fmt::format("drop {} {} {} {}\n", name_of(drop.side), drop.rule, drop.key.text(),
                       drop.where.variable.empty()
                           ? ""
                           : fmt::format("{} {} {}", drop.where.variable,
                                         drop.where.below ? "<" : ">=", drop.where.limit));
  }
  for (const Prefix& prefix : mapping.prefixes) {
    out += fmt::format("prefix '{}' {} '{}'\n", prefix.hf,
                       prefix.to_native && prefix.to_hf ? "="
                       : prefix.to_native               ? "->"
                                                        : "<-",
                       prefix.native);
  }
  for (const Equation& equation : mapping.equations) out += to_text(equation) + "\n";
  for (const Addition& one_more : mapping.additions) {
    out += fmt::format("add {} {} beside {}\n", one_more.rule, one_more.key.text(),
                       one_more.beside.text());
  }
  for (const QuantPreset& preset : mapping.presets) {
    out += fmt::format("preset {} {}{}{}{}{}", written_form(preset.as).name, preset.config,
                       preset.activation_scales ? preset.is_dynamic ? " dynamic" : " left_out" : "",
                       preset.places.text ? preset.places.top ? " both" : " text" : "",
                       preset.unpacked.empty() ? "" : " " + preset.unpacked, "\n");
    for (const QuantPreset::Weights& one : preset.weights) {
      out += fmt::format("encode {} {} {}\n", one.key.text(), one.rank, written_form(one.as).name);
    }
    for (const std::string& text : preset.except) out += "except " + text + "\n";
  }
  if (!mapping.closed.empty()) out += "closed " + mapping.closed + "\n";
  return out;
}

TEST(RuleBuilder, Rules) {
  struct Row {
    const char* text;
    const char* rules;
  };
  const Row rows[] = {
      {"", ""},
      {"a = b", "a = b\n"},
      {"a | b = c | d as F32", "a | b = c | d as F32\n"},
      {"'odd {key} # $x' = m", "odd {{key} # $x = m\n"},
      {"let n = .experts\nstack(E, n, t({p}.{E}.w)) = {p}.v",
       "stack(E, 4, t({p}.{E}.w)) = {p}.v\n"},
      {"stack(E, .nothing, {p}.{E}.w) = {p}.v rows .experts as output",
       "stack(E, ?, {p}.{E}.w) = {p}.v as output rows 4\n"},
      {"a = b rows 4 as F32", "a = b as F32 rows 4\n"},
      {"cat(-1, a : .size, b : .size) = c", "cat(-1, a : 8, b : 8) = c\n"},
      {"a = cat(0, q : 4, k : 2)", "a = cat(0, q : 4, k : 2)\n"},
      {"a = cat(0, q, k)", "a = cat(0, q, k)\n"},
      {"scaled(t(a | b), c) = d", "scaled(t(a | b), c) = d\n"},
      {"head(a, 3, 128) = b\nrow(c) = d\ninterleaved(-2, e) = f",
       "head(a, 3, 128) = b\nrow(c) = d\ninterleaved(-2, e) = f\n"},
      {"text s = {p=|m.}layers.{L}\n$s.a = $(s)x.b",
       "{p=|m.}layers.{L}.a = {p=|m.}layers.{L}x.b\n"},
      {"text a = x\ntext b = $a.y\n$b = z", "x.y = z\n"},
      {"when .on\na = b\nelse\nc = d\nend", "a = b\n"},
      {"when not .on\na = b\nelse\nc = d\nend", "c = d\n"},
      {"when .on\nwhen .nothing\na = b\nelse\nc = d\nend\nend\ne = f", "c = d\ne = f\n"},
      {"when .nothing\na = b\nend", ""},
      {"prefix a. = b.\nprefix c. -> d.\nprefix e. <- f.\nprefix '' = m.",
       "prefix 'a.' = 'b.'\nprefix 'c.' -> 'd.'\nprefix 'e.' <- 'f.'\nprefix '' = 'm.'\n"},
      {"let n = 61\nprefix l.{K+n}. = m.{K}. where K < 1", "prefix 'l.{K+61}.' = 'm.{K}.'\n"},
      {"drop a.b 'why' l.{L}.{x} where L >= .layers\ndrop native c 'why' d",
       "drop hf a.b l.{L}.{x} L >= 2\ndrop native c d \n"},
      {"drop a 'why' l.{L} where L >= .nothing", ""},
      {"pass {x}.w", "{x}.w = {x}.w\n"},
      {"add r {p}.b = zeros(4) beside {p}.g\nadd s h = e\nadd t f = frequencies(10.0, 8) beside e",
       "add r {p}.b beside {p}.g\nadd s h beside e\nadd t f beside e\n"},
      {"closed x.y", "closed x.y\n"},
      {"preset fp8 '{}'\nend", "preset fp8 {}\n"},
      {"preset fp8 unpacked = 'a b' config = text activation = dynamic '{}'\n"
       "encode {p}.w rank 2\nend",
       "preset fp8 {} dynamic text a b\nencode {p}.w 2 fp8\n"},
      {"preset nvfp4 activation = left_out config = both '{}'\nencode {p}.w rank 2 when .on as "
       "fp4\n"
       "encode {p}.v rank .experts when .nothing\nexcept norm 'a b'\nexcept head\nend",
       "preset nvfp4 {} left_out both\nencode {p}.w 2 fp4\nexcept norm\nexcept a b\nexcept head\n"},
      {"text a = x\nwhen .on\ntext a = y\nend\n$a = b", "y = b\n"},
      {"text a = x\nwhen .nothing\ntext a = y\nend\n$a = b", "x = b\n"},
      {"prefix l.{K}. = m.{K}. where K >= .layers\nprefix a.{K}. = b.{K}. where K < .nothing",
       "prefix 'l.{K}.' = 'm.{K}.'\nprefix 'a.{K}.' <- 'b.{K}.'\n"},
      {"y.{x} = z.{x}\nz.{x} = t(y.{x})", "y.{x} = z.{x}\nz.{x} = t(y.{x})\n"},
      {"define d($a)\n$a.w = m.w\na.w = m.w\nend\nuse d(q)", "q.w = m.w\na.w = m.w\n"},
      {"let n = 3\ntext x = '{K+n}'\nk.w = $x.r", "k.w = {{K+n}.r\n"},
      {"drop r 'why' l.{L} where L < .layers", "drop hf r l.{L} L < 2\n"},
      {"cat(0, a : 1 + 2, b : 3) = c", "cat(0, a : 3, b : 3) = c\n"},
      {"define two($a, n, $b = y)\nstack(E, n, $a.{E}) = $b\nend\nuse two(x, 3)\nuse two(z, 4, w)",
       "stack(E, 3, x.{E}) = y\nstack(E, 4, z.{E}) = w\n"},
      {"define st($part, $whole, n)\nstack(E, n, $part) = $whole\nend\nuse st(a.{E}, b, 2)",
       "stack(E, 2, a.{E}) = b\n"},
      {"define in($a)\n$a = b\nend\ndefine out($a)\nuse in($a.x)\nend\nuse out(k)", "k.x = b\n"},
      {"family f \"s\"\nsettings a\na = b", "a = b\n"},
  };
  for (const Row& row : rows) EXPECT_EQ(rules_of(row.text), row.rules) << row.text;
}

/// What is printed is read as the same rules.
TEST(RuleBuilder, ReadsWhatItPrints) {
  for (const std::string text :
       {"a | b = c | d as F32", "stack(E, 4, cat(-1, t({p}.{E}.a) : 8, t({p}.{E}.b) : 8)) = {p}.v",
        "a = cat(0, q : 4, k : 2)", "scaled(t(a | b), c) = d rows 4 as output",
        "interleaved(-2, head(a, 3, 128)) = b", "{p=|m.}l.{L}.{x} = {p}n.{L}.{x}"}) {
    const std::string printed = rules_of(text);
    EXPECT_EQ(rules_of(printed), printed) << text;
  }
}

TEST(RuleBuilder, Layouts) {
  MappingOptions options;
  options.layout = "second";
  EXPECT_EQ(rules_of("when layout == \"second\"\na = b\nend", options), "a = b\n");
}

TEST(RuleBuilder, SaysWhichLineMadeAnEquation) {
  const MappingText texts[] = {
      {"shared", "define d($k)\n  $k = b\nend\ndefine e($k)\n  use d($k.x)\nend\n"},
      {"mine", "\na = c\nuse e(k)\n"}};
  const Mapping mapping = read_mapping(texts, {}, {});
  ASSERT_EQ(mapping.equations.size(), 2u);
  EXPECT_EQ(mapping.equations[0].line, "mine:2");
  EXPECT_EQ(mapping.equations[1].line, "shared:2 of mine:3");
}

TEST(RuleBuilder, Refuses) {
  struct Row {
    const char* text;
    const char* error;
  };
  const Row rows[] = {
      {"statck(E, 2, {p}.{E}) = {p}", "m:1:1: \"statck\": unknown word; did you mean \"stack\"?"},
      {"a",
       "m:1:2: = is expected, not the end of the line: a line is KEY = KEY, with blanks, or begins "
       "with a word"},
      // Once taken: the last one held, the comma was passed over, the name was one.
      {"closed a\nclosed b", "m:2:1: closed is said twice"},
      {"define d($a)\n$a.x = b\nend\nuse d(y,)",
       "m:4:8: ) is expected, not \",\": use NAME([ARGUMENT, ...])"},
      {"define d($a, $b = c)\n$a.x = $b\nend\nuse d(y,)",
       "m:4:9: a key is expected, not \")\": use NAME([ARGUMENT, ...])"},
      {"{a b!}.x = y", "m:1:1: {a b!}: a name has letters, digits and _"},
      {"a = b as F64",
       "m:1:10: bf16, f16 or f32 is expected, not \"F64\": LEFT = RIGHT [as DTYPE|output] [rows "
       "COUNT]"},
      {"cat(0, stack(E, 2, a.{E}), b) = c",
       "m:1:1: {E} of stack(E, …) is not in b, which must say what it is"},
      {"cat(0, stack(E, 2, a.{E}), stack(E, 2, b.{E})) = c", "m:1:1: two stacks in one equation"},
      {"{a=x|y}.h = {a=x|z}.n", "m:1:1: {a=x|z}.n and {a=x|y}.h have different sets of one name"},
      {"a = b\nfamily x \"late\"", "m:2:1: \"family\" stands above all other lines"},
      {"when .x\na = b\nelse when .y\nend", "m:3:6: else stands alone on its line"},
      {"prefx a = b",
       "m:1:7: = is expected, not \"a\": a line is KEY = KEY, with blanks, or begins "
       "with a word; "
       "did you mean \"prefix\"?"},
      {"a == b",
       "m:1:3: = is expected, not \"==\": a line is KEY = KEY, with blanks, or begins "
       "with a word"},
      {"a = b\n\na = b", "m:3:1: the same stands above: a = b"},
      {"prefix a = b\nprefix a = b", "m:2:1: the same stands above: prefix a b"},
      {"t(a) = t(b)", "m:1:1: operations on both sides: one side must be a key"},
      {"{x}.a = b", "m:1:1: {x} of {x}.a is not in b, which must say what it is"},
      {"a = {x}.b", "m:1:1: {x} of {x}.b is not in a, which must say what it is"},
      {"t({p}.{x}) = {p}.a", "m:1:1: {x} of {p}.{x} is not in {p}.a, which must say what it is"},
      {"stack(E, 2, a.w) = b",
       "m:1:1: {E} of stack(E, …) is not in a.w, which must say what it is"},
      {"stack(e, 2, a.{e}) = b",
       "m:1:7: the name of a number, which begins with a capital, is expected, not \"e\": "
       "stack(E, COUNT, X)"},
      {"cat(7, a, b) = c",
       "m:1:5: a dimension, -4 to 3, is expected, not \"7\": cat(DIM, X [: SIZE], ...)"},
      {"cat(0, a, b = c", "m:1:4: a ( is not closed"},
      {"t(a, b) = c", "m:1:4: ) is expected, not \",\": t(X)"},
      {"head(a, 3, 0) = b",
       "m:1:12: a number from 1 on is expected, not 0: head(X, COUNT, MULTIPLE)"},
      {"a = b as U8",
       "m:1:10: bf16, f16 or f32 is expected, not \"U8\": LEFT = RIGHT [as DTYPE|output] [rows "
       "COUNT]"},
      {"a = b as F32 as output",
       "m:1:14: the end of the line is expected, not \"as\": LEFT = RIGHT [as DTYPE|output] [rows "
       "COUNT]"},
      {"a = b c",
       "m:1:7: the end of the line is expected, not \"c\": LEFT = RIGHT [as DTYPE|output] [rows "
       "COUNT]"},
      {"$s.a = b", "m:1:1: $s: no text of that name"},
      {"text abc = x\n$abd.a = b", "m:2:1: $abd: no text of that name; did you mean \"abc\"?"},
      {"let not = 2", "m:1:5: \"not\" is a word of values"},
      {"let a = b",
       "m:1:9: \"b\" is no value: nothing is bound to that name; a path into "
       "config.json begins with a dot"},
      {"when .x\na = b", "m:1:1: the end of \"when\" is missing"},
      {"end", "m:1:1: no block is open here"},
      {"a = b\nelse", "m:2:1: no block is open here"},
      {"use", "m:1:4: NAME is expected, not the end of the line: use NAME([ARGUMENT, ...])"},
      {"use nothing(1)", "m:1:5: no define \"nothing\" stands above"},
      {"define d($a, n)\nend\nuse d(x)", "m:3:8: n of d is missing"},
      {"define d($a)\nend\nuse d(x, y)",
       "m:3:8: ) is expected, not \",\": use NAME([ARGUMENT, ...])"},
      {"define d()\nuse d()\nend", "m:2:5: no define \"d\" stands above"},
      {"define d($a $b)\nend",
       "m:1:13: ) is expected, not \"$b\": define NAME([PARAMETER [= KEY], ...])"},
      {"define d($a,)\nend",
       "m:1:13: PARAMETER is expected, not \")\": define NAME([PARAMETER [= KEY], ...])"},
      {"define d($)\nend",
       "m:1:10: \"\" is no name: letters, digits and _, a letter first, are expected"},
      {"define d(a+b)\nend",
       "m:1:10: \"a+b\" is no name: letters, digits and _, a letter first, are expected"},
      {"define d(n = 3)\nend", "m:1:1: n is a value: it has no default"},
      {"text a = x\n$(a.x).y = q", "m:2:1: $(a: a ) is expected behind the name"},
      {"preset fp8 '{bad'\nend",
       "m:1:12: quantization_config: JSON at offset 1: a name in double quotes expected, near "
       "\"{bad\""},
      {"\"a\\x1b{x}\" = b.{y}",
       "m:1:1: {x} of a\\u{1b}{x} is not in b.{y}, which must say what it is"},
      {"define d($a, $a)\nend", "m:1:14: \"$a\" stands twice"},
      {"define d(layout)\nend", "m:1:10: \"layout\" is a word of values"},
      {"text q = z\ndefine d($a = $q)\nend", "m:2:15: $q: no text of that name"},
      {"let n = 1\ndefine d($a = l.{K+n})\nend", "m:2:15: {K+n}: {K+number} is expected"},
      {"let 3 = 4", "m:1:5: \"3\" is no name: letters, digits and _, a letter first, are expected"},
      {"text a.b = c", "m:1:6: $a.b would end at the - or dot: letters, digits and _ are expected"},
      {"define d()\nend\ndefine d()\nend", "m:3:8: \"d\" is defined twice"},
      {"define d(n)\nlet a = m\nend",
       "m:2:9: \"m\" is no value: nothing is bound to that name; a path "
       "into config.json begins with a dot"},
      {"drop a b c.{x} where L >= 2", "m:1:22: {L} is no number of the key"},
      {"drop a b c.{L} where L > 2",
       "m:1:24: < or >= is expected, not \">\": drop [native] RULE \"REASON\" KEY [where N <|>= "
       "VALUE]"},
      {"prefix a b",
       "m:1:10: = or -> or <- is expected, not \"b\": prefix HF =|->|<- NATIVE [where N <|>= "
       "VALUE]"},
      {"prefix a.{K}. = b.", "m:1:8: {K} of a.{K}. is not in b., which must say what it is"},
      {"add r a = zeros(2)",
       "m:1:19: beside is expected, not the end of the line: add RULE KEY = [zeros(COUNT) beside] "
       "[frequencies(THETA, SIZE) beside] NATIVE"},
      {"add r {p}.a = zeros(2) beside b",
       "m:1:7: {p} of {p}.a is not in b, which must say what it is"},
      {"preset fp9 '{}'\nend",
       "m:1:8: one of mxfp4, fp8, fp8_blocks, fp8_blocks_bf16, fp8_blocks_ue8m0, fp8_blocks_e8m0, "
       "mxfp4_rows, mxfp8, int4, fp4, fp8_modelopt, nvfp4, nvfp4_divided is expected, not \"fp9\": "
       "preset SCHEME [activation = dynamic|left_out] "
       "[config = text|both] [unpacked = TEXT] 'CONFIG'"},
      {"add r a = zeros(2) beside frequencies(10.0, 8) beside b",
       "m:1:1: either zeros or frequencies"},
      {"encode a rank 2", "m:1:1: \"encode\" stands in a preset"},
      {"preset fp8 '{}'\na = b\nend", "m:2:1: encode or except is expected"},
      {"preset fp8 '{}'\nencode a rank 0\nend",
       "m:2:15: a number from 1 on is expected, not 0: encode KEY rank RANK [as SCHEME] [when "
       "VALUE]"},
      {"define d($a)\ncat(0, stack(E, 2, $a.{E}), stack(F, 2, $a.{F})) = c\nend",
       "m:2:1: two stacks in one equation"},

      {"drop mtp model.layers.{L}.{x} where L >= 80",
       "m:1:37: the end of the line is expected, not \"L\": drop [native] RULE \"REASON\" KEY "
       "[where N <|>= VALUE]"},
      {"cat(a, b) = c",
       "m:1:5: a dimension, -4 to 3, is expected, not \"a\": cat(DIM, X [: SIZE], ...)"},
      {"els",
       "m:1:4: = is expected, not the end of the line: a line is KEY = KEY, with blanks, or begins "
       "with a word; did you mean \"else\"?"},
      {"when .x\nend of it", "m:2:5: end stands alone on its line"},
      {"{a}{b}{c}{d} = {a}{b}{c}{d}", "m:1:1: {a}{b}{c}{d}: at most 3 open texts"},
      {"{A=x|y} = b", "m:1:1: {A=…}: a closed set has a small letter"},
      {"l.{K+n} = m.{K}", "m:1:1: {K+n}: {K+number} is expected"},
      {"when .x\na = b\nelse\nt(a = b\nend", "m:4:2: a ( is not closed"},
      {"when .x\na = b\nelse\nq(a) = b\nend", "m:4:1: \"q\": unknown word"},
  };
  for (const Row& row : rows) {
    const MappingText one{"m", row.text};
    try {
      check_mapping({&one, 1});
      ADD_FAILURE() << row.text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::BadMapping);
      EXPECT_STREQ(error.what(), row.error) << row.text;
    }
  }
}

/// A text may come with a checkpoint from anywhere: nothing in it makes reading long or deep.
TEST(RuleBuilder, HasLimits) {
  const auto repeated = [](const std::string& text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) all += text;
    return all;
  };
  std::string doubling = "text a0 = x\n";
  for (int i = 0; i < 40; ++i) doubling += fmt::format("text a{} = $a{}$a{}\n", i + 1, i, i);
  std::string uses = "define d0()\na = b\nend\n";
  for (int i = 0; i < 40; ++i) {
    uses += fmt::format("define d{}()\nuse d{}()\nuse d{}()\nend\n", i + 1, i, i);
  }
  for (const std::string& text :
       {"let a = " + repeated("(", 200'000), repeated("a | ", 40) + "a = b",
        "define d()\ndrop r '" + std::string(400'000, 'x') + "' k\nend\n" +
            repeated("use d()\n", 100),
        "define d(" + repeated("n, ", 40) + "m)\nend", std::string(5000, 'k') + " = b",
        "let a = " + repeated("( ", 5000) + repeated(" )", 5000),
        repeated("t(", 20'000) + "a" + repeated(")", 20'000) + " = b",
        repeated("when .x\n", 20'000), doubling, uses, repeated("{a=|x}", 40) + "y = z"}) {
    const MappingText one{"m", text};
    EXPECT_THROW(check_mapping({&one, 1}), Error) << text.substr(0, 30);
  }
  // What stands above costs a branch nothing: with copies of it this would take half a minute.
  std::string branches;
  for (int i = 0; i < 8000; ++i) branches += fmt::format("a{0} = b{0}\ntext a{0} = b\n", i);
  branches += repeated("when false\na = b\nend\n", 8000);
  for (const std::string& text :
       {"when " + repeated("not ", 100'000) + "true\na = b\nend", branches}) {
    const MappingText one{"m", text};
    EXPECT_NO_THROW(check_mapping({&one, 1}));
  }
}

/// Two branches may say the same; which holds is the config's business.
TEST(RuleBuilder, BranchesMaySayTheSame) {
  for (const char* when : {"when .x", "when not .x"}) {
    const MappingText one{"m", std::string(when) + "\na = b\nelse\na = b as F32\nend\n"};
    EXPECT_NO_THROW(check_mapping({&one, 1}));
    const MappingText defines{
        "m", std::string(when) + "\ndefine d()\nend\nelse\ndefine d()\nend\nend\nuse d()"};
    EXPECT_NO_THROW(check_mapping({&defines, 1}));
  }
}

TEST(RuleBuilder, Renames) {
  const KeyRename rename = read_rename({"--rename", "_orig_mod.{x} -> {x}"});
  EXPECT_EQ(rename.to.expand(*rename.from.match("_orig_mod.a.b")), "a.b");
  for (const char* text : {"", "a", "a -> {x}", "a -> b c", "a = b", "a -> b\nc -> d"}) {
    EXPECT_THROW(read_rename({"--rename", text}), Error) << text;
  }
}

}  // namespace
}  // namespace ckptscope::testing
