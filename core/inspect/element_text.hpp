// One element as people read it.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "core/tensor/dtype.hpp"

namespace ckptscope {

/// The shortest decimal that reads back as the same float (doubles: the same double), "nan", "inf",
/// "-0"; integers and packed bytes in decimal. `bytes` is one element, little-endian, of a dtype of
/// whole bytes.
std::string element_text(std::span<const std::byte> bytes, Dtype dtype);

}  // namespace ckptscope
