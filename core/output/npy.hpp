// The header of a .npy file: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/tensor/dtype.hpp"
#include "core/tensor/shape.hpp"

namespace ckptscope {

/// How numpy calls a dtype: "<f4"; empty for one that it does not know.
std::string_view npy_name(Dtype dtype);
/// Version 1.0, C order, padded to a multiple of 64 bytes. `descr` as npy_name() gives it.
std::string npy_header(std::string_view descr, ShapeView shape);

}  // namespace ckptscope
