// Headers of safetensors files to be written; the format is described in safetensors.hpp.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "core/tensor/dtype.hpp"
#include "core/tensor/shape.hpp"

namespace ckptscope {

/// One tensor of a file to be written. Bytes = byte_count(dtype, shape).
struct HeaderEntry {
  std::string name;
  Dtype dtype = Dtype::U8;
  Shape shape;
};

/// The length field and the JSON for `tensors`, laid out one after another in the given order,
/// padded with spaces so that the whole is a multiple of `alignment` bytes (8 at least, a power of
/// two). Throws HeaderTooLarge, which the reference library would not read.
std::string make_header(std::span<const HeaderEntry> tensors,
                        const std::map<std::string, std::string>& metadata,
                        std::uint64_t alignment = 8);

}  // namespace ckptscope
