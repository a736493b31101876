// The tree of names and its folded rows are made once and shared by list, search and cursor.
#include "core/inspect/key_list.hpp"

#include <algorithm>

#include "core/base/regex.hpp"

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
  if (column == "shard") by([&](const TensorInfo& info) { return checkpoint.shard_of(info); });
}

KeyList::KeyList(std::shared_ptr<const Checkpoint> checkpoint, std::span<const std::uint32_t> ids)
    : checkpoint_(std::move(checkpoint)), names_(checkpoint_->tensors(), ids), folded_(names_) {
  const auto problems = checkpoint_->problems();
  for (std::uint32_t number = 0; number < problems.size(); ++number) {
    const auto id = checkpoint_->find(problems[number].key);
    if (!id) continue;
    problems_[*id].push_back(number);
    if (problems[number].severity == Severity::Error) defective_.insert(*id);
  }
  if (!checkpoint_->damaged()) return;
  const auto order = names_.natural_order();
  for (std::uint32_t place = 0; place < order.size(); ++place) {
    const TensorInfo& info = checkpoint_->tensors()[order[place]];
    if (checkpoint_->is_damaged(info)) defective_.insert(order[place]);
    if (!defective_.contains(order[place])) continue;
    for (auto row = folded_.locate(place).row; row != NameTree::kNoNode;
         row = folded_.rows()[row].parent) {
      rows_with_defects_.insert(row);
    }
  }
}

std::span<const std::uint32_t> KeyList::problems_of(std::uint32_t tensor) const {
  const auto found = problems_.find(tensor);
  return found == problems_.end() ? std::span<const std::uint32_t>() : found->second;
}

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
