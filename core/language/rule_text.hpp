// Rules as they would be written: the other way of reading them.
#pragma once

#include <string>

#include "core/mapping/mapping.hpp"

namespace ckptscope {

/// "stack(E, 192, t({p}.{E}.w)) = {p}.w as F32", sizes as numbers; `?` stands for a size that
/// neither the config nor --set states. Read again it gives the same equation, but for keys that
/// need quotes.
std::string to_text(const Equation& equation);

}  // namespace ckptscope
