// Values as text: "stack(E=0..191, cat(-1, t(x.{E}.gate), t(x.{E}.up)))".
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "core/value/value.hpp"

namespace ckptscope {

/// What stands for an input, safe to show.
using InputText = std::function<std::string(std::uint32_t input)>;

/// The expression that makes a value. With `fold`, parts of a stack that differ in one integer are
/// written once.
std::string to_text(const Value& value, const InputText& input_text, bool fold);

}  // namespace ckptscope
