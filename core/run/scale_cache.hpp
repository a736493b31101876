// Scales of FP8 weights as floats.
#pragma once

#include <cstdint>
#include <vector>

#include "core/source/tensor_source.hpp"
#include "core/value/value.hpp"

namespace ckptscope {

/// Keeps the scales of the weight that was asked for last: tiles of one weight come together. One
/// per worker; not thread-safe.
class ScaleCache {
 public:
  /// All elements of `scale` as floats, valid until the next call. Throws what reading throws.
  const std::vector<float>& of(const Value& scale, TensorSource& source);

 private:
  std::vector<float> scales_;
  std::vector<std::byte> raw_;
  const Value* scale_ = nullptr;  // whose they are
};

}  // namespace ckptscope
