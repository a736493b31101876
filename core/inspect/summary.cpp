// One pass over the headers.
#include "core/inspect/summary.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "core/base/parallel.hpp"
#include "core/names/companions.hpp"
#include "core/names/packed_forms.hpp"
#include "core/names/part_kinds.hpp"

namespace ckptscope {
namespace {

using Row = Summary::Row;

constexpr std::size_t kMostForms = 10'000;       // that are remembered
constexpr std::size_t kLeastLayers = 4;          // of a stack that people call one
constexpr std::uint64_t kMostExperts = 1 << 16;  // a larger number is none
constexpr std::uint64_t kMostApart = 10'000;     // numbers of layers

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
  explicit Summariser(const Checkpoint& checkpoint)
      : checkpoint_(checkpoint),
        tensors_{checkpoint.tensors(), checkpoint.keys()},
        bits_(checkpoint.config()
                  .integer({"quantization_config.bits",
                            "quantization_config.config_groups.group_0.weights.num_bits"})
                  .value_or(4)) {}

  Summary run() {
    find_ahead(
        tensors_.tensors.size(), [this](std::size_t id) { return storage_of(id); },
        [this](std::size_t id, const Storage& storage) {
          add_tensor(checkpoint_.tensors()[id], storage);
        });
    for (auto& [form, row] : packed_) {
      row.form = form;
      summary_.packed.push_back(std::move(row));
    }
    std::stable_sort(summary_.packed.begin(), summary_.packed.end(),
                     [](const auto& a, const auto& b) { return a.weights > b.weights; });
    summary_.dtypes = by_bytes(dtypes_);
    summary_.parts = by_bytes(parts_);
    summary_.kinds = by_bytes(kinds_);
    summary_.stacks = stacks();
    summary_.layers = layers_.size();
    summary_.expert_layers = expert_paths_.size();
    return std::move(summary_);
  }

 private:
  /// What other tensors tell of one.
  struct Storage {
    bool is_part = false;  // of a weight
    std::optional<PackedWeight> packed{};
    enum class Scales { None, One, Many } scales = Scales::None;  // of a packed one
  };

  Storage storage_of(std::size_t number) const {
    const auto id = static_cast<std::uint32_t>(number);
    Storage storage{is_part_of_weight(tensors_, id)};
    if (storage.is_part) return storage;
    storage.packed = packed_weight(tensors_, id, bits_);
    if (storage.packed) storage.scales = scales_of(tensors_.tensors[id].name);
    return storage;
  }

  Storage::Scales scales_of(std::string_view weight) const {
    for (const std::string& key : companions_of(weight)) {
      const auto scale = checkpoint_.find(key);
      if (!scale || companion_of(key)->activation) continue;
      const bool one = checkpoint_.tensors()[*scale].elements() == 1;
      return one ? Storage::Scales::One : Storage::Scales::Many;
    }
    return Storage::Scales::None;
  }

  void add_tensor(const TensorInfo& info, const Storage& storage) {
    const std::uint64_t elements = info.elements();
    ++summary_.tensors;
    summary_.bytes += info.bytes();
    add(dtypes_, name_of(info.dtype), elements, info.bytes());
    const std::uint64_t parameters = storage.is_part ? 0 : add_packed(storage).value_or(elements);
    if (storage.is_part) summary_.scale_elements += elements;
    summary_.parameters += parameters;
    std::string_view part = info.name.substr(0, info.name.find('.'));
    if (parts_.size() >= Summary::kMostParts && !parts_.contains(part)) part = "…";
    add(parts_, part, parameters, info.bytes());
    const std::string_view kind = kind_of(info.name);
    add(kinds_, kind, parameters, info.bytes());
    add_to_stack(info, kind == kRoutedExperts);
    add_names(info.name);
  }

