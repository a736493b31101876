// Whether boxes make up a tensor: every element in one of them, none in two.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/tensor/tensor_info.hpp"

namespace ckptscope {

/// What is wrong, as "hole: 12 of 60 elements are in no piece"; empty where nothing is. Takes time
/// by the number of pieces and its logarithm where they lie in rows or grids, as they do.
///
/// It is about the pieces from number `first` on. Where some of them have another rank than the
/// tensor none is a box of it, and they are taken away.
std::string settle_tiling(ShapeView shape, std::size_t first, std::vector<Piece>& pieces);

}  // namespace ckptscope
