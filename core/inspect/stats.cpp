// Tiles are counted by any worker; counts add up exactly, so their order does not show.
#include "core/inspect/stats.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "core/base/display.hpp"
#include "core/base/parallel.hpp"
#include "core/inspect/code_counter.hpp"
#include "core/inspect/tiled_items.hpp"
#include "core/numbers/formats.hpp"

namespace ckptscope {
namespace {

/// Bytes of values that are counted at a time. It does not depend on threads, and a tile lies in
/// one expert and holds whole rows where rows are shorter.
constexpr std::uint64_t kTileBytes = 16 << 20;
constexpr std::chrono::milliseconds kPartialInterval{150};

/// What is known of an item so far.
struct ItemSums {
  TensorStats stats;

  void add(const Value& node, const StatsTile& tile, TileCounts part, bool first);
  void add(const ItemSums& other);
  void finish();
};

void carry(auto& message, ItemSums& sums) {
  TensorStats& stats = sums.stats;
  message(stats.moments, stats.distribution, stats.codes, stats.scales, stats.experts);
}

CodeFormat code_format_of(const Value& node) {
  if (node.op == Value::Op::Mxfp4) return CodeFormat::E2M1;
  if (node.op == Value::Op::Nibbles) {
    return node.nibbles == NibbleForm::Int4 ? CodeFormat::Int4 : CodeFormat::E2M1;
  }
  const Dtype dtype = data_of(node).dtype;
  return dtype == Dtype::F8_E4M3   ? CodeFormat::E4M3
         : dtype == Dtype::F8_E5M2 ? CodeFormat::E5M2
                                   : CodeFormat::Other;
}

void add_counts(std::array<std::uint64_t, 256>& to, const std::array<std::uint64_t, 256>& from) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += from[i];
}

void ItemSums::add(const Value& node, const StatsTile& tile, TileCounts part, bool first) {
  if (first && has_experts(node.shape)) stats.experts.resize(node.shape[0]);
  stats.moments.add(part.moments);
  if (first) {
    stats.distribution = std::move(part.distribution);
  } else {
    stats.distribution.add(part.distribution);
  }
  if (node.op != Value::Op::Input || size_of(node.dtype) == 1) {
    if (!stats.codes) stats.codes.emplace();
    stats.codes->saturated += part.saturated;
    stats.codes->subnormal += part.subnormal;
    stats.codes->format = code_format_of(node);
    stats.codes->possible = codes_in_byte(node) == 2 ? 16 : 256;
    add_counts(stats.codes->counts, part.codes);
  }
  if (part.scales) {
    if (!stats.scales) stats.scales.emplace();
    merge(*stats.scales, *part.scales);
  }
  if (!stats.experts.empty()) {
    stats.experts[tile.group].moments.add(part.moments);
    stats.experts[tile.group].saturated += part.saturated;
  }
}

/// Other tiles of the same item.
void ItemSums::add(const ItemSums& other) {
  stats.moments.add(other.stats.moments);
  stats.distribution.add(other.stats.distribution);
  if (other.stats.codes) {
    stats.codes->saturated += other.stats.codes->saturated;
    stats.codes->subnormal += other.stats.codes->subnormal;
    add_counts(stats.codes->counts, other.stats.codes->counts);
  }
  if (other.stats.scales) merge(*stats.scales, *other.stats.scales);
  for (std::size_t i = 0; i < stats.experts.size(); ++i) {
    stats.experts[i].moments.add(other.stats.experts[i].moments);
    stats.experts[i].saturated += other.stats.experts[i].saturated;
  }
}

/// What follows from all counts together.
void ItemSums::finish() {
  const auto quantiles = stats.distribution.quantiles(TensorStats::kQuantiles);
  std::copy(quantiles.begin(), quantiles.end(), stats.quantiles.begin());
  if (!stats.codes) return;
  stats.codes->used = static_cast<std::uint64_t>(
      std::count_if(stats.codes->counts.begin(), stats.codes->counts.end(),
                    [](std::uint64_t n) { return n > 0; }));
}

class Computation {
 public:
  using Sums = ItemSums;

  Computation(const Checkpoint& checkpoint, std::span<const StatsItem> items,
              const Workers& workers, Progress& progress, const StatsSeen& done,
              const StatsSeen& partial, StatsDepth depth)
      : checkpoint_(checkpoint),
        items_(items),
        progress_(progress),
        done_(done),
        partial_(partial),
        depth_(depth),
        counters_(workers.threads),
        tiles_(items.size(), workers, *this) {}

  void run() {
    for (std::size_t i = 0; i < items_.size(); ++i) cut(i);
    tiles_.run("stat", progress_);
  }

  // Steps of TiledItems.
  TileCounts count(const StatsTile& tile, unsigned worker) {
    const Value& node = node_of(tile.item);
    return with_context(display(items_[tile.item].key), [&] {
      CodeCounter& counter = counters_.of(worker, checkpoint_, depth_ == StatsDepth::Full);
      TileCounts part = counter.count(node, tile);
      progress_.advance(bytes_of(node, tile));
      return part;
    });
  }
  void merge(Sums& sums, const StatsTile& tile, TileCounts part, bool first) const {
    sums.add(node_of(tile.item), tile, std::move(part), first);
  }
  static void merge(Sums& sums, const Sums& others) { sums.add(others); }
  void look(std::size_t number, const Sums& sums) {
    if (!partial_) return;
    const std::lock_guard lock(tiles_.telling());
    const auto now = std::chrono::steady_clock::now();
    if (now - shown_ < kPartialInterval) return;
    shown_ = now;
    partial_(number, sums.stats);
  }
  static void finish(Sums& sums) { sums.finish(); }
  void tell(std::size_t number, const Sums& sums) const { done_(number, sums.stats); }
  std::uint64_t bytes(std::size_t number) const {
    constexpr std::uint64_t kDistribution = 4 << 20;  // of doubles
    const Value& node = node_of(number);
    const std::uint64_t experts = has_experts(node.shape) ? node.shape[0] : 0;
    return sizeof(Sums) + experts * sizeof(ExpertStats) +
           (depth_ == StatsDepth::Full ? kDistribution : 0);
  }

