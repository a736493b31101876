// Products are checked in the order in which the reference library takes them.
#include "core/tensor/shape.hpp"

#include <fmt/format.h>

#include "core/base/bytes.hpp"

namespace ckptscope {

std::optional<std::uint64_t> element_count(ShapeView shape) {
  std::uint64_t count = 1;
  for (const std::uint64_t extent : shape) {
    const auto product = checked_mul(count, extent);
    if (!product) return std::nullopt;
    count = *product;
  }
  return count;
}

std::uint64_t product(ShapeView extents) {
  std::uint64_t result = 1;
  for (const std::uint64_t extent : extents) result *= extent;
  return result;
}

Shape index_of(ShapeView shape, std::uint64_t element) {
  Shape index(shape.size());
  for (std::size_t dim = index.size(); dim-- > 0;) {
    index[dim] = element % shape[dim];
    element /= shape[dim];
  }
  return index;
}

std::optional<std::uint64_t> checked_byte_count(Dtype dtype, ShapeView shape) {
  const auto count = element_count(shape);
  if (!count) return std::nullopt;
  if (bits_of(dtype) % 8 == 0) return checked_mul(*count, size_of(dtype));
  const auto bits = checked_mul(*count, bits_of(dtype));
  return bits ? std::optional(ceil_div(*bits, 8)) : std::nullopt;
}

std::uint64_t byte_count(Dtype dtype, ShapeView shape) {
  return checked_byte_count(dtype, shape).value_or(0);
}

std::string to_string(ShapeView shape, std::size_t limit) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i == limit) {
      text += fmt::format(", … {} more", format_count(shape.size() - limit));
      break;
    }
    text += fmt::format("{}{}", i == 0 ? "" : ", ", shape[i]);
  }
  return text + "]";
}

}  // namespace ckptscope
