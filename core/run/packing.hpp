// One weight on its way into a packed format: the scales that need a pass of their own, the codes,
// and what was lost.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "core/kernels/kernels.hpp"
#include "core/mapping/mapping.hpp"
#include "core/numbers/exact_sum.hpp"
#include "core/numbers/factor_search.hpp"
#include "core/numbers/noise.hpp"
#include "core/tensor/region.hpp"
#include "core/value/value.hpp"

namespace ckptscope {

/// What packing did to the values of one weight. The same whatever the number of threads.
struct PackingLoss {
  std::string key;  // logical
  PackAs as = PackAs::Mxfp4;
  std::uint64_t values = 0;
  std::uint64_t changed = 0;  // do not decode to what they were
  double signal = 0;          // sum of squares of the values
  double noise = 0;           // sum of squares of value - decoded value

  bool exact() const { return changed == 0; }
  double relative_l2() const { return ckptscope::relative_l2(signal, noise); }
  double sqnr() const { return ckptscope::sqnr(signal, noise); }
};

/// measure() and encode() are called from several threads, for disjoint regions, in any order;
/// every encode() after every measure().
class Packing {
 public:
  /// `value` is what gets packed, rows of blocks last; `key` is its logical key.
  Packing(ValuePtr value, PackAs as, std::string key);

  ValuePtr value() const { return value_; }
  const WrittenForm& form() const { return form_; }
  bool needs_measure() const { return form_.is_measured(); }
  /// Rows of a matrix that a region for encode() begins and ends with multiples of.
  std::uint64_t rows_together() const { return std::max<std::uint64_t>(1, form_.block[0]); }

  /// The factor with which the values were decoded. Where they do come back with it, it is used.
  void suggest(float factor) { suggested_ = factor; }
  /// Looks at elements of `region`, dense and of the value's dtype, for their largest magnitude.
  /// Throws NanValues or InfValues, naming the place.
  void measure(const Region& region, std::span<const std::byte> elements);
  /// The whole scale tensor's bytes, where matrices have one scale; else empty.
  std::vector<std::byte> scales() const;
  /// The third tensor's bytes: the shape of int4, I32, or the factor of all scales, F32.
  std::vector<std::byte> third() const;

  /// Bytes of codes and of scales that `elements` elements from the start of a region make.
  std::uint64_t code_bytes(std::uint64_t elements) const;
  std::uint64_t scale_bytes(std::uint64_t elements) const;
  /// Packs elements of `region`; `codes` and `scales` have just the sizes above. Throws as
  /// measure().
  void encode(const Region& region, std::span<const std::byte> elements, std::span<std::byte> codes,
              std::span<std::byte> scales);

  PackingLoss loss() const;

 private:
  struct Sums {
    std::uint64_t changed = 0;
    ExactSum signal;
    ExactSum noise;

    void add(const Rounding& rounding);
  };
  /// The one scale, or what all scales are multiplied by.
  struct Factor {
    float value = 1;
    bool decoded = false;  // with which all values can have been decoded
  };
  const std::vector<Factor>& factors() const;
  Factor factor_of(std::uint64_t element) const;
  Factor find_factor(const Magnitudes& magnitudes) const;
  /// As the third tensor holds it.
  float stored(const Factor& factor) const;
  Rounding encode_chunk(std::uint64_t first, std::span<const std::byte> chunk, std::byte* codes,
                        std::span<std::byte> scales) const;
  void encode_groups(std::uint64_t first, std::span<const std::byte> elements,
                     std::span<std::byte> codes, std::span<std::byte> scales, Sums& sums) const;
  void encode_blocks(std::uint64_t first, std::span<const std::byte> elements,
                     std::span<std::byte> codes, std::span<std::byte> scales, Sums& sums) const;
  float block_scale(std::span<const float> values) const;
  void check_finite(float largest, std::uint64_t first, std::span<const std::byte> chunk) const;

  const Value* const value_;
  const WrittenForm& form_;
  const std::string key_;
  const std::uint64_t row_;         // elements of the last dimension
  const std::uint64_t per_factor_;  // elements that share what is measured
  mutable std::mutex mutex_;
  std::vector<Magnitudes> measured_;  // by factor
  float suggested_ = 0;
  mutable std::once_flag found_;
  mutable std::vector<Factor> factors_;
  Sums sums_;
};

}  // namespace ckptscope
