// Reads every byte of a checkpoint: checksums of files, NaN, Inf and constant weights of tensors.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/progress.hpp"
#include "core/checkpoint/checkpoint.hpp"
#include "core/inspect/checksums.hpp"
#include "core/ranks/ranks.hpp"

namespace ckptscope {

struct DeepReport {
  std::uint64_t tensors = 0;      // read
  std::uint64_t bytes = 0;        // of their data
  std::uint64_t nan_tensors = 0;  // of tensors with a number dtype
  std::uint64_t inf_tensors = 0;
  std::uint64_t constant_weights = 0;  // of rank 2 and more: whole, or an expert of them; biases
                                       // and LoRA B of zeros are counted, though only notes
  std::uint64_t copies_compared = 0;   // of Checkpoint::copies()
  std::uint64_t copies_equal = 0;
  std::uint64_t sums_compared = 0;
  std::uint64_t sums_equal = 0;
  std::vector<Problem> problems;  // in the order of shards and their tensors
};

/// Shards are read in parallel, each front to back. Damaged and missing shards are passed over:
/// their defects are the checkpoint's. Throws Io, SourceChanged, TruncatedSource, Interrupted.
DeepReport deep_check(const Checkpoint& checkpoint, const Checksums& sums, const Workers& workers,
                      Progress& progress);

}  // namespace ckptscope
