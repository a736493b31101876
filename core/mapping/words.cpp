// A word that is not in this table does not exist.
#include "core/mapping/words.hpp"

#include <algorithm>
#include <array>

namespace ckptscope {
namespace {

using G = Word::Group;
using Op = Part::Op;

constexpr std::array kWords{
    // First lines: what the family is.
    Word{G::Head, "family", "family NAME \"SUMMARY\"", "its name on every surface"},
    Word{G::Head, "config", "config VALUE",
         "config.json names this family when the value holds; several lines: one is enough. Paths "
         "are "
         "taken as they stand"},
    Word{G::Head, "keys", "keys KEY ... !KEY ...",
         "without a config.json, keys that only this family has, and, behind !, has not; several "
         "lines: "
         "one is enough"},
    Word{G::Head, "layout", "layout NAME [START]",
         "a way in which native names are spelled, for --layout; native keys that begin with START "
         "have "
         "it. The first is the default"},
    Word{G::Head, "settings", "settings NAME NAME=A|B ...",
         "what --set accepts: a number, or one of the texts"},
    Word{
        G::Head, "dtype", "dtype DTYPE",
        "of decoded and stacked weights, where neither --dtype nor config.json says it; else BF16"},
    Word{G::Head, "closed", "closed RULE",
         "every hf key must match a line; a stranger is an error of that rule"},
    // Lines.
    Word{G::Line, "=", "KEY or operation = KEY or operation [as DTYPE] [as output] [rows COUNT]",
         "an equation: hf on the left, native on the right, both ways. `A | B`: both spellings are "
         "understood, the first is written. `as DTYPE` casts both ways, `as output` towards native "
         "to the "
         "output dtype; `rows` is what the first dimension must measure"},
    Word{G::Line, "let", "let NAME = VALUE", "a value under a name"},
    Word{G::Line, "text", "text NAME = KEY",
         "a part of keys under a name; $NAME or $(NAME) inserts it"},
    Word{G::Line, "when", "when VALUE ... [else ...] end",
         "lines that hold where the value is true"},
    Word{G::Line, "prefix", "prefix HF = NATIVE [where N < VALUE]",
         "the start of keys, before all equations, which are written with the native start. `->` "
         "holds "
         "towards native alone, `<-` towards hf alone"},
    Word{G::Line, "drop", "drop [native] RULE \"REASON\" KEY [where N >= VALUE]",
         "keys that the other side does not have, hf keys without `native`; they are lost, and the "
         "plan "
         "says so under the name of the rule"},
    Word{G::Line, "pass", "pass KEY", "a key that stays as it is on purpose"},
    Word{G::Line, "add", "add RULE KEY = ADDITION [beside KEY]",
         "a tensor that native has and hf has not, made where it is missing"},
    Word{G::Line, "define", "define NAME(VALUE, $TEXT, $TEXT = KEY, ...) ... end",
         "lines under a name, which see their parameters and nothing else"},
    Word{G::Line, "use", "use NAME(...)", "the lines of a define"},
    Word{
        G::Line, "preset", "preset SCHEME [NAME = WORD ...] 'QUANTIZATION_CONFIG' ... end",
        "how hf weights are published packed, for --quantize (SCHEME: mxfp4, mxfp4_rows, mxfp8; "
        "fp8 or "
        "fp8_modelopt with a scale a matrix; fp8_blocks, fp8_blocks_bf16, fp8_blocks_ue8m0 or "
        "fp8_blocks_e8m0 with one for 128 x 128; int4, fp4, nvfp4 or nvfp4_divided): a line "
        "`encode KEY "
        "rank N [as SCHEME] [when VALUE]` a kind of weight, and `except TEXT ...` for keys that "
        "contain "
        "one of the texts. `activation = dynamic` or `left_out`: it has scales that no weight "
        "tells, "
        "which the config goes without, or does not. `unpacked = NAME`: under that name the config "
        "lists the modules of matrices that are not packed. `config = text` or `both`: it stands "
        "under text_config, or there and at the top"},
    // Operations.
    Word{G::Operation, "t", "t(x)", "the last two dimensions swapped; the same both ways",
         Op::Transpose, "x"},
    Word{G::Operation, "cat", "cat(DIM, x [: SIZE], y [: SIZE], ...)",
         "joined along a dimension, -1 the last; taken apart, pieces of that size, or equal ones",
         Op::Concat, "ds"},
    Word{G::Operation, "stack", "stack(E, COUNT, x)",
         "one tensor an expert, {E} in its key, along a new first dimension; taken apart, one of "
         "them",
         Op::Stack, "inx"},
    Word{G::Operation, "row", "row(x)",
         "x without its first dimension, which is 1; the other way it gets it back", Op::Row, "x"},
    Word{G::Operation, "head", "head(x, COUNT, MULTIPLE)",
         "the first COUNT along the last dimension; the other way zeros fill it up to a multiple",
         Op::Head, "xnm"},
    Word{G::Operation, "scaled", "scaled(x, FACTOR)",
         "element e of the first dimension times FACTOR[e], in f32; the other way x gets it all "
         "and the "
         "factor is ones",
         Op::Scaled, "xx"},
    Word{G::Operation, "interleaved", "interleaved(DIM, x)",
         "the two halves along a dimension taken in turn; the other way evens, then odds",
         Op::Interleaved, "dx"},
    // What add makes.
    Word{G::Addition, "zeros", "zeros(COUNT) beside KEY", "F32 zeros, for every native KEY"},
    Word{G::Addition, "frequencies", "frequencies(THETA, DIM) beside KEY",
         "F32 [DIM / 2]: 1 / THETA^(2i / DIM), of rotary embeddings"},
    Word{G::Addition, "KEY", "KEY",
         "a copy of that native tensor: a head that is tied to the embedding"},
    // Values.
    Word{G::Value, ".path", ".text_config.num_experts",
         "what config.json says there, or in its text part (text_config, "
         "thinker_config.text_config, "
         "llm_config); unknown where it says nothing. Of a list == asks whether one element is "
         "equal"},
    Word{G::Value, "set.NAME", "set.num_experts", "what --set says"},
    Word{G::Value, "layout", "layout == \"documented\"", "the layout that was chosen"},
    Word{G::Value, "has", "has .path", "whether config.json has it"},
    Word{G::Value, "length", "length .path", "elements of a list, characters of a text"},
    Word{G::Value, "??", "VALUE ?? VALUE", "the second where the first is unknown"},
    Word{G::Value, "+ - * /", "VALUE + VALUE - VALUE * VALUE / (VALUE)",
         "whole numbers in 64 bits, or reals; unknown with something unknown"},
    Word{G::Value, "== != < <= > >=", "VALUE == VALUE", "false with something unknown"},
    Word{G::Value, "and or not", "not VALUE", "in that order of strength behind not"},
};

}  // namespace

std::span<const Word> mapping_words() {
  return kWords;
}

const Word* find_word(Word::Group group, std::string_view name) {
  const auto found = std::find_if(kWords.begin(), kWords.end(), [&](const Word& word) {
    return word.group == group && word.name == name;
  });
  return found == kWords.end() ? nullptr : &*found;
}

std::string_view name_of(Word::Group group) {
  switch (group) {
    case G::Head:
      return "first lines";
    case G::Line:
      return "lines";
    case G::Operation:
      return "operations";
    case G::Addition:
      return "what add makes";
    case G::Value:
      return "values";
  }
  return "";
}

}  // namespace ckptscope
