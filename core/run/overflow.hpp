// Infinities among elements: what is left of values that a dtype cannot hold.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/tensor/dtype.hpp"

namespace ckptscope {

/// How many of `count` elements of F16, BF16, F32 or F64 are infinite; 0 for other dtypes.
std::uint64_t count_infinities(Dtype dtype, const std::byte* elements, std::uint64_t count);

}  // namespace ckptscope
