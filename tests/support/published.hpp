// The published checkpoints of the supported families, tensor by tensor: exact keys, dtypes, shapes
// and configs. Sparse they cost nothing on disk; with real values they serve benchmarks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/checkpoint/synthetic.hpp"

namespace ckptscope::testing {

/// A part of a model at its real widths.
struct Reduced {
  std::optional<std::uint64_t> layers{};  // the first ones; the config says so, and Hy3's MTP layer
                                          // is the one after them
  bool real = false;                      // values on disk; scales of usual weights
};

/// A model of published_models(), sparse unless `reduced.real`; throws std::out_of_range for
/// others. What could not be read off the published files is chosen: dtypes of Nemotron's Mamba
/// parameters and of Mistral's activation scales, which weights of NVFP4 are packed, the order of
/// most tensors, and the shards of gpt-oss-20b-bf16, mistral4-text and the quantised Nemotrons.
SyntheticCheckpoint published(std::string_view model, const Reduced& reduced = {});
const std::vector<std::string>& published_models();

/// A made-up MoE checkpoint of exactly `count` tensors (from 3 on) with DeepSeek's names, sparse:
/// whole layers of 1,024 experts, and vision blocks to make up the number.
SyntheticCheckpoint many_tensors(std::size_t count, std::size_t shards);

}  // namespace ckptscope::testing
