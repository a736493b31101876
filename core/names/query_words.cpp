// query.cpp reads them, one function a word.
#include "core/names/query_words.hpp"

#include <array>

namespace ckptscope {
namespace {

constexpr std::array kWords{
    QueryWord{"KEY", "a key, or everything below it at a dot"},
    QueryWord{"GLOB",
              "* crosses dots, ? is one character, {0..3} and [0-35] are ranges of numbers, {a,b} "
              "alternatives; a key, or everything below it"},
    QueryWord{"/REGEX/", "PCRE2, anywhere in the key; without a capital letter in any case"},
    QueryWord{
        "TEXT",
        "a word that names no key is a text anywhere in one, as layers.1 in model.layers.1 "
        "but not in model.layers.10; without a capital letter in any case. Outside of "
        "--include, where no key has such a text, a word without dots means the keys that "
        "have its letters in this order closest together, as qproj in q_proj. A note says so"},
    QueryWord{"dtype=BF16", "stored as"},
    QueryWord{"rank=3", "dimensions; also 2..3"},
    QueryWord{"shape=[*,4096]", "extents, * is any"},
    QueryWord{"bytes>1GB", "also < and =; kB, MB, GB, KiB, MiB, GiB"},
    QueryWord{"shard=3", "number of the file, from 1; also 1..3"},
    QueryWord{"layer=0..3", "number behind layers, blocks, block or h"},
    QueryWord{"expert=17", "number behind experts"},
    QueryWord{"op=stacked",
              "in map and --include: stacked, split, decoded, transposed, cast, encoded, renamed, "
              "'passed through', synthesised, copied; in map also drop"},
    QueryWord{"flag=scale", "also quantised, empty, defect"},
    QueryWord{"!WORD", "not"},
};

}  // namespace

std::span<const QueryWord> query_word_table() {
  return kWords;
}

}  // namespace ckptscope