  /// Keys that differ in numbers alone are of one kind.
  std::string_view kind_of(std::string_view key) {
    form_.assign(key);
    std::erase_if(form_, [](char c) { return c >= '0' && c <= '9'; });
    const auto found = kind_of_form_.find(form_);
    if (found != kind_of_form_.end()) return found->second;
    const std::string_view kind = part_kind(key);
    if (kind_of_form_.size() < kMostForms) kind_of_form_.emplace(form_, kind);
    return kind;
  }

  /// The first number of the path is the layer; of an expert's key the second one is the expert,
  /// or the first dimension counts them.
  void add_to_stack(const TensorInfo& info, bool routed) {
    const auto [layer, begin] = number_in(info.name, 0);
    if (!layer) return;
    const std::string_view name = info.name.substr(0, begin - 1);
    if (last_stack_ == nullptr || name != last_stack_->first) {
      if (stacks_.size() >= Summary::kMostParts) return;
      last_stack_ = &*stacks_.try_emplace(std::string(name)).first;
    }
    last_stack_->second[*layer] += info.bytes();
    if (!routed) return;
    const auto [expert, at] = number_in(info.name, begin);
    const std::uint64_t experts = expert ? *expert + 1 : info.shape.size() > 2 ? info.shape[0] : 0;
    if (experts <= kMostExperts) summary_.experts = std::max(summary_.experts, experts);
  }

  /// The first segment behind `from` that is a number, and where it begins.
  static std::pair<std::optional<std::uint64_t>, std::size_t> number_in(std::string_view key,
                                                                        std::size_t from) {
    for (std::size_t at = key.find('.', from); at != key.npos; at = key.find('.', at + 1)) {
      const std::size_t end = std::min(key.find('.', at + 1), key.size());
      std::uint64_t number = 0;
      const auto [stop, error] = std::from_chars(key.data() + at + 1, key.data() + end, number);
      const bool all = error == std::errc() && stop == key.data() + end && end > at + 1;
      if (all) return {number, at + 1};
    }
    return {std::nullopt, 0};
  }

  std::vector<Summary::Stack> stacks() const {
    std::vector<std::pair<std::uint64_t, Summary::Stack>> sized;
    for (const auto& [name, layers] : stacks_) {
      if (layers.size() < kLeastLayers) continue;
      Summary::Stack stack{name, {}, layers.begin()->first};
      std::uint64_t total = 0;
      stack.far_apart = layers.rbegin()->first - stack.first > kMostApart;
      for (const auto& [number, bytes] : layers) {
        stack.bytes.resize(stack.far_apart ? stack.bytes.size() + 1 : number - stack.first + 1);
        stack.bytes.back() = bytes;
        total += bytes;
      }
      sized.emplace_back(total, std::move(stack));
    }
    std::stable_sort(sized.begin(), sized.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    std::vector<Summary::Stack> stacks;
    for (auto& [total, stack] : sized) stacks.push_back(std::move(stack));
    return stacks;
  }

  /// The values of a packed weight; nullopt for any other.
  std::optional<std::uint64_t> add_packed(const Storage& storage) {
    if (!storage.packed) return std::nullopt;
    Summary::Packed& form = packed_[storage.packed->form];
    ++form.weights;
    form.values += storage.packed->values;
    form.with_one_scale += storage.scales == Storage::Scales::One ? 1 : 0;
    form.with_many_scales += storage.scales == Storage::Scales::Many ? 1 : 0;
    return storage.packed->values;
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
  const TensorList tensors_;
  const std::uint64_t bits_;  // of a value of an integer form
  Summary summary_;
  std::map<std::string_view, Summary::Packed> packed_;  // by form
  std::map<std::string, Row, std::less<>> dtypes_;
  std::map<std::string, Row, std::less<>> parts_;
  std::map<std::string, Row, std::less<>> kinds_;
  std::unordered_map<std::string, std::string_view> kind_of_form_;
  std::string form_;
  std::map<std::string, std::map<std::uint64_t, std::uint64_t>> stacks_;
  std::pair<const std::string, std::map<std::uint64_t, std::uint64_t>>* last_stack_ = nullptr;
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
