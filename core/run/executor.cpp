// Outputs are cut into tiles in the order of the files, and tiles are handed to workers in order.
#include "core/run/executor.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <iterator>
#include <map>
#include <numeric>
#include <optional>

#include "core/base/buffer.hpp"
#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/parallel.hpp"
#include "core/ranks/message.hpp"
#include "core/run/evaluator.hpp"
#include "core/run/shared_rows.hpp"

namespace ckptscope {
namespace {

constexpr std::uint64_t kShare = 24'000'000;    // of one worker: its tile and its scratch
constexpr std::uint64_t kApart = 64'000'000;    // left to everything that is not a worker
constexpr std::uint64_t kScratch = 4ull << 20;  // of an Evaluator
constexpr std::uint64_t kMaxTile = 16ull << 20;
constexpr std::uint64_t kMinTile = 1ull << 20;

/// Jobs that are computed together, no further from each other than this.
constexpr std::size_t kMostTogether = 2;

/// A tile that is packed leaves room for what it is packed to.
std::uint64_t packing_tile(std::uint64_t room) {
  return room / 3 * 2;
}

/// What is computed together: one output, or codes and scales of one weight.
struct Job {
  Job(std::string_view about, ValuePtr made, std::optional<std::size_t> number = {})
      : key(about), value(made), output(number) {}

  std::string_view key;                 // for messages
  ValuePtr value;                       // what tiles are cut from
  std::optional<std::size_t> output;    // the value itself, or codes of it
  std::optional<std::size_t> scales{};  // scales of it
  std::optional<std::size_t> third{};   // what else is written of it
  std::unique_ptr<Packing> packing{};   // null: the output is the value itself
  std::vector<const Job*> together{};  // itself, and those that share its rows; empty: of another's
  mutable std::atomic<std::uint64_t> overflows{0};
};

/// Of a job and those together with it.
struct Tile {
  const Job* job;
  std::uint64_t first;  // number of its first element
  std::uint64_t elements;
  Region region;

  std::uint64_t bytes() const { return elements * size_of(job->value->dtype); }
};

/// A worker's own things.
struct Worker {
  Worker(const MakeSource& make_source, OnOverflow on_overflow)
      : source(make_source()), evaluator(*source, on_overflow) {}

  std::unique_ptr<TensorSource> source;
  Evaluator evaluator;
  std::array<Buffer, kMostTogether> tiles;
  Buffer codes;
  Buffer scales;
};

class Execution {
 public:
  Execution(const Plan& plan, const MakeSource& make_source, TensorSink& sink,
            const Resources& resources, Progress& progress)
      : plan_(plan),
        make_source_(make_source),
        sink_(sink),
        resources_(resources),
        progress_(progress),
        on_overflow_(plan.options.allows(Code::Overflow) ? OnOverflow::Infinity : OnOverflow::Fail),
        workers_(resources.workers()) {
    std::map<const Value*, Job*> packed;  // by what is packed
    order_.assign(sink.order().begin(), sink.order().end());
    if (order_.empty()) {
      order_.resize(plan.outputs.size());
      std::iota(order_.begin(), order_.end(), 0u);
    }
    for (const std::uint32_t number : order_) {
      if (!sink.wants(number)) continue;
      add_job(number, packed);
      bytes_ += plan.outputs[number].bytes();
    }
    put_together();
  }

  Losses run(std::string_view phase) {
    measure();
    progress_.phase(phase, bytes_ + sink_.read_back_bytes());
    write_apart();
    for_each_tile(
        [](const Job& job) { return job.output || !has_one_scale(job); },
        [&](const Job& job, const Tile& tile, std::span<const std::byte> elements, Worker& worker) {
          job.packing ? write_packed(job, tile, elements, worker)
                      : put(*job.output, offset_of(job, tile), elements);
        });
    Losses losses;
    for (const Job& job : jobs_) {
      if (job.packing && job.output) losses.packed.push_back(job.packing->loss());
      if (job.overflows > 0) losses.overflowed.push_back({std::string(job.key), job.overflows});
    }
    return resources_.ranks->is_one() ? losses : of_all_ranks(std::move(losses));
  }

 private:
  /// Codes and scales of one weight may be two ranks' outputs: what one loses, the other does.
  Losses of_all_ranks(Losses mine) {
    MessageWriter message;
    message(mine.packed, mine.overflowed);
    Losses all;
    for (const std::string& text : resources_.ranks->exchange(message.take(), progress_)) {
      Losses one;
      MessageReader{text}(one.packed, one.overflowed);
      std::move(one.packed.begin(), one.packed.end(), std::back_inserter(all.packed));
      std::move(one.overflowed.begin(), one.overflowed.end(), std::back_inserter(all.overflowed));
    }
    std::map<std::string_view, std::size_t> place;  // of what makes an output, by its key
    for (const std::uint32_t number : order_) {
      const Output& output = plan_.outputs[number];
      place.try_emplace(is_encoded(*output.value) ? output.logical : output.key, place.size());
    }
    const auto put_in_order = [&](auto& list) {
      std::stable_sort(list.begin(), list.end(), [&](const auto& a, const auto& b) {
        return place.at(a.key) < place.at(b.key);
      });
      list.erase(std::unique(list.begin(), list.end(),
                             [](const auto& a, const auto& b) { return a.key == b.key; }),
                 list.end());
    };
    put_in_order(all.packed);
    put_in_order(all.overflowed);
    return all;
  }

