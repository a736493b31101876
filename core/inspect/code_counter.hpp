// Counting the codes of a tensor, a tile at a time: what statistics are made of.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/base/buffer.hpp"
#include "core/checkpoint/checkpoint.hpp"
#include "core/inspect/code_stats.hpp"
#include "core/numbers/moments.hpp"
#include "core/run/leaf_reader.hpp"
#include "core/run/scale_cache.hpp"
#include "core/source/tensor_source.hpp"
#include "core/value/value.hpp"

namespace ckptscope {

/// The node that reads: below transposes and casts, which change no value that is counted.
const Value& stored_node(const Value& value);
/// The tensor of a node that holds its numbers or codes.
const Value& data_of(const Value& node);
/// Codes that a byte of it holds.
std::uint64_t codes_in_byte(const Value& node);

/// A tensor as it is cut: rows that must not be cut, of groups that share a row of statistics.
struct RowLayout {
  std::uint64_t row = 1;     // elements
  std::uint64_t rows = 0;    // of a group
  std::uint64_t groups = 1;  // experts, or one
};

/// Experts are the elements of the first of three dimensions, where those are matrices of some
/// size: a convolution's [channels, 1, 4] has no experts.
bool has_experts(ShapeView shape);
RowLayout layout_of(const Value& node);

/// A run of rows of one item.
struct StatsTile {
  std::size_t item;
  std::uint64_t group;
  std::uint64_t first_row;  // of all groups
  std::uint64_t rows;
};

/// What one tile adds.
struct TileCounts {
  Moments moments;
  Distribution distribution{Distribution::Range::None};
  std::array<std::uint64_t, 256> codes{};
  std::uint64_t saturated = 0;
  std::uint64_t subnormal = 0;
  std::optional<ScaleStats> scales;
};

void merge(ScaleStats& into, const ScaleStats& from);

/// Reads and counts tiles. One per worker; not thread-safe.
class CodeCounter {
 public:
  /// Without `distributes` no distribution is counted.
  CodeCounter(const Checkpoint& checkpoint, bool distributes)
      : source_(checkpoint), distributes_(distributes), reader_(source_) {}
  /// Throws what reading throws.
  TileCounts count(const Value& node, const StatsTile& tile);

 private:
  using Counts = std::array<std::uint64_t, 256>;
  std::span<const std::byte> read(const Value& source, std::uint64_t begin, std::uint64_t bytes,
                                  Buffer& buffer);
  void count_plain(const Value& node, const StatsTile& tile, TileCounts& part);
  /// Two tables take turns, so that runs of one value do not wait for each other.
  void count_halves(Dtype dtype, std::span<const std::byte> bytes, TileCounts& part);
  void count_doubles(std::span<const std::byte> bytes, TileCounts& part);
  void count_floats(Dtype dtype, std::span<const std::byte> bytes, TileCounts& part);
  static void count_bytes(std::span<const std::byte> bytes, Counts& counts);
  void count_codes(Dtype dtype, std::span<const std::byte> bytes, float scale, TileCounts& part);
  /// E4M3 and E5M2 codes with one scale.
  static void fold_codes(Dtype dtype, const Counts& counts, float scale, TileCounts& part);
  void count_fp8(const Value& node, const StatsTile& tile, TileCounts& part);
  /// Rows that share their scales, from row `number` on.
  static void count_block_row(const Value& node, const std::vector<float>& scales,
                              std::uint64_t number, std::span<const std::byte> rows,
                              TileCounts& part);
  void count_mxfp4(const Value& node, const StatsTile& tile, TileCounts& part);
  void fold_scale(std::size_t scale, std::uint64_t blocks, TileCounts& part);
  void count_nibbles(const Value& node, const StatsTile& tile, TileCounts& part);
  void count_numbers(Dtype dtype, std::span<const std::byte> bytes, TileCounts& part);

  CheckpointSource source_;
  const bool distributes_;
  LeafReader reader_;
  Buffer bytes_;
  Buffer scale_bytes_;
  std::vector<std::uint32_t> halves_;
  std::vector<std::uint32_t> pairs_;
  ScaleCache scales_;
};

}  // namespace ckptscope
