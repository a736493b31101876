// Shapes as goldens and structures write them.
#pragma once

#include <sstream>
#include <string>

#include "core/tensor/shape.hpp"

namespace ckptscope::testing {

/// "[2,3]" as a shape.
inline Shape parse_shape(const std::string& text) {
  Shape shape;
  std::istringstream numbers(text.substr(1, text.size() - 2));
  for (std::string number; std::getline(numbers, number, ',');)
    shape.push_back(std::stoull(number));
  return shape;
}

}  // namespace ckptscope::testing
