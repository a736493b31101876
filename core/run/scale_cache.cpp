// Read once a weight, whatever the number of tiles.
#include "core/run/scale_cache.hpp"

#include <algorithm>

#include "core/kernels/kernels.hpp"
#include "core/numbers/formats.hpp"
#include "core/run/evaluator.hpp"

namespace ckptscope {

const std::vector<float>& ScaleCache::of(const Value& scale, TensorSource& source) {
  if (scale_ == &scale) return scales_;
  scale_ = nullptr;  // a read that throws leaves nothing behind
  raw_.resize(byte_count(scale.dtype, scale.shape));
  if (scale.op == Value::Op::Input) {
    source.read(scale.input, 0, raw_);
  } else {
    Evaluator(source).evaluate(scale, whole(scale.shape), raw_);
  }
  scales_.resize(product(scale.shape));
  if (is_exponent(scale.dtype)) {
    std::transform(raw_.begin(), raw_.end(), scales_.begin(),
                   [](std::byte one) { return e8m0_to_float(std::to_integer<std::uint8_t>(one)); });
  } else {
    cast_elements(scale.dtype, raw_.data(), Dtype::F32,
                  reinterpret_cast<std::byte*>(scales_.data()), scales_.size());
  }
  scale_ = &scale;
  return scales_;
}

}  // namespace ckptscope
