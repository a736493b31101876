#include "core/key_list.hpp"

#include <algorithm>

#include "core/regex.hpp"

namespace ckptscope {

void sort_by(const Checkpoint& checkpoint, std::string_view column,
             std::vector<std::uint32_t>& order) {
  const auto tensors = checkpoint.tensors();
  const auto by = [&](auto key) {
    std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
      return key(tensors[a]) < key(tensors[b]);
    });
  };
  if (column == "bytes") by([](const TensorInfo& info) { return ~info.bytes(); });  // largest first
  if (column == "dtype") by([](const TensorInfo& info) { return name_of(info.dtype); });
  if (column == "shard") by([](const TensorInfo& info) { return info.shard; });
}

KeyList::KeyList(std::shared_ptr<const Checkpoint> checkpoint, std::span<const std::uint32_t> ids)
    : checkpoint_(std::move(checkpoint)), names_(checkpoint_->tensors(), ids), folded_(names_) {}

std::vector<std::uint32_t> find_keys(const Checkpoint& checkpoint,
                                     std::span<const std::uint32_t> order,
                                     std::string_view pattern) {
  const Regex regex(pattern, {.smart_case = true});
  std::vector<std::uint32_t> places;
  for (std::uint32_t place = 0; place < order.size(); ++place) {
    if (regex.matches(checkpoint.tensors()[order[place]].name)) places.push_back(place);
  }
  return places;
}

}  // namespace ckptscope
