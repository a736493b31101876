// Read once a weight, whatever the number of tiles.
#include "core/run/scale_cache.hpp"

#include <algorithm>

#include "core/kernels/kernels.hpp"
#include "core/numbers/formats.hpp"

namespace ckptscope {

const std::vector<float>& ScaleCache::of(const Value& scale, TensorSource& source) {
  if (input_ == scale.input) return scales_;
  input_ = 0xFFFFFFFF;  // a read that throws leaves nothing behind
  raw_.resize(byte_count(scale.dtype, scale.shape));
  source.read(scale.input, 0, raw_);
  scales_.resize(product(scale.shape));
  if (is_exponent(scale.dtype)) {
    std::transform(raw_.begin(), raw_.end(), scales_.begin(),
                   [](std::byte one) { return e8m0_to_float(std::to_integer<std::uint8_t>(one)); });
  } else {
    cast_elements(scale.dtype, raw_.data(), Dtype::F32,
                  reinterpret_cast<std::byte*>(scales_.data()), scales_.size());
  }
  input_ = scale.input;
  return scales_;
}

}  // namespace ckptscope
