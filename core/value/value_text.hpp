// Values as text: "stack(E=0..191, cat(-1, t(x.{E}.gate), t(x.{E}.up)))".
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "core/value/value.hpp"

namespace ckptscope {

/// Appends what stands for an input, safe to show.
using AppendInput = std::function<void(std::string& text, std::uint32_t input)>;

/// Appends the expression that makes a value. With `fold`, parts of a stack that differ in one
/// integer are written once.
void append_text(std::string& text, const Value& value, const AppendInput& append_input, bool fold);

}  // namespace ckptscope
