// Read with the library: the text is of one shard's tensors.
#include "core/checkpoint/sharding_info.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace ckptscope {

bool all_start_at_zero(const std::string& sharding_info, std::size_t tensors) {
  const auto root = nlohmann::json::parse(sharding_info, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object() || root.size() != tensors) return false;
  return std::all_of(root.begin(), root.end(), [](const nlohmann::json& tensor) {
    const auto offsets = tensor.find("saved_offsets");
    return offsets != tensor.end() && offsets->is_array() &&
           std::all_of(offsets->begin(), offsets->end(),
                       [](const nlohmann::json& offset) { return offset == 0; });
  });
}

}  // namespace ckptscope
