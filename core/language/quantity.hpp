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
  std::optional<std::int64_t> whole() const;
  Extent extent() const;  // a whole number from 0 on
  std::optional<double> real() const;
  std::string what_is_missing() const;  // for errors: what a config would have to state
};

/// A number as it is written, whole or real; unknown for any other text, and for whole ones beyond
/// 64 bits.
Quantity number_in(std::string_view text);

/// `a op b`. Whole numbers are exact in 64 bits; what does not fit, or is divided by zero, is
/// unknown.
Quantity apply(std::string_view op, Quantity a, Quantity b);

}  // namespace ckptscope
