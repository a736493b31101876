// Published checkpoints as texts, tests/support/published/NAME.txt: a line a kind of tensor, with
// their totals, so that a structure is facts alone.
//
//   adapter NAME / shards N / config JSON / drops RULE COUNT / returns no / layout NAME
//   packs SCHEME / widened ENDING ...
//   totals TENSORS ELEMENTS BYTES / native TENSORS BYTES         "-" or nothing: not known
//   in KEY DTYPE [shape]
//
// {0-2,5} and {gate,up} in a key stand for each. DTYPE is a safetensors name, or a packed weight
// with what lies beside it: FP8 (a scale for 128 x 128, F32; FP8:BF16; FP8:E8M0 as `.scale`), MXFP8
// (U8 for 1 x 32), MXFP4 (rows), INT4 (compressed-tensors), FP4 (DeepSeek-V4).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/checkpoint/synthetic.hpp"

namespace ckptscope::testing {

struct PublishedText {
  std::string name;
  std::string adapter;
  SyntheticCheckpoint checkpoint;                    // sparse
  std::vector<std::optional<std::uint64_t>> totals;  // tensors, elements, bytes
  std::vector<std::optional<std::uint64_t>> native;  // tensors, bytes
  std::map<std::string, std::uint64_t> drops;        // by rule, on the way to native
  bool returns = true;                               // keys of hf are those that are written back
  std::string layout;                                // for --layout,
  std::string packs;                                 // and --quantize, so that they are as here
  std::vector<std::string> widened;                  // but for these endings, F32 in native
};

/// By name, sorted.
std::vector<std::string> published_text_names();
PublishedText read_published_text(const std::string& name);

}  // namespace ckptscope::testing
