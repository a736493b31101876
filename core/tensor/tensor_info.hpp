// One tensor of a checkpoint as its header describes it.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/tensor/dtype.hpp"
#include "core/tensor/shape.hpp"

namespace ckptscope {

/// A box of a tensor that lies in one shard: what a rank of a training run has written. Views point
/// into an arena, like those of TensorInfo.
struct Piece {
  /// Value of `form` for a piece whose bytes lie dense and row-major.
  static constexpr std::uint32_t kDense = 0xFFFFFFFF;

  ShapeView begin;              // of the box in the tensor, in elements by dimension
  ShapeView extent;             // elements by dimension
  std::uint64_t offset = 0;     // bytes from the start of the shard's data section
  std::uint32_t shard = 0;      // index into Checkpoint::shards()
  std::uint32_t form = kDense;  // index into Checkpoint::forms(), or kDense
};

/// How a piece lies where its bytes are not simply those of the box.
struct PieceForm {
  enum class Kind : std::uint8_t {
    Strided,         // a view of a torch.save file's storage
    Item,            // a torch.save file inside the shard, which says where its elements are
    CompressedItem,  // the same, packed by zstd
  };
  Kind kind = Kind::Strided;
  bool swapped = false;  // of Strided: see ElementView
  bool conjugated = false;
  bool negated = false;
  ShapeView stride{};        // of Strided: elements by dimension
  std::uint64_t length = 0;  // of items: bytes
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
