// Values of two checkpoints beside each other, dequantised, whatever either is stored as.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "core/base/progress.hpp"
#include "core/numbers/noise.hpp"
#include "core/ranks/ranks.hpp"
#include "core/source/tensor_source.hpp"
#include "core/value/value.hpp"

namespace ckptscope {

/// One tensor under the name that both have, of equal shapes.
struct ValuePair {
  std::string key;
  SharedValue value;      // of the one that is looked at
  SharedValue reference;  // of the one it is held against
};

/// The difference of two tensors, as floats. The same whatever the number of threads.
struct ValueDistance {
  std::uint64_t elements = 0;
  std::uint64_t different = 0;  // not the same number; NaN is the same as NaN
  std::uint64_t unbounded = 0;  // of those, where one is NaN or infinite
  double largest = 0;           // of |value - reference|; NaN or infinite where one of them is
  double power = 0;             // sum of squares of the values where both are finite
  double signal = 0;            // sum of squares of the references there
  double noise = 0;             // sum of squares of value - reference; NaN or infinite as largest

  bool equal() const { return different == 0; }
  double relative_l2() const { return ckptscope::relative_l2(signal, noise); }
  double sqnr() const { return ckptscope::sqnr(signal, noise); }
  /// Of the angle between the two as vectors; 1 without noise; NaN where one is all zeros.
  double cosine() const;
};

/// Compares every pair, in the order given; `done` is called once for each, from one thread at a
/// time, in the order in which they finish. Throws what reading throws, and Interrupted.
void value_distances(const MakeSource& values, const MakeSource& references,
                     std::span<const ValuePair> pairs, const Workers& workers, Progress& progress,
                     const std::function<void(std::size_t pair, const ValueDistance&)>& done);

}  // namespace ckptscope
