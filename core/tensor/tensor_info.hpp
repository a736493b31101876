// One tensor of a checkpoint as its header describes it.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/tensor/dtype.hpp"
#include "core/tensor/shape.hpp"

namespace ckptscope {

/// A box of a tensor that lies dense and row-major in one shard: what a rank of a training run has
/// written. Views point into an arena, like those of TensorInfo.
struct Piece {
  ShapeView begin;           // of the box in the tensor, in elements by dimension
  ShapeView extent;          // elements by dimension
  std::uint64_t offset = 0;  // bytes from the start of the shard's data section
  std::uint32_t shard = 0;   // index into Checkpoint::shards()
};

/// The member of a header that is no tensor.
inline constexpr std::string_view kMetadataName = "__metadata__";

/// Name and shape point into the arena of the Header that read them.
struct TensorInfo {
  /// Value of `shard` for a tensor that lies in pieces.
  static constexpr std::uint32_t kInPieces = 0xFFFFFFFF;

  std::string_view name;
  ShapeView shape;
  // In one shard: bytes from the start of its data section. In pieces: indices into
  // Checkpoint::pieces(). So a tensor in one piece costs no more than its range.
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  Dtype dtype = Dtype::U8;
  std::uint32_t shard = 0;  // index into Checkpoint::shards(), or kInPieces

  bool in_pieces() const { return shard == kInPieces; }
  /// What the header claims: equal to byte_count(dtype, shape) in a file without defects.
  std::uint64_t bytes() const {
    if (in_pieces()) return byte_count(dtype, shape);
    return end >= begin ? end - begin : 0;
  }
  std::uint64_t elements() const { return element_count(shape).value_or(0); }
};

}  // namespace ckptscope
