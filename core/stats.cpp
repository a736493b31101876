#include "core/stats.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <mutex>
#include <set>

#include "core/buffer.hpp"
#include "core/bytes.hpp"
#include "core/display.hpp"
#include "core/kernels/kernels.hpp"
#include "core/kernels/numbers.hpp"
#include "core/parallel.hpp"
#include "core/source.hpp"

namespace ckptscope {
namespace {

/// Bytes of values that are counted at a time. It does not depend on threads, and a tile lies in
/// one expert and holds whole rows where rows are shorter.
constexpr std::uint64_t kTileBytes = 16 << 20;
constexpr std::uint64_t kWorthTables = 16384;  // elements: below, counting codes costs more

/// The node that reads: below transposes and casts, which change no value that is counted.
const Value& stored(const Value& value) {
  const bool view = value.op == Value::Op::Transpose || value.op == Value::Op::Cast;
  return view ? stored(*value.args[0]) : value;
}

const Value& data_of(const Value& node) {
  return node.op == Value::Op::Source ? node : *node.args[0];
}

/// A tensor as it is cut: rows that must not be cut, of groups that share a row of statistics.
struct Layout {
  std::uint64_t row = 1;     // elements
  std::uint64_t rows = 0;    // of a group
  std::uint64_t groups = 1;  // experts, or one
};

/// Experts are the elements of the first of three dimensions, where those are matrices of some
/// size: a convolution's [channels, 1, 4] has no experts.
bool has_experts(const Value& node) {
  constexpr std::uint64_t kMostExperts = 65536;
  constexpr std::uint64_t kLeastElements = 16;
  return node.shape.size() == 3 && node.shape[0] <= kMostExperts &&
         node.shape[1] * node.shape[2] >= kLeastElements;
}

Layout layout_of(const Value& node) {
  Layout layout;
  const std::uint64_t elements = product(node.shape);
  const bool by_row = node.op == Value::Op::Mxfp4 || node.block_cols > 0;
  const bool scaled_by_expert =
      node.op == Value::Op::Fp8 && node.block_cols == 0 && product(node.args[1]->shape) > 1;
  if (by_row) layout.row = node.shape.back();
  if (has_experts(node) || scaled_by_expert) layout.groups = node.shape[0];
  layout.rows = elements == 0 ? 0 : elements / layout.row / layout.groups;
  return layout;
}

/// A run of rows of one item.
struct Tile {
  std::size_t item;
  std::uint64_t group;
  std::uint64_t first_row;  // of all groups
  std::uint64_t rows;
};

/// What one tile adds.
struct Part {
  Moments moments;
  Distribution distribution;
  std::array<std::uint64_t, 256> codes{};
  std::uint64_t saturated = 0;
  std::uint64_t subnormal = 0;
  std::optional<ScaleStats> scales;
};

void count_scale(ScaleStats& stats, double scale, std::uint64_t times) {
  stats.count += times;
  if (std::isnan(scale)) return;
  stats.least = std::min(stats.least, scale);
  stats.most = std::max(stats.most, scale);
  if (scale == 0 || std::isinf(scale)) return;
  stats.powers[static_cast<std::size_t>(std::ilogb(scale) + 256)] += times;
}

void merge(ScaleStats& into, const ScaleStats& from) {
  into.least = std::min(into.least, from.least);
  into.most = std::max(into.most, from.most);
  into.count += from.count;
  into.zeros += from.zeros;
  into.ones += from.ones;
  for (std::size_t i = 0; i < into.powers.size(); ++i) into.powers[i] += from.powers[i];
}

void put(Part& part, float value, std::uint64_t times) {
  if (times == 0) return;
  part.moments.add(value, times);
  part.distribution.add(value, times);
}

/// Reads and counts tiles; one a worker.
class Counter {
 public:
  explicit Counter(const Checkpoint& checkpoint) : checkpoint_(checkpoint), source_(checkpoint) {}

