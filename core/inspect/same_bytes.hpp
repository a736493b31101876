// Bytes of two tensors beside each other.
#pragma once

#include <cstdint>

#include "core/base/buffer.hpp"
#include "core/base/progress.hpp"
#include "core/source/tensor_source.hpp"

namespace ckptscope {

/// Compares tensors of equal size; one per worker, not thread-safe. Both sources must outlive it.
class ByteComparison {
 public:
  ByteComparison(TensorSource& a, TensorSource& b) : a_(a), b_(b) {}

  /// True when the `bytes` bytes of both are the same; stops at the first that is not. Advances
  /// `progress` by all of them. Throws what reading throws, and Interrupted.
  bool same(std::uint32_t a, std::uint32_t b, std::uint64_t bytes, Progress& progress) {
    return same({a, 0}, {b, 0}, bytes, progress);
  }
  /// The same from some byte of a tensor on.
  struct From {
    std::uint32_t tensor;
    std::uint64_t offset;
  };
  bool same(From a, From b, std::uint64_t bytes, Progress& progress);

 private:
  TensorSource& a_;
  TensorSource& b_;
  Buffer left_;
  Buffer right_;
};

/// The tensors of two checkpoints; one per worker, not thread-safe.
class CheckpointBytes {
 public:
  CheckpointBytes(const Checkpoint& a, const Checkpoint& b) : a_(a), b_(b) {}
  /// As ByteComparison::same().
  bool same(std::uint32_t a, std::uint32_t b, std::uint64_t bytes, Progress& progress) {
    return comparison_.same(a, b, bytes, progress);
  }

 private:
  CheckpointSource a_;
  CheckpointSource b_;
  ByteComparison comparison_{a_, b_};
};

}  // namespace ckptscope
