// A value as text, with names that a test gives its inputs.
#pragma once

#include <functional>
#include <string>

#include "core/value/value_text.hpp"

namespace ckptscope::testing {

inline std::string text_of(const Value& value,
                           const std::function<std::string(std::uint32_t)>& name_of_input,
                           bool fold = true) {
  std::string text;
  append_text(
      text, value, [&](std::string& out, std::uint32_t input) { out += name_of_input(input); },
      fold);
  return text;
}

}  // namespace ckptscope::testing
