// Published ways to store a weight in fewer bits, told by names, dtypes and shapes: what the codes
// stand for. What is decoded of them is the business of schemes (core/mapping).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/tensor/tensor_list.hpp"

namespace ckptscope {

struct PackedWeight {
  std::string_view form;     // "mxfp4", "fp8", "gptq", "nvfp4", "bitsandbytes 4-bit", …
  std::uint64_t values = 0;  // that the codes stand for
};

/// What a tensor is the codes of; nullopt for plain numbers, and for scales and other parts. `bits`
/// are those of a value of an integer form (GPTQ, AWQ, compressed-tensors), as the config says.
std::optional<PackedWeight> packed_weight(const TensorList& tensors, std::uint32_t id,
                                          std::uint64_t bits = 4);

/// True for what lies beside a weight and is none: scales, zero points, orders, code books.
bool is_part_of_weight(const TensorList& tensors, std::uint32_t id);

}  // namespace ckptscope
