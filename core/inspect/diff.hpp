// Two checkpoints compared, key by key.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/progress.hpp"
#include "core/checkpoint/checkpoint.hpp"
#include "core/ranks/ranks.hpp"

namespace ckptscope {

struct DiffRow {
  enum class Kind { OnlyA, OnlyB, OtherDtype, OtherShape, OtherValues } kind;
  std::string key;
  std::string detail;
};
std::string_view name_of(DiffRow::Kind kind);

struct DiffReport {
  std::vector<DiffRow> rows;  // in natural order of keys
  std::uint64_t in_both = 0;  // tensors
  std::uint64_t equal = 0;    // of those: dtype, shape and, where compared, every byte
  bool values_compared = false;
};

/// `values`: tensors of equal dtype and shape are compared byte by byte, in parallel, streamed.
/// Refuses to read from a damaged checkpoint. Throws what reading throws.
DiffReport diff(const Checkpoint& a, const Checkpoint& b, bool values, const Workers& workers,
                Progress& progress);

}  // namespace ckptscope