  static bool is_measured(const Job& job) { return job.packing && job.packing->needs_measure(); }
  /// Its scales are no part of a tile.
  static bool has_one_scale(const Job& job) {
    return job.packing && job.packing->form().has_one_scale();
  }

  void add_job(std::size_t number, std::map<const Value*, Job*>& packed) {
    const Output& output = plan_.outputs[number];
    using Op = Value::Op;
    const Op op = output.value->op;
    if (!is_encoded(*output.value)) {
      jobs_.emplace_back(output.key, values_.as_bytes(output.value), number);
      return;
    }
    const ValuePtr value = output.value->args[0];
    Job*& job = packed[value];
    if (job == nullptr) {
      jobs_.emplace_back(output.logical, value);
      job = &jobs_.back();
      job->packing = std::make_unique<Packing>(value, output.value->packing, output.logical);
    }
    (op == Op::PackedCodes    ? job->output
     : op == Op::PackedScales ? job->scales
                              : job->third) = number;
  }

  /// Neighbours that share rows, and are written in the same way.
  void put_together() {
    Job* leader = nullptr;
    for (Job& job : jobs_) {
      const bool joins = leader != nullptr && leader->together.size() < kMostTogether &&
                         is_alike(*leader, job) && share_rows(*leader->value, *job.value);
      if (!joins) leader = &job;
      leader->together.push_back(&job);
    }
  }

  static bool is_alike(const Job& a, const Job& b) {
    const bool same_form = a.packing && b.packing && a.packing->form().as == b.packing->form().as &&
                           a.output.has_value() == b.output.has_value();
    return same_form || (!a.packing && !b.packing);
  }

  /// Cuts the wanted jobs into tiles, computes them, and calls work(job, tile, elements, worker). A
  /// tile and what it is packed to share the room.
  void for_each_tile(const auto& wanted, const auto& work) {
    std::vector<Tile> tiles;
    for (const Job& job : jobs_) {
      if (!job.together.empty() && wanted(job)) cut(job, tiles);
    }
    parallel_for(tiles.size(), resources_.workers(), [&](std::size_t i, unsigned number) {
      progress_.check_stop();
      const Tile& tile = tiles[i];
      Worker& worker = workers_.of(number, make_source_, on_overflow_);
      const auto elements =
          with_context(display(tile.job->key), [&] { return evaluate(tile, worker); });
      for (std::size_t j = 0; j < elements.size(); ++j) {
        const Job& job = *tile.job->together[j];
        with_context(display(job.key), [&] { work(job, tile, elements[j], worker); });
      }
    });
  }

  void cut(const Job& job, std::vector<Tile>& tiles) const {
    const std::uint64_t room = resources_.tile_bytes() / job.together.size();
    std::uint64_t first = 0;
    for (Region& region : row_bands(job.value->shape, size_of(job.value->dtype),
                                    job.packing ? packing_tile(room) : room,
                                    job.packing ? job.packing->rows_together() : 1)) {
      const std::uint64_t elements = product(region.extent);
      tiles.push_back({&job, first, elements, std::move(region)});
      first += elements;
    }
  }

  static std::uint64_t offset_of(const Job& job, const Tile& tile) {
    return tile.first * size_of(job.value->dtype);
  }

  /// Of each job, at an address at which it can be written.
  std::vector<std::span<const std::byte>> evaluate(const Tile& tile, Worker& worker) {
    std::vector<Evaluator::Wanted> wanted;
    for (const Job* job : tile.job->together) {
      const std::uint64_t placement =
          job->packing ? 0 : sink_.placement(*job->output, offset_of(*job, tile));
      const auto bytes = worker.tiles[wanted.size()].take(tile.bytes(), placement);
      wanted.push_back({job->value, bytes});
    }
    worker.evaluator.evaluate(wanted, tile.region);
    const Job& job = *tile.job;  // what shares rows does not overflow
    if (const std::uint64_t overflows = worker.evaluator.take_overflows(); overflows > 0) {
      job.overflows += overflows;
      sink_.overflowed(job.output ? *job.output : *job.scales, std::string(job.key), overflows);
    }
    std::vector<std::span<const std::byte>> elements;
    for (const Evaluator::Wanted& one : wanted) elements.emplace_back(one.out);
    return elements;
  }

  /// Bytes go to the sink last: the last write of a shard reports it as finished.
  void put(std::size_t output, std::uint64_t offset, std::span<const std::byte> bytes) {
    progress_.advance(bytes.size());
    sink_.write(output, offset, bytes);
  }

