// An operand of an equation as a part.
#pragma once

#include "core/language/line_reader.hpp"
#include "core/mapping/mapping.hpp"

namespace ckptscope {

/// Its tensors lie on the side `side`.
Part part_of(const LineField& operand, Side side);

}  // namespace ckptscope
