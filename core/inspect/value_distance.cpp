// Both sides are evaluated to floats tile by tile; sums are exact or cut at fixed places.
#include "core/inspect/value_distance.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/buffer.hpp"
#include "core/base/display.hpp"
#include "core/base/parallel.hpp"
#include "core/inspect/tiled_items.hpp"
#include "core/kernels/kernels.hpp"
#include "core/numbers/exact_sum.hpp"
#include "core/run/evaluator.hpp"
#include "core/tensor/region.hpp"

namespace ckptscope {
namespace {

/// Bytes of floats at a time, whatever the threads: sums are cut at the same places.
constexpr std::uint64_t kTileBytes = 8 << 20;
constexpr std::size_t kRun = 1024;  // elements whose sums are taken in plain doubles

struct Tile {
  std::size_t pair;
  Region region;
  std::uint64_t elements;
};

struct Sums {
  std::uint64_t different = 0;
  std::uint64_t nans = 0;        // where one of the two is NaN
  std::uint64_t infinities = 0;  // where one is infinite and none NaN
  double largest = 0;
  ExactSum power;
  ExactSum signal;
  ExactSum noise;

  void add(std::span<const float> values, std::span<const float> references);
  void add(const Sums& other);
};

void Sums::add(std::span<const float> values, std::span<const float> references) {
  double run_power = 0;
  double run_signal = 0;
  double run_noise = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const float a = values[i];
    const float b = references[i];
    if (!std::isfinite(a) || !std::isfinite(b)) {
      const bool same = a == b || (std::isnan(a) && std::isnan(b));
      const bool nan = std::isnan(a) || std::isnan(b);
      different += same ? 0 : 1;
      (nan ? nans : infinities) += same ? 0 : 1;
      continue;
    }
    const double error = static_cast<double>(a) - static_cast<double>(b);
    different += error != 0 ? 1 : 0;
    largest = std::max(largest, std::fabs(error));
    run_power += static_cast<double>(a) * static_cast<double>(a);
    run_signal += static_cast<double>(b) * static_cast<double>(b);
    run_noise += error * error;
  }
  power.add(run_power);
  signal.add(run_signal);
  noise.add(run_noise);
}

void Sums::add(const Sums& other) {
  different += other.different;
  nans += other.nans;
  infinities += other.infinities;
  largest = std::max(largest, other.largest);
  power.add(other.power);
  signal.add(other.signal);
  noise.add(other.noise);
}

/// Reads one of the two sides as floats.
class Reader {
 public:
  explicit Reader(std::unique_ptr<TensorSource> source)
      : source_(std::move(source)), evaluator_(*source_) {}

  std::span<const float> read(const Value& value, const Tile& tile) {
    const auto raw = raw_.take(tile.elements * size_of(value.dtype));
    evaluator_.evaluate(value, tile.region, raw);
    const auto floats = floats_.take(tile.elements * sizeof(float));
    cast_elements(value.dtype, raw.data(), Dtype::F32, floats.data(), tile.elements);
    return {reinterpret_cast<const float*>(floats.data()), tile.elements};
  }

 private:
  std::unique_ptr<TensorSource> source_;
  Evaluator evaluator_;
  Buffer raw_;
  Buffer floats_;
};

struct Readers {
  Readers(const MakeSource& of_values, const MakeSource& of_references)
      : values(of_values()), references(of_references()) {}
  Reader values;
  Reader references;
};

Sums compare_tile(const ValuePair& pair, const Tile& tile, Readers& readers) {
  const auto values = readers.values.read(*pair.value, tile);
  const auto references = readers.references.read(*pair.reference, tile);
  Sums sums;
  for (std::size_t at = 0; at < values.size(); at += kRun) {
    const std::size_t n = std::min(kRun, values.size() - at);
    sums.add(values.subspan(at, n), references.subspan(at, n));
  }
  return sums;
}

ValueDistance finished(const Sums& sums, const Value& value) {
  ValueDistance found{product(value.shape), sums.different,     sums.nans + sums.infinities,
                      sums.largest,         sums.power.value(), sums.signal.value(),
                      sums.noise.value()};
  if (found.unbounded > 0) {
    found.largest = found.noise = sums.nans > 0 ? std::numeric_limits<double>::quiet_NaN()
                                                : std::numeric_limits<double>::infinity();
  }
  return found;
}

}  // namespace

double ValueDistance::cosine() const {
  if (noise == 0 && signal > 0) return 1;
  return (power + signal - noise) / (2 * std::sqrt(power) * std::sqrt(signal));
}

void value_distances(const MakeSource& values, const MakeSource& references,
                     std::span<const ValuePair> pairs, unsigned threads, Progress& progress,
                     const std::function<void(std::size_t pair, const ValueDistance&)>& done) {
  std::vector<Tile> tiles;
  TiledItems<Sums> sums(pairs.size());
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const std::size_t before = tiles.size();
    for (Region& region : row_bands(pairs[i].value->shape, sizeof(float), kTileBytes)) {
      const std::uint64_t tile_bytes = byte_count(Dtype::F32, region.extent);
      tiles.push_back({i, std::move(region), tile_bytes / sizeof(float)});
      bytes += tile_bytes;
    }
    sums.expect(i, tiles.size() - before);
    if (tiles.size() == before) done(i, finished({}, *pairs[i].value));
  }
  progress.phase("compare", bytes);
  PerWorker<Readers> readers(threads);
  parallel_for(tiles.size(), std::max(1u, threads), [&](std::size_t i, unsigned worker) {
    progress.check_stop();
    const Tile& tile = tiles[i];
    const ValuePair& pair = pairs[tile.pair];
    const Sums part = with_context(display(pair.key), [&] {
      return compare_tile(pair, tile, readers.of(worker, values, references));
    });
    progress.advance(tile.elements * sizeof(float));
    sums.add(
        tile.pair, [&](Sums& all, bool) { all.add(part); }, [](const Sums&) {}, [](const Sums&) {},
        [&](const Sums& all) { done(tile.pair, finished(all, *pair.value)); });
  });
}

}  // namespace ckptscope
