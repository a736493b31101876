// Read with the library: the text is of one shard's tensors.
#include "core/checkpoint/sharding_info.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

#include "core/base/display.hpp"
#include "core/base/error.hpp"

namespace ckptscope {

SavedOffsets parse_sharding_info(const std::string& text) {
  const auto root = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object()) fail(Code::BadDcp, "sharding info: DCP_SHARDING_INFO is no JSON object");
  SavedOffsets all;
  for (const auto& [key, tensor] : root.items()) {
    const auto offsets = tensor.is_object() ? tensor.find("saved_offsets") : tensor.end();
    if (!tensor.is_object() || offsets == tensor.end() || !offsets->is_array()) {
      fail(Code::BadDcp, "sharding info: {} has no saved_offsets", display(key));
    }
    std::vector<std::uint64_t>& numbers = all[key];
    for (const nlohmann::json& offset : *offsets) {
      if (!offset.is_number_integer()) {
        fail(Code::BadDcp, "type: an offset of {} that is no number", display(key));
      }
      if (!offset.is_number_unsigned() && offset.get<std::int64_t>() < 0) {
        fail(Code::BadDcp, "negative: {} begins at {}", display(key), offset.get<std::int64_t>());
      }
      numbers.push_back(offset.get<std::uint64_t>());
    }
  }
  return all;
}

bool all_start_at_zero(const SavedOffsets& offsets) {
  return std::all_of(offsets.begin(), offsets.end(), [](const auto& tensor) {
    return std::all_of(tensor.second.begin(), tensor.second.end(),
                       [](std::uint64_t offset) { return offset == 0; });
  });
}

}  // namespace ckptscope
