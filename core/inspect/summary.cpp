// One pass over the headers.
#include "core/inspect/summary.hpp"

#include <algorithm>
#include <set>

#include "core/names/companions.hpp"

namespace ckptscope {
namespace {

using Row = Summary::Row;

std::vector<Row> by_bytes(const std::map<std::string, Row, std::less<>>& rows) {
  std::vector<Row> sorted;
  for (const auto& [name, row] : rows) {
    sorted.push_back(row);
    sorted.back().name = name;
  }
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Row& a, const Row& b) { return a.bytes > b.bytes; });
  return sorted;
}

void add(std::map<std::string, Row, std::less<>>& rows, std::string_view name,
         std::uint64_t elements, std::uint64_t bytes) {
  auto found = rows.find(name);
  if (found == rows.end()) found = rows.emplace(name, Row()).first;
  ++found->second.tensors;
  found->second.elements += elements;
  found->second.bytes += bytes;
}

class Summariser {
 public:
  explicit Summariser(const Checkpoint& checkpoint) : checkpoint_(checkpoint) {}

  Summary run() {
    for (const TensorInfo& info : checkpoint_.tensors()) add_tensor(info);
    summary_.dtypes = by_bytes(dtypes_);
    summary_.parts = by_bytes(parts_);
    summary_.layers = layers_.size();
    summary_.expert_layers = expert_paths_.size();
    return std::move(summary_);
  }

 private:
  void add_tensor(const TensorInfo& info) {
    const std::uint64_t elements = info.elements();
    ++summary_.tensors;
    summary_.bytes += info.bytes();
    add(dtypes_, name_of(info.dtype), elements, info.bytes());
    const auto companion = companion_of(info.name);
    const bool is_scale = companion && checkpoint_.find(companion->weight);
    const std::uint64_t parameters = is_scale ? 0 : parameters_of(info, elements);
    (is_scale ? summary_.scale_elements : summary_.parameters) += is_scale ? elements : parameters;
    add(parts_, info.name.substr(0, info.name.find('.')), parameters, info.bytes());
    if (is_fp8(info.dtype)) add_fp8(info);
    add_names(info.name);
  }

  std::uint64_t parameters_of(const TensorInfo& info, std::uint64_t elements) {
    if (!is_mxfp4_blocks(info.name, info.dtype)) return elements;
    ++summary_.mxfp4_weights;
    return 2 * elements;
  }

  void add_fp8(const TensorInfo& info) {
    ++summary_.fp8_weights;
    for (const std::string& key : companions_of(info.name)) {
      const auto scale = checkpoint_.find(key);
      if (!scale || companion_of(key)->activation) continue;
      const bool one = checkpoint_.tensors()[*scale].elements() == 1;
      ++(one ? summary_.fp8_with_one_scale : summary_.fp8_with_many_scales);
      return;
    }
  }

  void add_names(std::string_view key) {
    if (const auto at = key.find("layers."); at != key.npos) {
      const std::string_view layer = key.substr(0, key.find('.', at + 7));
      if (layer != last_layer_) layers_.insert(last_layer_ = layer);
    }
    if (const auto at = key.find(".experts."); at != key.npos) {
      const std::string_view path = key.substr(0, at);
      if (path != last_path_) expert_paths_.insert(last_path_ = path);
    }
    summary_.lora_keys += key.find(".lora_") != key.npos ? 1 : 0;
  }

  const Checkpoint& checkpoint_;
  Summary summary_;
  std::map<std::string, Row, std::less<>> dtypes_;
  std::map<std::string, Row, std::less<>> parts_;
  std::set<std::string_view> layers_;
  std::set<std::string_view> expert_paths_;
  std::string_view last_layer_;
  std::string_view last_path_;
};

}  // namespace

Summary summarise(const Checkpoint& checkpoint) {
  return Summariser(checkpoint).run();
}

}  // namespace ckptscope
