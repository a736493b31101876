// What the words of a mapping do, in both directions: small plans as text. Quantised ones are in
// quantised_rows_test.cpp.

#include "tests/support/plan_rows.hpp"

namespace ckptscope::testing {
namespace {

const auto kAsF32 = [](PlanOptions& options) { options.dtype = Dtype::F32; };
const auto kWithConfig = [](PlanOptions& options) { options.has_config = true; };
const auto kSecondAndThird = [](PlanOptions& options) { options.experts = ExpertSlice{0, 1, 2}; };

// ---- names --------------------------------------------------------------------------------------

TEST(PlanRows, Renames) {
  const Mapping rename = mapping("model.{x} = m.{x}");
  const Mapping fixed = mapping("{p}.A = {p}.A_log as F32");
  const Mapping sets = mapping("q.{a=weight|bias} = k.{a}");
  const Mapping old_hf = mapping("x.new | x.old = y");
  const Mapping old_native = mapping("x = y.new | y.old");
  expect_plans({
      {"to native", rename, to_native(), "model.a BF16[2]", "m.a BF16 [2] <- model.a\n"},
      {"to hf", rename, to_hf(), "m.a BF16[2]", "model.a BF16 [2] <- m.a\n"},
      {"what no rule knows passes", rename, to_native(), "other U8[3]; model.a BF16[2]",
       "m.a BF16 [2] <- model.a\nother U8 [3] <- other\n"},
      {"nothing to do", rename, to_native(), "other U8[3]",
       "other U8 [3] <- other\n" + kNothingToDo},
      {"no tensors", rename, to_native(), "", kNothingToDo},
      {"the first rule wins", mapping("a.{x} = b.{x}\na.c = z"), to_native(), "a.c BF16[1]",
       "b.c BF16 [1] <- a.c\n"},
      {"a fixed dtype", fixed, to_native(), "x.A BF16[4]", "x.A_log F32 [4] <- cast(F32, x.A)\n"},
      {"a fixed dtype back", fixed, to_hf(), "x.A_log BF16[4]",
       "x.A F32 [4] <- cast(F32, x.A_log)\n"},
      {"a fixed dtype of what is no number", fixed, to_native(), "x.A U8[4]",
       "x.A_log U8 [4] <- x.A\n"},
      {"a closed set", sets, to_native(), "q.weight BF16[1]; q.bias BF16[1]; q.other BF16[1]",
       "k.bias BF16 [1] <- q.bias\nk.weight BF16 [1] <- q.weight\nq.other BF16 [1] <- q.other\n"},
      {"a closed set holds on the other side", sets, to_hf(), "k.weight BF16[1]; k.other BF16[1]",
       "k.other BF16 [1] <- k.other\nq.weight BF16 [1] <- k.weight\n"},
      {"an old spelling", old_hf, to_native(), "x.old BF16[1]",
       "y BF16 [1] <- x.old\n"
       "note     1 key is read under an alias: x.old would come back as x.new [alias]\n"},
      {"an old spelling of native", old_native, to_hf(), "y.old BF16[1]",
       "x BF16 [1] <- y.old\n"
       "note     1 key is read under an alias: y.old would come back as y.new [alias]\n"},
      {"both spellings", old_hf, to_native(), "x.new BF16[1]; x.old BF16[1]",
       "error    x.old and x.new are the same part of y [key-collision]\n"},
      {"a name that is taken", mapping("x = y"), to_native(), "x BF16[1]; y BF16[1]",
       "note     1 key is read under an alias: y would come back as x [alias]\n"
       "error    y is made twice, from y and from x [key-collision]\n"},
      {"a size beyond 64 bits", rename, to_native(), "a.w BF16[9223372036854775808, 2]",
       "error    a.w: the size of BF16 [9223372036854775808, 2] exceeds 64 bits "
       "[shape-overflow]\n"},
  });
}

TEST(PlanRows, Prefixes) {
  const Mapping bare = mapping("prefix language_model. = ''");
  const Mapping before = mapping("prefix text. = t.\nt.q = t.k");
  const Mapping back = mapping("prefix a. <- b.");
  const Mapping two = mapping("prefix m. = x.\nprefix n. = x.");
  expect_plans({
      {"taken off", bare, to_native(), "language_model.a BF16[1]",
       "a BF16 [1] <- language_model.a\n"},
      {"put on", bare, to_hf(), "a BF16[1]", "language_model.a BF16 [1] <- a\n"},
      {"before equations", before, to_native(), "text.q BF16[1]", "t.k BF16 [1] <- text.q\n"},
      {"behind equations", before, to_hf(), "t.k BF16[1]", "text.q BF16 [1] <- t.k\n"},
      {"only back", back, to_hf(), "b.x BF16[1]",
       "a.x BF16 [1] <- b.x\n"
       "note     1 key is read under an alias: b.x would come back as a.x [alias]\n"},
      {"only back, there", back, to_native(), "a.x BF16[1]",
       "a.x BF16 [1] <- a.x\n" + kNothingToDo},
      {"the first one is written", two, to_native(), "n.a BF16[1]",
       "x.a BF16 [1] <- n.a\n"
       "note     1 key is read under an alias: n.a would come back as m.a [alias]\n"},
      {"two give one name", two, to_native(), "m.a BF16[1]; n.a BF16[1]",
       "note     1 key is read under an alias: n.a would come back as m.a [alias]\n"
       "error    x.a is made twice, from m.a and from n.a [key-collision]\n"},
  });
}

TEST(PlanRows, DropsAndExclusions) {
  const Mapping mtp = mapping("drop x.mtp 'MTP' layers.{L}.{x} where L >= 2");
  const Mapping all = mapping("drop x.scale scales {p}.scale");
  const auto exclude = [](PlanOptions& options) { options.exclude = "a\\."; };
  expect_plans({
      {"from a layer on", mtp, to_native(), "layers.1.a BF16[1]; layers.2.a BF16[1]",
       "layers.1.a BF16 [1] <- layers.1.a\ndrop layers.2.a: x.mtp\n"},
      {"numbers and not texts are compared", mtp, to_native(), "layers.10.a BF16[1]",
       "drop layers.10.a: x.mtp\n"},
      {"not from native", mtp, to_hf(), "layers.2.a BF16[1]",
       "layers.2.a BF16 [1] <- layers.2.a\n" + kNothingToDo},
      {"whatever the layer", all, to_native(), "a.scale F32[]; a.w BF16[1]",
       "a.w BF16 [1] <- a.w\ndrop a.scale: x.scale\n"},
      {"excluded", Mapping(), to_native(exclude), "a.x BF16[1]; b.a.x BF16[1]",
       "b.a.x BF16 [1] <- b.a.x\ndrop a.x: exclude\n"},
      {"excluded by the name of the output", mapping("a.x = c\nb = a.y"), to_native(exclude),
       "a.x BF16[1]; b BF16[1]", "c BF16 [1] <- a.x\ndrop b: exclude\n"},
  });
}

// ---- transposes ---------------------------------------------------------------------------------

TEST(PlanRows, Transposes) {
  const Mapping plain = mapping("t({p}.weight) = {p}.w");
  const Mapping twice = mapping("t(t({p}.weight)) = {p}.w");
  const Mapping of_hf = mapping("{p}.weight = t({p}.w)");
  const Mapping rows = mapping("t({p}.weight) = {p}.w rows 4");
  expect_plans({
      {"to native", plain, to_native(), "a.weight BF16[2, 3]", "a.w BF16 [3, 2] <- t(a.weight)\n"},
      {"to hf", plain, to_hf(), "a.w BF16[3, 2]", "a.weight BF16 [2, 3] <- t(a.w)\n"},
      {"the last two dimensions", plain, to_native(), "a.weight BF16[5, 2, 3]",
       "a.w BF16 [5, 3, 2] <- t(a.weight)\n"},
      {"twice is not at all", twice, to_native(), "a.weight BF16[2, 3]",
       "a.w BF16 [2, 3] <- a.weight\n"},
      {"the whole on the hf side", of_hf, to_native(), "a.weight BF16[2, 3]",
       "a.w BF16 [3, 2] <- t(a.weight)\n"},
      {"the whole on the hf side, back", of_hf, to_hf(), "a.w BF16[3, 2]",
       "a.weight BF16 [2, 3] <- t(a.w)\n"},
      {"--dtype to hf", plain, to_hf(kAsF32), "a.w BF16[3, 2]",
       "a.weight F32 [2, 3] <- cast(F32, t(a.w))\n"},
      {"--dtype to native is for stacks", plain, to_native(kAsF32), "a.weight BF16[2, 3]",
       "a.w BF16 [3, 2] <- t(a.weight)\n"},
      {"one dimension", plain, to_native(), "a.weight BF16[3]",
       "error    a.w: shape [3], at least 2 dimensions expected [shape-mismatch]\n"},
      {"one dimension back", plain, to_hf(), "a.w BF16[3]",
       "error    a.w: shape [3], at least 2 dimensions expected [shape-mismatch]\n"},
      {"packed codes", plain, to_native(), "a.weight U8[2, 3]",
       "error    a.weight: dtype U8 holds packed codes that no scheme decodes; they are not "
       "transposed, stacked or split [packed-codes]\n"},
      {"as many rows as stated", rows, to_native(), "a.weight BF16[4, 2, 5]",
       "a.w BF16 [4, 5, 2] <- t(a.weight)\n"},
      {"other rows than stated", rows, to_native(), "a.weight BF16[3, 2, 5]",
       "error    a.w: 3 experts in [3, 5, 2], 4 expected; --set num_experts=N overrides the "
       "config [expert-count]\n"},
      {"other rows than stated, back", rows, to_hf(), "a.w BF16[3, 5, 2]",
       "error    a.w: 3 experts in [3, 5, 2], 4 expected; --set num_experts=N overrides the "
       "config [expert-count]\n"},
  });
}

// ---- concatenations -----------------------------------------------------------------------------

Mapping joined(int dim, Extent each = {}) {
  const std::string size = size_text(each);
  return mapping(fmt::format("cat({}, {{p}}.q : {}, {{p}}.k : {}) = {{p}}.qk", dim, size, size));
}

TEST(PlanRows, Concatenations) {
  expect_plans({
      {"along the first", joined(0), to_native(), "a.q BF16[4, 8]; a.k BF16[4, 8]",
       "a.qk BF16 [8, 8] <- cat(-2, a.q, a.k)\n"},
      {"unequal parts, which would come back as equal ones", joined(0), to_native(),
       "a.q BF16[4, 8]; a.k BF16[2, 8]",
       "error    a.qk: a part is BF16 [2, 8], BF16 [4, 8] expected [shape-mismatch]\n"},
      {"along the last", joined(-1), to_native(), "a.k BF16[4, 3]; a.q BF16[4, 3]",
       "a.qk BF16 [4, 6] <- cat(-1, a.q, a.k)\n"},
      {"along the last but one", joined(-2), to_native(), "a.q BF16[5, 4, 8]; a.k BF16[5, 4, 8]",
       "a.qk BF16 [5, 8, 8] <- cat(-2, a.q, a.k)\n"},
      {"parts as stated", joined(-1, 2), to_native(), "a.q BF16[4, 2]; a.k BF16[4, 2]",
       "a.qk BF16 [4, 4] <- cat(-1, a.q, a.k)\n"},
      {"parts other than stated", joined(-1, 2), to_native(), "a.q BF16[4, 2]; a.k BF16[4, 3]",
       "error    a.qk: a part is BF16 [4, 3], BF16 [4, 2] expected (a size of the config) "
       "[shape-mismatch]\n"},
      {"another dimension differs", joined(0), to_native(), "a.q BF16[4, 8]; a.k BF16[4, 9]",
       "error    a.qk: a part is BF16 [4, 9], BF16 [4, 8] expected [shape-mismatch]\n"},
      {"dtypes differ", joined(0), to_native(), "a.q BF16[4, 8]; a.k F32[4, 8]",
       "error    a.qk: a part is F32 [4, 8], BF16 [4, 8] expected [shape-mismatch]\n"},
      {"ranks differ", joined(0), to_native(), "a.q BF16[4, 8]; a.k BF16[4]",
       "error    a.qk: a part is BF16 [4], BF16 [4, 8] expected [shape-mismatch]\n"},
      {"no dimension", joined(0), to_native(), "a.q BF16[]; a.k BF16[]",
       "error    a.qk: shape [], at least 1 dimension expected [shape-mismatch]\n"},
      {"fewer dimensions than the one that is joined", joined(-2), to_native(),
       "a.q BF16[4]; a.k BF16[4]",
       "error    a.qk: shape [4], at least 2 dimensions expected [shape-mismatch]\n"},
      {"the same, counted from the front", joined(1), to_native(), "a.q BF16[4]; a.k BF16[4]",
       "error    a.qk: shape [4], at least 2 dimensions expected [shape-mismatch]\n"},
      {"a part is missing", joined(0), to_native(), "a.q BF16[4, 8]",
       "error    a.qk: its part {p}.k is missing [missing-part]\n"},
  });
}

TEST(PlanRows, ConcatenationsTakenApart) {
  const Mapping outside = mapping("t(cat(0, {p}.gate, {p}.up)) = {p}.gu");
  const Mapping inside = mapping("cat(-1, t({p}.gate), t({p}.up)) = {p}.gu");
  expect_plans({
      {"in halves", joined(0), to_hf(), "a.qk BF16[6, 8]",
       "a.k BF16 [3, 8] <- slice(a.qk, 0, 3..6)\na.q BF16 [3, 8] <- slice(a.qk, 0, 0..3)\n"},
      {"along the last", joined(-1), to_hf(), "a.qk BF16[4, 6]",
       "a.k BF16 [4, 3] <- slice(a.qk, 1, 3..6)\na.q BF16 [4, 3] <- slice(a.qk, 1, 0..3)\n"},
      {"no halves", joined(0), to_hf(), "a.qk BF16[5, 8]",
       "error    a.qk: dimension 0 of [5, 8] is 5, 2 parts of 2 expected [shape-mismatch]\n"},
      {"other parts than stated", joined(0, 2), to_hf(), "a.qk BF16[6, 8]",
       "error    a.qk: dimension 0 of [6, 8] is 6, 2 parts of 2 expected [shape-mismatch]\n"},
      {"no dimension", joined(0), to_hf(), "a.qk BF16[]",
       "error    a.qk: shape [], at least 1 dimension expected [shape-mismatch]\n"},
      {"fewer dimensions than the one that is cut", joined(-2), to_hf(), "a.qk BF16[4]",
       "error    a.qk: shape [4], at least 2 dimensions expected [shape-mismatch]\n"},
      {"transposed as one", outside, to_native(), "a.gate BF16[2, 3]; a.up BF16[2, 3]",
       "a.gu BF16 [3, 4] <- t(cat(-2, a.gate, a.up))\n"},
      {"transposed as one, back", outside, to_hf(), "a.gu BF16[3, 4]",
       "a.gate BF16 [2, 3] <- slice(t(a.gu), 0, 0..2)\n"
       "a.up BF16 [2, 3] <- slice(t(a.gu), 0, 2..4)\n"},
      {"transposed each", inside, to_native(), "a.gate BF16[2, 3]; a.up BF16[2, 3]",
       "a.gu BF16 [3, 4] <- cat(-1, t(a.gate), t(a.up))\n"},
      {"transposed each, back", inside, to_hf(), "a.gu BF16[3, 4]",
       "a.gate BF16 [2, 3] <- t(slice(a.gu, 1, 0..2))\n"
       "a.up BF16 [2, 3] <- t(slice(a.gu, 1, 2..4))\n"},
  });
}

// ---- stacks -------------------------------------------------------------------------------------

Mapping stacked(Extent count) {
  return mapping("stack(E, " + size_text(count) + ", t({p}.{E}.w)) = {p}.down");
}

Mapping gated(Extent count) {
  return mapping("stack(E, " + size_text(count) +
                 ", cat(-1, t(layers.{L}.{E}.gate.weight), t(layers.{L}.{E}.up.weight)))"
                 " = layers.{L}.gu");
}

constexpr std::string_view kTwo = "a.0.w BF16[2, 3]; a.1.w BF16[2, 3]";
constexpr std::string_view kFour =
    "a.0.w BF16[2, 3]; a.1.w BF16[2, 3]; a.2.w BF16[2, 3]; a.3.w BF16[2, 3]";

TEST(PlanRows, Stacks) {
  const std::string both = "a.down BF16 [2, 3, 2] <- stack(E=0..1, t(a.{E}.w))\n";
  expect_plans({
      {"as many as stated", stacked(2), to_native(), kTwo, both},
      {"inferred", stacked({}), to_native(), kTwo,
       both + "warning  no config: 2 experts, inferred from the keys 0..1 [inferred]\n"},
      {"not inferred with a config", stacked({}), to_native(kWithConfig), kTwo,
       "error    the config does not state the number of experts, the keys show 0..1; --set "
       "num_experts=2 says so [expert-count]\n"},
      {"a hole", stacked(3), to_native(), "a.0.w BF16[2, 3]; a.2.w BF16[2, 3]",
       "error    a.down: w of expert 1 of 0..2 is missing [missing-expert]\n"},
      {"many holes", stacked(20), to_native(), "a.0.w BF16[2, 3]",
       "error    a.down: w of experts 1, 2, 3, 4, 5, 6, 7, 8 and 11 more of 0..19 are missing "
       "[missing-expert]\n"},
      {"a stranger", stacked(1), to_native(), kTwo,
       "error    a.1.w: expert 1 where the config states 1 (0..0) [expert-range]\n"},
      {"an expert twice", stacked(1), to_native(), "a.0.w BF16[2, 3]; a.00.w BF16[2, 3]",
       "error    a.00.w and a.0.w are the same part of a.down [key-collision]\n"},
      {"shapes differ", stacked(2), to_native(), "a.0.w BF16[2, 3]; a.1.w BF16[2, 4]",
       "error    a.down: expert 1 is BF16 [4, 2], expert 0 is BF16 [3, 2] [shape-mismatch]\n"},
      {"dtypes become one", stacked(2), to_native(), "a.0.w BF16[2, 3]; a.1.w F32[2, 3]",
       "a.down BF16 [2, 3, 2] <- stack(t(a.0.w), t(cast(BF16, a.1.w)))\n"},
      {"--dtype", stacked(2), to_native(kAsF32), kTwo,
       "a.down F32 [2, 3, 2] <- stack(E=0..1, t(cast(F32, a.{E}.w)))\n"},
      {"a range of a rank", stacked(4), to_native(kSecondAndThird), kFour,
       "a.down BF16 [2, 3, 2] <- stack(E=1..2, t(a.{E}.w))\ndrop a.0.w: rank\ndrop a.3.w: rank\n"},
      {"two parts an expert", gated(2), to_native(),
       "layers.0.0.gate.weight BF16[2, 3]; layers.0.0.up.weight BF16[2, 3];"
       "layers.0.1.gate.weight BF16[2, 3]; layers.0.1.up.weight BF16[2, 3]",
       "layers.0.gu BF16 [2, 3, 4] <- stack(E=0..1, cat(-1, t(layers.0.{E}.gate.weight), "
       "t(layers.0.{E}.up.weight)))\n"},
      {"one of two parts is missing", gated(2), to_native(),
       "layers.3.0.gate.weight BF16[2, 3]; layers.3.0.up.weight BF16[2, 3];"
       "layers.3.1.gate.weight BF16[2, 3]",
       "error    layer 3: up of expert 1 of 0..1 is missing [missing-expert]\n"},
  });
}

TEST(PlanRows, StacksTakenApart) {
  const std::string both =
      "a.0.w BF16 [2, 3] <- t(select(a.down, 0))\na.1.w BF16 [2, 3] <- t(select(a.down, 1))\n";
  expect_plans({
      {"as many as stated", stacked(2), to_hf(), "a.down BF16[2, 3, 2]", both},
      {"as many as there are", stacked({}), to_hf(), "a.down BF16[2, 3, 2]", both},
      {"other than stated", stacked(3), to_hf(), "a.down BF16[2, 3, 2]",
       "error    a.down: 2 experts in [2, 3, 2], 3 expected; --set num_experts=N overrides the "
       "config [expert-count]\n"},
      {"a range of a rank", stacked(4), to_hf(kSecondAndThird), "a.down BF16[2, 3, 2]",
       "a.1.w BF16 [2, 3] <- t(select(a.down, 0))\na.2.w BF16 [2, 3] <- t(select(a.down, 1))\n"},
      {"no dimension", stacked(2), to_hf(), "a.down BF16[]",
       "error    a.down: shape [], at least 1 dimension expected [shape-mismatch]\n"},
      {"of no experts nothing comes", stacked({}), to_hf(), "a.down BF16[0, 3, 2]",
       "error    a.down: no output uses it and no rule drops it [orphan]\n"},
      {"two parts an expert", gated(1), to_hf(), "layers.0.gu BF16[1, 3, 4]",
       "layers.0.0.gate.weight BF16 [2, 3] <- t(slice(select(layers.0.gu, 0), 1, 0..2))\n"
       "layers.0.0.up.weight BF16 [2, 3] <- t(slice(select(layers.0.gu, 0), 1, 2..4))\n"},
  });
}

// ---- what rules add -----------------------------------------------------------------------------

std::string bias(Extent count) {
  return "add x.bias {p}.bias = zeros(" + size_text(count) + ") beside {p}.gate";
}

TEST(PlanRows, Additions) {
  const std::string made = "a.bias F32 [2] <- zeros\na.gate BF16 [2, 8] <- a.gate\n";
  expect_plans({
      {"made", mapping(bias(2)), to_native(), "a.gate BF16[2, 8]", made},
      {"there already", mapping(bias(2)), to_native(), "a.gate BF16[2, 8]; a.bias BF16[2]",
       "a.bias BF16 [2] <- a.bias\na.gate BF16 [2, 8] <- a.gate\n" + kNothingToDo},
      {"not for hf", mapping(bias(2)), to_hf(), "a.gate BF16[2, 8]",
       "a.gate BF16 [2, 8] <- a.gate\n" + kNothingToDo},
      {"inferred", mapping(bias({})), to_native(), "a.gate BF16[2, 8]",
       made + "warning  no config: 2 experts, inferred from the rows of a.gate 0..1 [inferred]\n"},
      {"not inferred with a config", mapping(bias({})), to_native(kWithConfig), "a.gate BF16[2, 8]",
       "error    the config does not state the number of experts, the rows of a.gate show 0..1; "
       "--set num_experts=2 says so [expert-count]\n"},
      {"other than stated", mapping(bias(3)), to_native(), "a.gate BF16[2, 8]",
       "error    a.gate: 2 experts in [2, 8], 3 expected; --set num_experts=N overrides the "
       "config [expert-count]\n"},
      {"no rows", mapping(bias(2)), to_native(), "a.gate BF16[]",
       "error    a.gate: shape [], one row an expert expected by x.bias [shape-mismatch]\n"},
  });
}

/// Once failed: a number that a stack and a synth both infer was told twice.
TEST(PlanRows, AnInferredNumberIsToldOnce) {
  const Mapping both = mapping("stack(E, .unknown, t({p}.{E}.w)) = {p}.down\n" + bias({}));
  const std::string made =
      "a.bias F32 [2] <- zeros\na.down BF16 [2, 3, 2] <- stack(E=0..1, t(a.{E}.w))\n";
  expect_plans({
      {"the same number", both, to_native(),
       "a.0.w BF16[2, 3]; a.1.w BF16[2, 3]; a.gate BF16[2, 8]",
       made + "a.gate BF16 [2, 8] <- a.gate\n"
              "warning  no config: 2 experts, inferred from the keys 0..1 [inferred]\n"},
      {"another number", both, to_native(), "a.0.w BF16[2, 3]; a.gate BF16[2, 8]",
       "a.bias F32 [2] <- zeros\na.down BF16 [1, 3, 2] <- stack(t(a.0.w))\n"
       "a.gate BF16 [2, 8] <- a.gate\n"
       "warning  no config: 1 expert, inferred from the keys 0..0 [inferred]\n"
       "warning  no config: 2 experts, inferred from the rows of a.gate 0..1 [inferred]\n"},
  });
}

// ---- other operations ---------------------------------------------------------------------------

TEST(PlanRows, UnlikeParts) {
  const Mapping qkv = mapping("{p}.qkv = cat(0, {p}.q : 4, {p}.k : 2, {p}.v : 2)");
  const Mapping joined = mapping("cat(0, {p}.q : 4, {p}.k : 2) = {p}.qk");
  const Mapping unknown = mapping("{p}.qkv = cat(0, {p}.q : .heads, {p}.k : 2)");
  expect_plans({
      {"taken apart", qkv, to_native(), "a.qkv BF16[8, 3]",
       "a.k BF16 [2, 3] <- slice(a.qkv, 0, 4..6)\na.q BF16 [4, 3] <- slice(a.qkv, 0, 0..4)\n"
       "a.v BF16 [2, 3] <- slice(a.qkv, 0, 6..8)\n"},
      {"put together", qkv, to_hf(), "a.q BF16[4, 3]; a.k BF16[2, 3]; a.v BF16[2, 3]",
       "a.qkv BF16 [8, 3] <- cat(-2, a.q, a.k, a.v)\n"},
      {"another sum", qkv, to_native(), "a.qkv BF16[9, 3]",
       "error    a.qkv: shape BF16 [9, 3], 4 + 2 + 2 = 8 in dimension 0 expected "
       "[shape-mismatch]\n"},
      {"another size", joined, to_native(), "a.q BF16[4, 3]; a.k BF16[3, 3]",
       "error    a.qk: a part is BF16 [3, 3], BF16 [2, 3] expected (a size of the config) "
       "[shape-mismatch]\n"},
      {"a size that nobody states", unknown, to_native(), "a.qkv BF16[8, 3]",
       "error    a.qkv: its sizes are not known: config.json does not state heads "
       "[shape-mismatch]\n"},
      {"a part is missing", qkv, to_hf(), "a.q BF16[4, 3]; a.k BF16[2, 3]",
       "error    a.qkv: its part {p}.v is missing [missing-part]\n"},
  });
}

TEST(PlanRows, Rows) {
  const Mapping row = mapping("row({p}.b) = {p}.bias");
  expect_plans({
      {"taken off", row, to_native(), "a.b F32[1, 4]", "a.bias F32 [4] <- select(a.b, 0)\n"},
      {"put on", row, to_hf(), "a.bias F32[4]", "a.b F32 [1, 4] <- stack(a.bias)\n"},
      {"not there", row, to_native(), "a.b F32[4]; c.b F32[4]",
       "a.bias F32 [4] <- a.b\nc.bias F32 [4] <- c.b\n"
       "note     a.bias [4] comes back with a first dimension of 1; 1 more alike [alias]\n"},
      {"not 1", row, to_native(), "a.b F32[2, 4]",
       "error    a.bias: shape F32 [2, 4], a first dimension of 1 expected [shape-mismatch]\n"},
  });
}

TEST(PlanRows, Heads) {
  const Mapping head = mapping("head({p}.A, 4, 8) = {p}.A_log as F32");
  const Mapping unknown = mapping("head({p}.A, .heads, 8) = {p}.A_log");
  expect_plans({
      {"cut", head, to_native(), "a.A F32[8]",
       "a.A_log F32 [4] <- slice(a.A, 0, 0..4)\n"
       "note     a.A_log: the last 4 of 8 are left out as padding, and come back as zeros "
       "[padding]\n"},
      {"whole", head, to_native(), "a.A F32[4]", "a.A_log F32 [4] <- a.A\n"},
      {"another length", head, to_native(), "a.A F32[6]",
       "error    a.A_log: shape F32 [6], 4 or 8 at the end expected [shape-mismatch]\n"},
      {"filled up", head, to_hf(), "a.A_log F32[4]", "a.A F32 [8] <- cat(-1, a.A_log, zeros)\n"},
      {"filled up already", head, to_hf(), "a.A_log F32[8]", "a.A F32 [8] <- a.A_log\n"},
      {"a length that nobody states", unknown, to_native(), "a.A F32[8]",
       "error    a.A_log: its sizes are not known: config.json does not state heads "
       "[shape-mismatch]\n"},
  });
}

TEST(PlanRows, Factors) {
  const Mapping scaled = mapping("scaled(t({p}.w), {p}.s) = {p}.v as output");
  expect_plans({
      {"folded in", scaled, to_native(), "a.w BF16[2, 3, 4]; a.s F32[2]",
       "a.v BF16 [2, 4, 3] <- cast(BF16, scaled(t(a.w), a.s))\n"},
      {"the other way", scaled, to_hf(), "a.v BF16[2, 4, 3]",
       "a.s BF16 [2] <- ones\na.w BF16 [2, 3, 4] <- t(a.v)\n"},
      {"other rows", scaled, to_native(), "a.w BF16[2, 3, 4]; a.s F32[3]",
       "error    a.v: shape BF16 [2, 4, 3], BF16, F16 or F32 and as many rows as its factor F32 "
       "[3] "
       "expected [shape-mismatch]\n"},
      {"no factor", scaled, to_native(), "a.w BF16[2, 3, 4]",
       "error    a.v: its part {p}.s is missing [missing-part]\n"},
  });
}

TEST(PlanRows, Interleaved) {
  const Mapping mixed = mapping("interleaved(-2, {p}.w) = {p}.v");
  expect_plans({
      {"to native", mixed, to_native(), "a.w BF16[4, 3]",
       "a.v BF16 [4, 3] <- interleaved(-2, a.w)\n"},
      {"to hf", mixed, to_hf(), "a.v BF16[4, 3]", "a.w BF16 [4, 3] <- deinterleaved(-2, a.v)\n"},
      {"no halves", mixed, to_native(), "a.w BF16[5, 3]",
       "error    a.v: shape BF16 [5, 3], an even dimension 0 expected [shape-mismatch]\n"},
  });
}

TEST(PlanRows, AsOutput) {
  const Mapping stacked = mapping("t({p}.w) = {p}.v as output");
  expect_plans({
      {"to native", stacked, to_native(), "a.w F32[2, 3]",
       "a.v BF16 [3, 2] <- t(cast(BF16, a.w))\n"},
      {"to hf", stacked, to_hf(), "a.v F32[3, 2]", "a.w F32 [2, 3] <- t(a.v)\n"},
  });
}

TEST(PlanRows, NumbersInPrefixes) {
  const Mapping layers = mapping(
      "let n = 2\nprefix layers.{K+n}. = mtp.{K}. where K < 1\nprefix layers. = model.layers.");
  expect_plans({
      {"counted on", layers, to_native(), "layers.1.w BF16[1]; layers.2.w BF16[1]",
       "model.layers.1.w BF16 [1] <- layers.1.w\nmtp.0.w BF16 [1] <- layers.2.w\n"},
      {"beyond the number", layers, to_native(), "layers.3.w BF16[1]",
       "model.layers.3.w BF16 [1] <- layers.3.w\n"},
      {"back", layers, to_hf(), "mtp.0.w BF16[1]; mtp.1.w BF16[1]",
       "layers.2.w BF16 [1] <- mtp.0.w\nlayers.3.w BF16 [1] <- mtp.1.w\n"
       "note     1 key is read under an alias: mtp.1.w would come back as model.layers.3.w "
       "[alias]\n"},
      {"only towards native", mapping("prefix a. -> b.\nprefix c. = b."), to_hf(), "b.x BF16[1]",
       "c.x BF16 [1] <- b.x\n"},
      {"the same start is left alone", mapping("prefix t. = t.\nprefix m. = ''"), to_hf(),
       "t.x BF16[1]; y BF16[1]", "m.y BF16 [1] <- y\nt.x BF16 [1] <- t.x\n"},
  });
}

TEST(PlanRows, NativeDropsCopiesAndFrequencies) {
  const Mapping dropped = mapping("drop native x.head 'tied' head.w");
  const Mapping few = mapping("drop native x.bias 'none' l.{L}.b where L < 2");
  const Mapping copied = mapping("add x.tied head = embed");
  const Mapping made = mapping("add x.rotary {p}.freqs = frequencies(10000, 8) beside {p}.w");
  expect_plans({
      {"dropped", dropped, to_hf(), "head.w BF16[1]; a BF16[1]",
       "a BF16 [1] <- a\ndrop head.w: x.head\n"},
      {"not from hf", dropped, to_native(), "head.w BF16[1]",
       "head.w BF16 [1] <- head.w\n" + kNothingToDo},
      {"below a number", few, to_hf(), "l.1.b BF16[1]; l.2.b BF16[1]",
       "l.2.b BF16 [1] <- l.2.b\ndrop l.1.b: x.bias\n"},
      {"a copy", copied, to_native(), "embed BF16[2]",
       "embed BF16 [2] <- embed\nhead BF16 [2] <- embed\n"},
      {"no copy of what is there", copied, to_native(), "embed BF16[2]; head BF16[2]",
       "embed BF16 [2] <- embed\nhead BF16 [2] <- head\n" + kNothingToDo},
      {"no copy of nothing", copied, to_native(), "a BF16[2]", "a BF16 [2] <- a\n" + kNothingToDo},
      {"frequencies", made, to_native(), "a.w BF16[2]",
       "a.freqs F32 [4] <- frequencies(10000, 8)\na.w BF16 [2] <- a.w\n"},
      {"of nothing", mapping("add x.r f = frequencies(.theta, 8) beside w"), to_native(),
       "w BF16[1]",
       "error    x.r: 8 frequencies of theta 0, which config.json should state [shape-mismatch]\n"},
  });
}

/// Two hf layouts of one whole: whichever keys are there decide, and they are never mixed.
TEST(PlanRows, TwoLayoutsOfOneWhole) {
  const Mapping two = mapping("cat(0, {p}.a, {p}.b) = {p}.w\n{p}.c = {p}.w");
  expect_plans({
      {"the first", two, to_native(), "x.a BF16[2]; x.b BF16[2]",
       "x.w BF16 [4] <- cat(-1, x.a, x.b)\n"},
      {"a part of each", two, to_native(), "x.b BF16[2]; x.c BF16[4]",
       "error    x.w: its part {p}.a is missing [missing-part]\n"
       "note     1 key is read under an alias: x.c would come back as x.a [alias]\n"},
      {"both", two, to_native(), "x.a BF16[2]; x.b BF16[2]; x.c BF16[4]",
       "note     1 key is read under an alias: x.c would come back as x.a [alias]\n"
       "error    x.w is made twice, from x.a and from x.c [key-collision]\n"},
  });
}

TEST(PlanRows, Closed) {
  const Mapping closed = mapping("closed x.strangers\npass a.{x}\nb = c");
  expect_plans({
      {"named", closed, to_native(), "a.w BF16[1]; b BF16[1]",
       "a.w BF16 [1] <- a.w\nc BF16 [1] <- b\n"},
      {"a stranger", closed, to_native(), "d BF16[1]",
       "error    d: no rule names it, x.strangers [orphan]\n"},
      {"not towards hf", closed, to_hf(), "d BF16[1]", "d BF16 [1] <- d\n" + kNothingToDo},
  });
}

// ---- edits --------------------------------------------------------------------------------------

TEST(PlanRows, Edits) {
  const auto included = [](PlanOptions& options) { options.include = {{"layer=0"}, {"*.norm"}}; };
  expect_plans({
      {"included", Mapping(), within_hf(included),
       "m.layers.0.w BF16[1]; m.layers.1.w BF16[1]; m.norm BF16[1]",
       "m.layers.0.w BF16 [1] <- m.layers.0.w\nm.norm BF16 [1] <- m.norm\n"
       "drop m.layers.1.w: include\n"},
      {"cast", Mapping(), within_hf(kAsF32), "a BF16[1]; b F32[1]; c I64[1]",
       "a F32 [1] <- cast(F32, a)\nb F32 [1] <- b\nc I64 [1] <- c\n"},
      {"packed", Mapping(), within_hf(kAsF32), "a.weight F8_E4M3[2]; a.weight_scale BF16[]",
       "error    a.weight: packed weights are not cast; --quantize none decodes them to --dtype "
       "[packed-codes]\n"},
  });
}

}  // namespace
}  // namespace ckptscope::testing
