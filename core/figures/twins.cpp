// Equal figures make a candidate, equal bytes a twin.
#include "core/figures/twins.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/inspect/same_bytes.hpp"
#include "core/source/tensor_source.hpp"

namespace ckptscope {
namespace {

/// The bytes of one expert in one of the tensors that it is stored in.
struct Piece {
  ByteComparison::From from;
  std::uint64_t bytes;
};

class TwinSearch {
 public:
  TwinSearch(const Checkpoint& checkpoint, std::span<const StatsItem> items, Progress& progress)
      : checkpoint_(checkpoint),
        progress_(progress),
        left_(checkpoint),
        right_(checkpoint),
        comparison_(left_, right_) {
    for (const StatsItem& item : items) items_.emplace(item.key, &item);
  }

  /// The first expert of the layer that this one is a copy of.
  std::optional<std::size_t> twin_of(const Trend& trend, std::size_t layer, std::size_t expert) {
    const std::vector<Figures>& experts = trend.layers[layer].experts;
    const Figures& own = experts[expert];
    if (!own.known || own.peculiar == Peculiar::Zeros) return std::nullopt;
    for (std::size_t other = 0; other < expert; ++other) {
      const bool alike = experts[other].known && experts[other].signature == own.signature;
      if (alike && same(trend, layer, expert, other)) return other;
    }
    return std::nullopt;
  }

 private:
  bool same(const Trend& trend, std::size_t layer, std::size_t a, std::size_t b) {
    const std::vector<Piece> left = pieces(trend, layer, a);
    const std::vector<Piece> right = pieces(trend, layer, b);
    if (left.empty() || left.size() != right.size()) return false;
    for (std::size_t i = 0; i < left.size(); ++i) {
      if (left[i].bytes != right[i].bytes) return false;
      if (!comparison_.same(left[i].from, right[i].from, left[i].bytes, progress_)) return false;
    }
    return true;
  }

  /// Empty where a tensor has no part that is the expert's alone.
  std::vector<Piece> pieces(const Trend& trend, std::size_t layer, std::size_t expert) const {
    const auto item = items_.find(trend.key_of(layer, expert));
    if (item == items_.end()) return {};
    const std::size_t experts = trend.layers[layer].experts.size();
    std::vector<Piece> pieces;
    bool whole = true;
    for_each_input(*item->second->value, [&](std::uint32_t id) {
      const TensorInfo& info = checkpoint_.tensors()[id];
      if (trend.is_split) return pieces.push_back({{id, 0}, info.bytes()});
      whole = whole && !info.shape.empty() && info.shape[0] == experts;
      const std::uint64_t each = info.bytes() / experts;
      pieces.push_back({{id, expert * each}, each});
    });
    return whole ? pieces : std::vector<Piece>();
  }

  const Checkpoint& checkpoint_;
  Progress& progress_;
  CheckpointSource left_;
  CheckpointSource right_;
  ByteComparison comparison_;
  std::map<std::string_view, const StatsItem*> items_;
};

}  // namespace

std::vector<Twin> find_twins(const Checkpoint& checkpoint, std::span<const StatsItem> items,
                             std::span<const Trend> trends, Progress& progress) {
  TwinSearch search(checkpoint, items, progress);
  std::vector<Twin> twins;
  for (std::size_t t = 0; t < trends.size(); ++t) {
    for (std::size_t layer = 0; layer < trends[t].layers.size(); ++layer) {
      for (std::size_t expert = 1; expert < trends[t].layers[layer].experts.size(); ++expert) {
        const auto of = search.twin_of(trends[t], layer, expert);
        if (of) twins.push_back({t, layer, expert, *of});
      }
    }
  }
  return twins;
}

}  // namespace ckptscope
