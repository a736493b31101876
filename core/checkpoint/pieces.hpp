// Tensors that lie in several boxes: finding the bytes of a dense range.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "core/tensor/tensor_info.hpp"

namespace ckptscope {

/// A run of bytes that lies together both in a shard and in the range that is read.
struct PieceRun {
  std::uint32_t shard = 0;
  std::uint64_t offset = 0;  // bytes from the start of the shard's data section
  std::uint64_t at = 0;      // bytes from the start of the range
  std::uint64_t bytes = 0;
};

/// Calls `visit` for the runs that make up bytes [offset, offset + bytes) of a tensor, taken
/// row-major and dense: piece by piece in the order given, within a piece by rising offset, so that
/// a shard is read forwards. Runs that follow each other in the shard and in the range are one.
/// `element_bytes` is that of the tensor's dtype, which has whole bytes; the pieces must not
/// overlap and cover the tensor, which whoever lists them has checked. Allocates nothing that grows
/// with the range. Thread-safe.
void for_each_run(ShapeView shape, std::uint64_t element_bytes, std::span<const Piece> pieces,
                  std::uint64_t offset, std::uint64_t bytes,
                  const std::function<void(const PieceRun&)>& visit);

}  // namespace ckptscope
