// Files that number themselves: model-00001-of-00003.safetensors.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/checkpoint/checkpoint.hpp"

namespace ckptscope {

/// Files whose names differ in their number alone.
struct ShardSeries {
  std::uint64_t total = 0;             // behind "-of-"
  std::vector<std::uint64_t> numbers;  // of the files that are there, rising
  std::string last;                    // the name of the last of them

  /// Numbers of files that should be there, at most 1000: counted from 1, or from 0 where a 0 is
  /// there (then up to the total - 1; GPT-OSS is published as 0 to 2 "of 2").
  std::vector<std::uint64_t> missing() const;
};

std::vector<ShardSeries> numbered_series(std::span<const Shard> shards);

}  // namespace ckptscope
