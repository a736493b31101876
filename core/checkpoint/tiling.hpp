// Whether boxes make up a tensor: every element in one of them, none in two.
#pragma once

#include <span>
#include <string>

#include "core/tensor/tensor_info.hpp"

namespace ckptscope {

/// What is wrong, as "hole: 12 of 60 elements are in no piece"; empty where nothing is. Takes time
/// by the number of pieces and its logarithm where they lie in rows or grids, as they do.
std::string find_tiling_fault(ShapeView shape, std::span<const Piece> pieces);

}  // namespace ckptscope
