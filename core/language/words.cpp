// A word that is not in this table does not exist.
#include "core/language/words.hpp"

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
         "config.json names this family when the value holds; several lines: one is enough. "
         "Paths are taken as they stand"},
    Word{G::Head, "keys", "keys KEY ...",
         "without a config.json, keys that only this family has, and, with a ! before them, has "
         "not; several lines: one is enough"},
    Word{G::Head, "layout", "layout NAME [START]",
         "a way in which native names are spelled, for --layout; native keys that begin with "
         "START have it. The first is the default"},
    Word{G::Head, "settings", "settings SETTING ...",
         "what --set accepts: NAME, a number, or NAME=A|B, one of the texts"},
    Word{G::Head, "dtype", "dtype DTYPE",
         "of decoded and stacked weights, where neither --dtype nor config.json says it; else "
         "BF16"},
    Word{G::Head, "closed", "closed RULE",
         "every hf key must match a line; a stranger is an error of that rule"},
    // Lines.
    Word{G::Line, "=", "LEFT = RIGHT [as DTYPE|output] [rows COUNT]",
         "an equation: hf on the left, native on the right, both ways. One side is a key, the "
         "other a key or an operation. `A | B`: both spellings are understood, the first is "
         "written. `as DTYPE` casts both ways, `as output` towards native to the output dtype; "
         "`rows` is what the first dimension must measure"},
    Word{G::Line, "let", "let NAME = VALUE", "a value under a name"},
    Word{G::Line, "text", "text NAME = KEY",
         "a part of keys under a name; $NAME or $(NAME) inserts it"},
    Word{G::Line, "prefix", "prefix HF =|->|<- NATIVE [where N <|>= VALUE]",
         "the start of keys, before all equations, which are written with the native start. `->` "
         "holds towards native alone, as `where` does, `<-` towards hf alone"},
    Word{G::Line, "drop", "drop [native] RULE \"REASON\" KEY [where N <|>= VALUE]",
         "keys that the other side does not have, hf keys without `native`; they are lost, and "
         "the plan says so under the name of the rule"},
    Word{G::Line, "pass", "pass KEY", "a key that stays as it is on purpose"},
    Word{G::Line, "add",
         "add RULE KEY = [zeros(COUNT) beside] [frequencies(THETA, SIZE) beside] NATIVE",
         "a tensor that native has and hf has not, made for every NATIVE where it is missing: F32 "
         "zeros; F32 [SIZE / 2], 1 / THETA^(2i / SIZE), of rotary embeddings; or a copy, of a head "
         "that is tied to the embedding"},
    Word{G::Line, "use", "use NAME([ARGUMENT, ...])", "the lines of a define"},
    // Blocks.
    Word{G::Block, "when", "when VALUE",
         "lines that hold where the value is true; behind `else`, where it is not. Names that they "
         "bind are seen behind `end`"},
    Word{G::Block, "define", "define NAME([PARAMETER [= KEY], ...])",
         "lines under a name, which see their parameters and nothing else: a value, or, behind "
         "$, a text, which may have a default"},
    Word{G::Block, "preset",
         "preset SCHEME [activation = dynamic|left_out] [config = text|both] [unpacked = TEXT] "
         "'CONFIG'",
         "how hf weights are published packed, for --quantize, with their quantization_config "
         "(SCHEME: mxfp4, mxfp4_rows, mxfp8; fp8 or fp8_modelopt with a scale a matrix; "
         "fp8_blocks, fp8_blocks_bf16, fp8_blocks_ue8m0 or fp8_blocks_e8m0 with one for 128 x "
         "128; int4, fp4, nvfp4 or nvfp4_divided). `activation`: it has scales that no weight "
         "tells, which the config goes without (dynamic), or does not (left_out). `config`: it "
         "stands under text_config, or there and at the top. `unpacked`: under that name the "
         "config lists the modules of matrices that are not packed"},
    Word{G::Preset, "encode", "encode KEY rank RANK [as SCHEME] [when VALUE]",
         "weights that are packed, RANK their dimensions"},
    Word{G::Preset, "except", "except TEXT ...",
         "keys that contain one of the texts are not packed"},
    // Operations.
    Word{G::Operation, "t", "t(X)", "the last two dimensions swapped; the same both ways",
         Op::Transpose},
    Word{G::Operation, "cat", "cat(DIM, X [: SIZE], ...)",
         "joined along a dimension, -1 the last; taken apart, pieces of that size, or equal ones",
         Op::Concat},
    Word{G::Operation, "stack", "stack(E, COUNT, X)",
         "one tensor an expert, {E} in its key, along a new first dimension; taken apart, one of "
         "them",
         Op::Stack},
    Word{G::Operation, "row", "row(X)",
         "X without its first dimension, which is 1; the other way it gets it back", Op::Row},
    Word{G::Operation, "head", "head(X, COUNT, MULTIPLE)",
         "the first COUNT along the last dimension; the other way zeros fill it up to a multiple",
         Op::Head},
    Word{G::Operation, "scaled", "scaled(X, FACTOR)",
         "element e of the first dimension times FACTOR[e], in f32; the other way X gets it all "
         "and the factor is ones",
         Op::Scaled},
    Word{G::Operation, "interleaved", "interleaved(DIM, X)",
         "the two halves along a dimension taken in turn; the other way evens, then odds",
         Op::Interleaved},
    // Values.
    Word{G::Value, ".path", ".text_config.num_experts",
         "what config.json says there, or in its text part (text_config, "
         "thinker_config.text_config, llm_config); unknown where it says nothing. Of a list == "
         "asks whether one element is equal"},
    Word{G::Value, "set.NAME", "set.num_experts", "what --set says"},
    Word{G::Value, "layout", "layout == \"documented\"", "the layout that was chosen"},
    Word{G::Value, "has", "has .path", "whether config.json has it"},
    Word{G::Value, "length", "length .path", "elements of a list, bytes of a text"},
    Word{G::Value, "", "42  0.5  \"text\"  NAME",
         "numbers, texts in quotes, and what `let` has bound"},
    Word{G::Value, "true", "true", "a flag, as config.json has them"},
    Word{G::Value, "false", "false", "the other one"},
    Word{G::Value, "??", "VALUE ?? VALUE",
         "the second where the first is unknown; the strongest operator, the others follow"},
    Word{G::Value, "*", "VALUE * / VALUE", "whole numbers in 64 bits, or reals"},
    Word{G::Value, "+", "VALUE + - VALUE", "unknown with something unknown, as * and /"},
    Word{G::Value, "==", "VALUE == != < <= > >= VALUE", "false with something unknown"},
    Word{G::Value, "not", "not VALUE", "true where VALUE is not, and where it is unknown"},
    Word{G::Value, "and", "VALUE and VALUE", "both are true"},
    Word{G::Value, "or", "VALUE or VALUE", "one is true; the weakest"},
};

}  // namespace

std::span<const Word> mapping_words() {
  return kWords;
}

std::span<const Word> words_of(Word::Group first, Word::Group last) {
  return {std::ranges::lower_bound(kWords, first, {}, &Word::group),
          std::ranges::upper_bound(kWords, last, {}, &Word::group)};
}

const Word* find_word(std::span<const Word> words, std::string_view name) {
  const auto found = std::ranges::find(words, name, &Word::name);
  return found == words.end() ? nullptr : &*found;
}

std::vector<std::string_view> names_of(std::span<const Word> words) {
  std::vector<std::string_view> names;
  for (const Word& word : words) names.push_back(word.name);
  return names;
}

std::string_view name_of(Word::Group group) {
  constexpr std::array<std::string_view, 6> kNames{
      "first lines",       "lines",      "blocks, up to a line `end`",
      "lines of a preset", "operations", "values"};
  return kNames.at(static_cast<std::size_t>(group));
}

}  // namespace ckptscope
