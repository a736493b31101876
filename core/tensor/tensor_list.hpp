// The tensors to plan over, as a header lists them; no checkpoint needs be open.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "core/tensor/key_index.hpp"
#include "core/tensor/tensor_info.hpp"

namespace ckptscope {

/// `index` finds the tensors by name. Both must outlive it, and every plan made from it.
struct TensorList {
  std::span<const TensorInfo> tensors;
  const KeyIndex& index;

  std::optional<std::uint32_t> find(std::string_view key) const { return index.find(tensors, key); }
};

}  // namespace ckptscope
