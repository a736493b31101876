// The factor that values were decoded with, found from which values there are. Each was a product
// of a code's value and the factor, rounded once.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/numbers/rounding_interval.hpp"

namespace ckptscope {

/// Which magnitudes occur. Of values of two bytes there are 32,768; of F32 only the largest is
/// kept.
class Magnitudes {
 public:
  explicit Magnitudes(Dtype dtype);

  /// Finite values of the dtype.
  void add(std::span<const float> values);
  void add(const Magnitudes& other);
  float largest() const;
  Dtype dtype() const { return dtype_; }
  /// Positive ones in ascending order; empty where they are not known.
  std::vector<float> all() const;

 private:
  Dtype dtype_;
  float largest_ = 0;  // of F32
  std::vector<std::uint64_t> bits_;
};

/// A number of `factors` (F32 or BF16) of which every magnitude is one of the `products` times it,
/// rounded, the largest one of the last `tops` of them; 0 where there is none, or where the
/// magnitudes are not known. Products are positive and ascend.
float find_factor(const Magnitudes& magnitudes, std::span<const float> products, std::size_t tops,
                  Dtype factors);

/// Whether every magnitude is one of the products times the factor, rounded; true where the
/// magnitudes are not known.
bool is_factor(float factor, const Magnitudes& magnitudes, std::span<const float> products);

}  // namespace ckptscope