  Part count(const Value& node, const Tile& tile) {
    Part part;
    switch (node.op) {
      case Value::Op::Mxfp4:
        count_mxfp4(node, tile, part);
        break;
      case Value::Op::Fp8:
        count_fp8(node, tile, part);
        break;
      default:
        count_plain(node, tile, part);
    }
    return part;
  }

 private:
  std::span<const std::byte> read(const Value& source, std::uint64_t begin, std::uint64_t bytes,
                                  Buffer& buffer) {
    const std::span<std::byte> out = buffer.take(bytes);
    source_.read(source.source, begin, out);
    return out;
  }

  void count_plain(const Value& node, const Tile& tile, Part& part) {
    const std::uint64_t size = size_of(node.dtype);
    const auto bytes = read(node, tile.first_row * size, tile.rows * size, bytes_);
    if (size == 2 && tile.rows >= kWorthTables) {
      count_halves(node.dtype, bytes, part);
    } else if (size == 1) {
      count_codes(node.dtype, bytes, 1.0F, part);
    } else {
      count_floats(node.dtype, bytes, part);
    }
  }

  /// Two tables take turns, so that runs of one value do not wait for each other.
  void count_halves(Dtype dtype, std::span<const std::byte> bytes, Part& part) {
    halves_.assign(2 * Distribution::kCodes, 0);
    std::uint32_t* even = halves_.data();
    std::uint32_t* odd = even + Distribution::kCodes;
    const std::size_t count = bytes.size() / 2;
    std::size_t i = 0;
    for (; i + 2 <= count; i += 2) {
      std::uint32_t pair;
      std::memcpy(&pair, bytes.data() + 2 * i, sizeof pair);
      ++even[pair & 0xFFFF];
      ++odd[pair >> 16];
    }
    if (i < count) {
      std::uint16_t last;
      std::memcpy(&last, bytes.data() + 2 * i, sizeof last);
      ++even[last];
    }
    for (std::size_t code = 0; code < Distribution::kCodes; ++code) {
      const auto half = static_cast<std::uint16_t>(code);
      const std::uint64_t times = std::uint64_t{even[code]} + odd[code];
      if (times > 0)
        put(part, dtype == Dtype::BF16 ? bf16_to_float(half) : f16_to_float(half), times);
    }
  }

  void count_floats(Dtype dtype, std::span<const std::byte> bytes, Part& part) {
    std::array<float, 1024> floats;
    const std::uint64_t size = size_of(dtype);
    for (std::size_t done = 0; done < bytes.size() / size; done += floats.size()) {
      const std::size_t n = std::min<std::size_t>(floats.size(), bytes.size() / size - done);
      convert(dtype, bytes.data() + done * size, Dtype::F32,
              reinterpret_cast<std::byte*>(floats.data()), n);
      part.moments.add(std::span<const float>(floats).first(n));
      for (std::size_t i = 0; i < n; ++i) part.distribution.add(floats[i], 1);
    }
  }

  using Counts = std::array<std::uint64_t, 256>;

  static void count_bytes(std::span<const std::byte> bytes, Counts& counts) {
    for (const std::byte byte : bytes) ++counts[std::to_integer<std::size_t>(byte)];
  }

  void count_codes(Dtype dtype, std::span<const std::byte> bytes, float scale, Part& part) {
    Counts counts{};
    count_bytes(bytes, counts);
    fold_codes(dtype, counts, scale, part);
  }

  /// E4M3 and E5M2 codes with one scale.
  static void fold_codes(Dtype dtype, const Counts& counts, float scale, Part& part) {
    for (std::size_t code = 0; code < counts.size(); ++code) {
      if (counts[code] == 0) continue;
      const auto byte = static_cast<std::uint8_t>(code);
      const bool e4m3 = dtype == Dtype::F8_E4M3;
      const float value = e4m3 ? e4m3_to_float(byte) : e5m2_to_float(byte);
      const std::uint8_t magnitude = byte & 0x7F;
      part.codes[code] += counts[code];
      if (magnitude == (e4m3 ? 0x7E : 0x7B)) part.saturated += counts[code];
      if (magnitude > 0 && magnitude < (e4m3 ? 8 : 4)) part.subnormal += counts[code];
      put(part, value * scale, counts[code]);
    }
  }

