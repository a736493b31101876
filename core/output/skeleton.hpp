// A checkpoint without its values: the same headers, index and config, and holes where the data
// would be. Every verb that reads headers alone says the same of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/checkpoint/checkpoint.hpp"
#include "core/output/output_path.hpp"

namespace ckptscope {

struct SkeletonReport {
  std::size_t files = 0;  // shards
  std::uint64_t header_bytes = 0;
  std::uint64_t apparent_bytes = 0;
  std::vector<std::string> notes;  // on what earlier runs had left
};

/// Throws Exists, SameFiles and what reading and writing throw; after a throw nothing is left.
SkeletonReport write_skeleton(const Checkpoint& checkpoint, const OutputPath& out);

}  // namespace ckptscope
