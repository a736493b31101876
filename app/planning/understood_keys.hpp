// The keys of a checkpoint as they are understood: as they lie, or as --rename makes them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/arena.hpp"
#include "core/checkpoint/checkpoint.hpp"
#include "core/tensor/tensor_list.hpp"

namespace ckptscope {

/// Numbers, dtypes and shapes are the checkpoint's, which must outlive it.
class UnderstoodKeys {
 public:
  /// `renames`: 'LEFT -> RIGHT', carried out in order, each on what the one before it gave. Throws
  /// BadMapping for one that cannot be read, Usage for one that no key matches, and KeyCollision
  /// where two keys become one.
  UnderstoodKeys(const Checkpoint& checkpoint, const std::vector<std::string>& renames);

  TensorList list() const {
    return {renamed_ > 0 ? std::span<const TensorInfo>(tensors_) : checkpoint_.tensors(),
            renamed_ > 0 ? index_ : checkpoint_.keys()};
  }
  std::span<const TensorInfo> tensors() const { return list().tensors; }
  std::uint64_t renamed() const { return renamed_; }

 private:
  void apply(const std::string& text);

  const Checkpoint& checkpoint_;
  std::vector<TensorInfo> tensors_;
  KeyIndex index_;
  Arena names_;
  std::uint64_t renamed_ = 0;
};

}  // namespace ckptscope