  void count_fp8(const Value& node, const Tile& tile, Part& part) {
    const Value& codes = *node.args[0];
    const std::vector<float>& scales = scales_of(*node.args[1]);
    const Layout layout = layout_of(node);
    const std::uint64_t row = layout.row;
    const auto bytes = read(codes, tile.first_row * row, tile.rows * row, bytes_);
    part.scales.emplace();
    if (node.block_cols == 0) {
      const std::size_t number = scales.size() == 1 ? 0 : tile.group;
      // Each scale is counted with the first tile that has it.
      if (scales.size() == 1 ? tile.first_row == 0 : tile.first_row % layout.rows == 0) {
        count_scale(*part.scales, static_cast<double>(scales[number]), 1);
      }
      return count_codes(codes.dtype, bytes, scales[number], part);
    }
    for (std::uint64_t r = 0; r < tile.rows;) {
      const std::uint64_t number = tile.first_row + r;
      const std::uint64_t band =
          std::min(node.block_rows - number % node.block_rows, tile.rows - r);
      count_block_row(node, scales, number, bytes.subspan(r * row, band * row), part);
      r += band;
    }
  }

  /// Rows that share their scales, from row `number` on.
  static void count_block_row(const Value& node, const std::vector<float>& scales,
                              std::uint64_t number, std::span<const std::byte> rows, Part& part) {
    const std::uint64_t row = node.shape.back();
    const std::uint64_t per_row = ceil_div(row, node.block_cols);
    for (std::uint64_t block = 0; block < per_row; ++block) {
      const float scale = scales[number / node.block_rows * per_row + block];
      const std::uint64_t begin = block * node.block_cols;
      const std::uint64_t length = std::min(node.block_cols, row - begin);
      Counts counts{};
      for (std::uint64_t at = begin; at < rows.size(); at += row) {
        count_bytes(rows.subspan(at, length), counts);
      }
      if (number % node.block_rows == 0) {
        count_scale(*part.scales, static_cast<double>(scale), 1);
      }
      fold_codes(node.args[0]->dtype, counts, scale, part);
    }
  }

  void count_mxfp4(const Value& node, const Tile& tile, Part& part) {
    const Value& blocks = *node.args[0];
    const Value& scales = *node.args[1];
    const std::uint64_t groups = scales.shape.back();
    const std::uint64_t block = blocks.shape.back();
    const auto codes =
        read(blocks, tile.first_row * groups * block, tile.rows * groups * block, bytes_);
    const auto exponents = read(scales, tile.first_row * groups, tile.rows * groups, scale_bytes_);
    pairs_.assign(256 * 256, 0);  // by scale and byte
    std::array<std::uint64_t, 256> by_scale{};
    const std::byte* at = codes.data();
    for (const std::byte scale : exponents) {
      std::uint32_t* row = pairs_.data() + 256 * std::to_integer<std::size_t>(scale);
      ++by_scale[std::to_integer<std::size_t>(scale)];
      for (std::uint64_t i = 0; i < block; ++i) ++row[std::to_integer<std::size_t>(*at++)];
    }
    part.scales.emplace();
    for (std::size_t scale = 0; scale < 256; ++scale) {
      if (by_scale[scale] > 0) fold_scale(scale, by_scale[scale], part);
    }
  }

