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
constexpr std::uint64_t kBandBytes = 8 << 20;
constexpr std::size_t kRun = 1024;  // elements whose sums are taken in plain doubles

struct Tile {
  std::size_t item;  // number of the pair
  Region region;
  std::uint64_t elements;
};

struct PairSums {
  std::uint64_t different = 0;
  std::uint64_t nans = 0;        // where one of the two is NaN
  std::uint64_t infinities = 0;  // where one is infinite and none NaN
  double largest = 0;
  ExactSum power;
  ExactSum signal;
  ExactSum noise;

  void add(std::span<const float> values, std::span<const float> references);
  void add(const PairSums& other);
};

void PairSums::add(std::span<const float> values, std::span<const float> references) {
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

void PairSums::add(const PairSums& other) {
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

ValueDistance finished(const PairSums& sums, const Value& value) {
  ValueDistance found{product(value.shape), sums.different,     sums.nans + sums.infinities,
                      sums.largest,         sums.power.value(), sums.signal.value(),
                      sums.noise.value()};
  if (found.unbounded > 0) {
    found.largest = found.noise = sums.nans > 0 ? std::numeric_limits<double>::quiet_NaN()
                                                : std::numeric_limits<double>::infinity();
  }
  return found;
}

using DistanceSeen = std::function<void(std::size_t pair, const ValueDistance&)>;

class Comparing {
 public:
  using Sums = PairSums;

  Comparing(const MakeSource& values, const MakeSource& references,
            std::span<const ValuePair> pairs, const Workers& workers, Progress& progress,
            const DistanceSeen& done)
      : values_(values),
        references_(references),
        pairs_(pairs),
        progress_(progress),
        done_(done),
        readers_(workers.threads),
        tiles_(pairs.size(), workers, *this) {}

  void run() {
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      std::vector<Region> bands = row_bands(pairs_[i].value->shape, sizeof(float), kBandBytes);
      for (Region& region : bands) {
        const std::uint64_t bytes = byte_count(Dtype::F32, region.extent);
        tiles_.add({i, std::move(region), bytes / sizeof(float)}, bytes);
      }
      if (bands.empty()) tell(i, {});
    }
    tiles_.run("compare", progress_);
  }

  // Steps of TiledItems.
  Sums count(const Tile& tile, unsigned worker) {
    const ValuePair& pair = pairs_[tile.item];
    return with_context(display(pair.key), [&] {
      Readers& readers = readers_.of(worker, values_, references_);
      const auto values = readers.values.read(*pair.value, tile);
      const auto references = readers.references.read(*pair.reference, tile);
      Sums sums;
      for (std::size_t at = 0; at < values.size(); at += kRun) {
        const std::size_t n = std::min(kRun, values.size() - at);
        sums.add(values.subspan(at, n), references.subspan(at, n));
      }
      progress_.advance(tile.elements * sizeof(float));
      return sums;
    });
  }
  static void merge(Sums& sums, const Tile&, const Sums& part, bool) { sums.add(part); }
  static void merge(Sums& sums, const Sums& others) { sums.add(others); }
  static void look(std::size_t, const Sums&) {}
  static void finish(const Sums&) {}
  void tell(std::size_t number, const Sums& sums) const {
    done_(number, finished(sums, *pairs_[number].value));
  }
  static std::uint64_t bytes(std::size_t) { return sizeof(Sums); }

 private:
  const MakeSource& values_;
  const MakeSource& references_;
  const std::span<const ValuePair> pairs_;
  Progress& progress_;
  const DistanceSeen& done_;
  PerWorker<Readers> readers_;
  TiledItems<Tile, Comparing> tiles_;
};

}  // namespace

double ValueDistance::cosine() const {
  if (noise == 0 && signal > 0) return 1;
  return (power + signal - noise) / (2 * std::sqrt(power) * std::sqrt(signal));
}

void value_distances(const MakeSource& values, const MakeSource& references,
                     std::span<const ValuePair> pairs, const Workers& workers, Progress& progress,
                     const std::function<void(std::size_t pair, const ValueDistance&)>& done) {
  Comparing(values, references, pairs, workers, progress, done).run();
}

}  // namespace ckptscope
