// What `let`, `when` and counts come to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/config.hpp"
#include "core/mapping/mapping.hpp"

namespace ckptscope {

/// A value, or none: what a config does not state stays unknown through every operator but `??`.
struct Quantity {
  ConfigValue value{};
  std::string missing{};  // of an unknown one: the path of the config that would tell

  bool known() const { return !value.absent(); }
  bool holds() const;  // a flag that is true
  Extent extent() const;
  std::optional<double> real() const;
};

/// `a op b`. Whole numbers are exact in 64 bits; what does not fit, or is divided by zero, is
/// unknown.
Quantity apply(std::string_view op, Quantity a, Quantity b);

}  // namespace ckptscope