  void fold_scale(std::size_t scale, std::uint64_t blocks, Part& part) {
    const auto byte = static_cast<std::uint8_t>(scale);
    count_scale(*part.scales, e8m0_to_double(byte), blocks);
    part.scales->zeros += scale == 0 ? blocks : 0;
    part.scales->ones += scale == 255 ? blocks : 0;
    std::array<std::uint64_t, 16> nibbles{};
    for (std::size_t pair = 0; pair < 256; ++pair) {
      const std::uint32_t times = pairs_[256 * scale + pair];
      nibbles[pair & 15] += times;
      nibbles[pair >> 4] += times;
    }
    std::array<std::byte, 8> all;
    for (std::size_t i = 0; i < all.size(); ++i) {
      all[i] = static_cast<std::byte>(2 * i | (2 * i + 1) << 4);
    }
    const auto one = static_cast<std::byte>(scale);
    std::array<std::uint16_t, 16> values;
    decode_mxfp4(all, {&one, 1}, all.size(), values.data());
    for (std::size_t code = 0; code < 16; ++code) {
      part.codes[code] += nibbles[code];
      if ((code & 7) == 7) part.saturated += nibbles[code];
      if ((code & 7) == 1) part.subnormal += nibbles[code];
      put(part, bf16_to_float(values[code]), nibbles[code]);
    }
  }

  const std::vector<float>& scales_of(const Value& scale) {
    if (scales_of_ == scale.source) return scales_;
    const auto bytes = read(scale, 0, byte_count(scale.dtype, scale.shape), scale_bytes_);
    scales_.resize(product(scale.shape));
    convert(scale.dtype, bytes.data(), Dtype::F32, reinterpret_cast<std::byte*>(scales_.data()),
            scales_.size());
    scales_of_ = scale.source;
    return scales_;
  }

  const Checkpoint& checkpoint_;
  CheckpointSource source_;
  Buffer bytes_;
  Buffer scale_bytes_;
  std::vector<std::uint32_t> halves_;
  std::vector<std::uint32_t> pairs_;
  std::vector<float> scales_;
  std::uint32_t scales_of_ = 0xFFFFFFFF;
};

/// An item while it is worked on.
struct Work {
  TensorStats stats;
  std::array<std::uint64_t, 256> codes{};
};
struct Item {
  std::mutex mutex;
  std::size_t tiles_left = 0;
  std::unique_ptr<Work> work;  // from its first tile to its last
};

class Computation {
 public:
  Computation(const Checkpoint& checkpoint, std::span<const StatsItem> items, unsigned threads,
              Progress& progress, const std::function<void(std::size_t, const TensorStats&)>& done)
      : checkpoint_(checkpoint),
        items_(items),
        threads_(std::max(1u, threads)),
        progress_(progress),
        done_(done),
        states_(items.size()) {}

  void run() {
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < items_.size(); ++i) {
      bytes += checkpoint_.tensors()[data_of(stored(*items_[i].value)).source].bytes();
      cut(i);
    }
    progress_.phase("stat", bytes);
    std::vector<std::unique_ptr<Counter>> counters(threads_);
    parallel_for(tiles_.size(), threads_, [&](std::size_t i, unsigned worker) {
      progress_.check_stop();
      if (!counters[worker]) counters[worker] = std::make_unique<Counter>(checkpoint_);
      const Tile& tile = tiles_[i];
      with_context(display(items_[tile.item].key), [&] { work(tile, *counters[worker]); });
    });
  }

 private:
  void cut(std::size_t number) {
    const Value& node = stored(*items_[number].value);
    const Layout layout = layout_of(node);
    const std::uint64_t row_bytes =
        std::max<std::uint64_t>(1, layout.row * size_of(data_of(node).dtype));
    const std::uint64_t at_once = std::max<std::uint64_t>(1, kTileBytes / row_bytes);
    const std::size_t before = tiles_.size();
    for (std::uint64_t group = 0; layout.rows > 0 && group < layout.groups; ++group) {
      for (std::uint64_t r = 0; r < layout.rows; r += at_once) {
        tiles_.push_back(
            {number, group, group * layout.rows + r, std::min(at_once, layout.rows - r)});
      }
    }
    states_[number].tiles_left = tiles_.size() - before;
    if (tiles_.size() == before) finish(number);  // without elements
  }

