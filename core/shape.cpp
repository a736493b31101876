#include "core/shape.hpp"

#include <fmt/format.h>

#include "core/bytes.hpp"

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

std::uint64_t byte_count(Dtype dtype, ShapeView shape) {
  const std::uint64_t count = element_count(shape).value_or(0);
  return bits_of(dtype) % 8 == 0 ? count * size_of(dtype) : ceil_div(count * bits_of(dtype), 8);
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
