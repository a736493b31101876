// Runs a plan: streams every output, tile by tile, from a source to a sink. The same bytes whatever
// the number of workers; memory is bounded by the budget, not by the tensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/progress.hpp"
#include "core/plan/plan.hpp"
#include "core/ranks/ranks.hpp"
#include "core/run/packing.hpp"
#include "core/run/tensor_sink.hpp"
#include "core/source/tensor_source.hpp"

namespace ckptscope {

/// Memory, threads and ranks of one run. Memory counts conversion buffers; names and plan stand
/// apart.
struct Resources {
  std::uint64_t memory = 512ull << 20;  // bytes
  unsigned threads = 1;                 // as asked for
  Ranks* ranks = &this_process();       // that do the same

  /// As many workers as the memory allows, at least one.
  unsigned workers() const;
  /// Bytes of one worker's tile.
  std::uint64_t tile_bytes() const;
};

/// What a run of `plan` will hold in buffers at the most, in bytes.
std::uint64_t buffer_bytes(const Plan& plan, const Resources& resources);

/// Values of one output that its dtype could not hold: they became infinite. MXFP4 codes under the
/// largest scales do so always, everything else with --allow overflow alone.
struct Overflowed {
  std::string key;
  std::uint64_t values = 0;
};

/// What only the values could tell, in the order in which the outputs were made.
struct Losses {
  std::vector<PackingLoss> packed;  // every weight that the plan packs
  std::vector<Overflowed> overflowed;
};

/// Throws what source or sink throw, Overflow unless the plan allows it, and Interrupted when
/// progress asks to stop: then some ranges were not written. Tells of phase "scales", in bytes
/// read, when there are FP8 scales to find, and of `phase`, in bytes of outputs.
/// The sink says which outputs are wanted of this rank; what they lost all ranks are told, in the
/// order of outputs.
Losses execute(const Plan& plan, const MakeSource& make_source, TensorSink& sink,
               const Resources& resources, Progress& progress, std::string_view phase);

}  // namespace ckptscope