  void work(const Tile& tile, Counter& counter) {
    const Value& node = stored(*items_[tile.item].value);
    Part part = counter.count(node, tile);
    Item& item = states_[tile.item];
    bool last = false;
    {
      const std::lock_guard lock(item.mutex);
      merge_part(item, tile, std::move(part), node);
      last = --item.tiles_left == 0;
    }
    progress_.advance(tile.rows * layout_of(node).row * size_of(data_of(node).dtype) /
                      (node.op == Value::Op::Mxfp4 ? 2 : 1));
    if (last) finish(tile.item);
  }

  static void merge_part(Item& item, const Tile& tile, Part part, const Value& node) {
    const bool first = !item.work;
    if (first) {
      item.work = std::make_unique<Work>();
      if (has_experts(node)) item.work->stats.experts.resize(node.shape[0]);
      item.work->stats.distribution = std::move(part.distribution);
    }
    TensorStats& stats = item.work->stats;
    stats.moments.add(part.moments);
    if (!first) stats.distribution.add(part.distribution);
    for (std::size_t i = 0; i < part.codes.size(); ++i) item.work->codes[i] += part.codes[i];
    if (node.op != Value::Op::Source || size_of(node.dtype) == 1) {
      if (!stats.codes) stats.codes.emplace();
      stats.codes->saturated += part.saturated;
      stats.codes->subnormal += part.subnormal;
      stats.codes->possible = node.op == Value::Op::Mxfp4 ? 16 : 256;
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

  void finish(std::size_t number) {
    Item& item = states_[number];
    if (!item.work) item.work = std::make_unique<Work>();
    TensorStats& stats = item.work->stats;
    const auto quantiles = stats.distribution.quantiles(TensorStats::kQuantiles);
    std::copy(quantiles.begin(), quantiles.end(), stats.quantiles.begin());
    if (stats.codes) {
      const auto& codes = item.work->codes;
      stats.codes->used = static_cast<std::uint64_t>(
          std::count_if(codes.begin(), codes.end(), [](std::uint64_t n) { return n > 0; }));
    }
    const std::lock_guard lock(done_mutex_);
    done_(number, stats);
    item.work.reset();
  }

  const Checkpoint& checkpoint_;
  const std::span<const StatsItem> items_;
  const unsigned threads_;
  Progress& progress_;
  const std::function<void(std::size_t, const TensorStats&)>& done_;
  std::vector<Item> states_;
  std::vector<Tile> tiles_;
  std::mutex done_mutex_;
};

}  // namespace

Storage storage_of(const Value& value) {
  const Value& node = stored(value);
  return node.op == Value::Op::Mxfp4 ? Storage::Mxfp4
         : node.op == Value::Op::Fp8 ? Storage::Fp8
                                     : Storage::Plain;
}

Shape stored_shape(const Value& value) {
  return stored(value).shape;
}

std::uint64_t stored_bytes(const Checkpoint& checkpoint, const Value& value) {
  std::uint64_t bytes = 0;
  for_each_source(value, [&](std::uint32_t id) { bytes += checkpoint.tensors()[id].bytes(); });
  return bytes;
}

bool has_statistics(const Value& value) {
  const Value& node = stored(value);
  return node.op != Value::Op::Source || (is_number(node.dtype) && size_of(node.dtype) <= 8);
}

void compute_stats(const Checkpoint& checkpoint, std::span<const StatsItem> items, unsigned threads,
                   Progress& progress,
                   const std::function<void(std::size_t item, const TensorStats& stats)>& done) {
  Computation(checkpoint, items, threads, progress, done).run();
}

}  // namespace ckptscope