  /// Finds the scales that must be known before the first code.
  void measure() {
    std::uint64_t bytes = 0;
    for (const Job& job : jobs_) {
      if (is_measured(job)) bytes += byte_count(job.value->dtype, job.value->shape);
    }
    if (bytes == 0) return;
    progress_.phase("scales", bytes);
    for_each_tile(is_measured, [&](const Job& job, const Tile& tile,
                                   std::span<const std::byte> elements, Worker& worker) {
      if (tile.first == 0) suggest_factor(job, worker);
      job.packing->measure(tile.region, elements);
      progress_.advance(tile.bytes());
    });
  }

  /// What is NVFP4 already, in the other spelling, has a factor.
  static void suggest_factor(const Job& job, Worker& worker) {
    const Value* value = job.value;
    while (value->op == Value::Op::Cast) value = value->args[0];
    const bool divides = value->nibbles == NibbleForm::DividedNvfp4;
    const bool is_nvfp4 = value->op == Value::Op::Nibbles && value->args.size() == 3 &&
                          (divides || value->nibbles == NibbleForm::Nvfp4);
    if (!is_nvfp4 || !job.packing->form().factor_rank) return;
    const float factor = worker.evaluator.number(*value->args[2]);
    job.packing->suggest(divides ? 1 / factor : factor);
  }

  /// What is no part of any tile.
  void write_apart() {
    for (const Job& job : jobs_) {
      if (has_one_scale(job) && job.scales) put_all(*job.scales, job.packing->scales());
      if (job.third) put_all(*job.third, job.packing->third());
    }
  }

  void put_all(std::size_t output, const std::vector<std::byte>& bytes) {
    if (!bytes.empty()) put(output, 0, bytes);
  }

  void write_packed(const Job& job, const Tile& tile, std::span<const std::byte> elements,
                    Worker& worker) {
    Packing& packing = *job.packing;
    const std::uint64_t code_offset = packing.code_bytes(tile.first);
    const std::uint64_t scale_offset = packing.scale_bytes(tile.first);
    const auto take = [&](Buffer& buffer, std::optional<std::size_t> output, std::uint64_t bytes,
                          std::uint64_t offset) {
      return buffer.take(bytes, output ? sink_.placement(*output, offset) : 0);
    };
    const auto codes =
        take(worker.codes, job.output, packing.code_bytes(tile.elements), code_offset);
    const auto scales =
        take(worker.scales, job.scales, packing.scale_bytes(tile.elements), scale_offset);
    packing.encode(tile.region, elements, codes, scales);
    if (job.output) put(*job.output, code_offset, codes);
    if (job.scales && !scales.empty()) put(*job.scales, scale_offset, scales);
  }

  const Plan& plan_;
  const MakeSource& make_source_;
  TensorSink& sink_;
  const Resources& resources_;
  Progress& progress_;
  std::uint64_t bytes_ = 0;  // of what is wanted
  const OnOverflow on_overflow_;
  std::vector<std::uint32_t> order_;  // of outputs, by number
  Values values_;                     // of outputs that are written as bytes
  std::deque<Job> jobs_;              // does not move its elements
  PerWorker<Worker> workers_;
};

}  // namespace

void carry(auto& message, PackingLoss& one) {
  message(one.key, one.as, one.values, one.changed, one.signal, one.noise);
}

void carry(auto& message, Overflowed& one) {
  message(one.key, one.values);
}

unsigned Resources::workers() const {
  const std::uint64_t fit = memory > kApart ? (memory - kApart) / kShare : 0;
  return static_cast<unsigned>(std::clamp<std::uint64_t>(fit, 1, std::max(1u, threads)));
}

std::uint64_t Resources::tile_bytes() const {
  const std::uint64_t share = memory > kScratch ? (memory - kScratch) / workers() : 0;
  return std::clamp(share > kScratch ? share - kScratch : 0, kMinTile, kMaxTile);
}

std::uint64_t buffer_bytes(const Plan& plan, const Resources& resources) {
  const std::uint64_t room = resources.tile_bytes();
  std::uint64_t most = 0;
  const Output* before = nullptr;
  for (const Output& output : plan.outputs) {
    if (!is_encoded(*output.value)) {
      const bool together = before != nullptr && share_rows(*before->value, *output.value);
      most = std::max(most, std::min(room, output.bytes() * (together ? kMostTogether : 1)));
      before = &output;
      continue;
    }
    const Value& packed = *output.value->args[0];
    const WrittenForm& form = written_form(output.value->packing);
    const std::uint64_t least = form.block[0] * packed.shape.back() * size_of(packed.dtype);
    const std::uint64_t tile =
        std::min(std::max(packing_tile(room), least), byte_count(packed.dtype, packed.shape));
    most = std::max(most, tile + tile / size_of(packed.dtype));  // at most a byte of codes each
  }
  return resources.workers() * (most + kScratch);
}

Losses execute(const Plan& plan, const MakeSource& make_source, TensorSink& sink,
               const Resources& resources, Progress& progress, std::string_view phase) {
  return Execution(plan, make_source, sink, resources, progress).run(phase);
}

}  // namespace ckptscope