 private:
  const Value& node_of(std::size_t number) const { return stored_node(*items_[number].value); }

  static std::uint64_t bytes_of(const Value& node, const StatsTile& tile) {
    return tile.rows * layout_of(node).row * size_of(data_of(node).dtype) / codes_in_byte(node);
  }

  void cut(std::size_t number) {
    const Value& node = node_of(number);
    const RowLayout layout = layout_of(node);
    const std::uint64_t row_bytes =
        std::max<std::uint64_t>(1, layout.row * size_of(data_of(node).dtype));
    const std::uint64_t at_once = std::max<std::uint64_t>(1, kTileBytes / row_bytes);
    for (std::uint64_t group = 0; layout.rows > 0 && group < layout.groups; ++group) {
      for (std::uint64_t r = 0; r < layout.rows; r += at_once) {
        const StatsTile tile{number, group, group * layout.rows + r,
                             std::min(at_once, layout.rows - r)};
        tiles_.add(tile, bytes_of(node, tile));
      }
    }
    if (layout.rows > 0 && layout.groups > 0) return;
    Sums empty;
    empty.finish();
    done_(number, empty.stats);
  }

  const Checkpoint& checkpoint_;
  const std::span<const StatsItem> items_;
  Progress& progress_;
  const StatsSeen& done_;
  const StatsSeen& partial_;
  const StatsDepth depth_;
  PerWorker<CodeCounter> counters_;
  TiledItems<StatsTile, Computation> tiles_;
  std::chrono::steady_clock::time_point shown_ = std::chrono::steady_clock::now();
};

}  // namespace

std::vector<MagnitudeBin> magnitude_bins(const TensorStats& stats) {
  std::vector<MagnitudeBin> bins;
  for (const Distribution::Power& power : stats.distribution.powers()) {
    if (power.negative + power.positive == 0) continue;  // an infinity is far from the rest
    bins.push_back({power.label(), power.negative, power.positive});
  }
  return bins;
}

namespace {

float value_of(CodeFormat format, std::uint8_t code) {
  if (format == CodeFormat::E2M1) return e2m1_to_float(code);
  if (format == CodeFormat::Int4) return static_cast<float>(code) - 8;
  return format == CodeFormat::E4M3 ? e4m3_to_float(code) : e5m2_to_float(code);
}

std::string code_label(CodeFormat format, float magnitude) {
  if (std::isnan(magnitude)) return "NaN";
  if (std::isinf(magnitude)) return "inf";
  if (magnitude == 0) return "zero";
  const bool four_bits = format == CodeFormat::E2M1 || format == CodeFormat::Int4;
  return four_bits ? fmt::format("{}", magnitude) : fmt::format("2^{}", std::ilogb(magnitude));
}

}  // namespace

std::vector<MagnitudeBin> code_bins(const CodeStats& codes) {
  if (codes.format == CodeFormat::Other) return {};
  std::vector<MagnitudeBin> bins;
  std::vector<std::pair<float, std::uint8_t>> by_magnitude;  // NaN last
  for (std::size_t code = 0; code < codes.possible; ++code) {
    const float magnitude = std::fabs(value_of(codes.format, static_cast<std::uint8_t>(code)));
    by_magnitude.emplace_back(magnitude, static_cast<std::uint8_t>(code));
  }
  std::stable_sort(by_magnitude.begin(), by_magnitude.end(), [](const auto& a, const auto& b) {
    return std::isnan(b.first) ? !std::isnan(a.first) : a.first < b.first;
  });
  for (const auto& [magnitude, code] : by_magnitude) {
    std::string label = code_label(codes.format, magnitude);
    if (bins.empty() || bins.back().label != label) bins.push_back({std::move(label)});
    const bool negative = std::signbit(value_of(codes.format, code));
    (negative ? bins.back().negative : bins.back().positive) += codes.counts[code];
  }
  std::reverse(bins.begin(), bins.end());
  return bins;
}

std::string_view stored_form(const Value& value) {
  return decoded_form(stored_node(value));
}

Shape stored_shape(const Value& value) {
  return to_shape(stored_node(value).shape);
}

std::uint64_t stored_bytes(const Checkpoint& checkpoint, const Value& value) {
  std::uint64_t bytes = 0;
  for_each_input(value, [&](std::uint32_t id) { bytes += checkpoint.tensors()[id].bytes(); });
  return bytes;
}

bool has_statistics(const Value& value) {
  const Value& node = stored_node(value);
  return node.op != Value::Op::Input || (is_number(node.dtype) && size_of(node.dtype) <= 8);
}

void compute_stats(const Checkpoint& checkpoint, std::span<const StatsItem> items,
                   const Workers& workers, Progress& progress, const StatsSeen& done,
                   const StatsSeen& partial, StatsDepth depth) {
  Computation(checkpoint, items, workers, progress, done, partial, depth).run();
}

}  // namespace ckptscope
