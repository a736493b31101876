// Rules as they would be written: the other way of reading them.
#pragma once

#include <string>

#include "core/mapping/mapping.hpp"

namespace ckptscope {

/// "stack(E, 192, t({p}.{E}.w)) = {p}.w as F32", sizes as numbers. A text that is read again gives
/// the same equation; `?` stands for a size that neither the config nor --set states.
std::string to_text(const Equation& equation);

}  // namespace ckptscope
