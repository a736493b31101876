// One tensor of a checkpoint as its header describes it.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/tensor/dtype.hpp"
#include "core/tensor/shape.hpp"

namespace ckptscope {

/// Name and shape point into the arena of the Header that read them.
struct TensorInfo {
  std::string_view name;
  ShapeView shape;
  std::uint64_t begin = 0;  // bytes from the start of the file's data section
  std::uint64_t end = 0;
  Dtype dtype = Dtype::U8;
  std::uint32_t shard = 0;  // index into Checkpoint::shards()

  /// What the header claims: equal to byte_count(dtype, shape) in a file without defects.
  std::uint64_t bytes() const { return end >= begin ? end - begin : 0; }
  std::uint64_t elements() const { return element_count(shape).value_or(0); }
};

}  // namespace ckptscope
