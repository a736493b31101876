// Tensors in pieces: the runs of a range against a gather element by element.

#include "core/checkpoint/pieces.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "tests/support/indexes.hpp"

namespace ckptscope::testing {
namespace {

using Bytes = std::vector<std::byte>;

/// A tensor of random bytes, cut by a grid and dealt out to shards with gaps between.
class Scattered {
 public:
  Scattered(const Shape& shape, std::uint64_t size, const Shape& steps, Random& random)
      : shape_(shape), size_(size), dense_(elements_in(shape) * size), shards_(pick(random, 1, 3)) {
    for (std::byte& byte : dense_) byte = static_cast<std::byte>(random());
    Shape grid(shape.size());
    for (std::size_t dim = 0; dim < shape.size(); ++dim) {
      grid[dim] = (shape[dim] + steps[dim] - 1) / steps[dim];
    }
    std::vector<Shape> cells;
    for_each_index(grid, [&](const Shape& cell) { cells.push_back(cell); });
    std::shuffle(cells.begin(), cells.end(), random);
    boxes_.reserve(2 * cells.size());
    for (Shape& cell : cells) {
      Shape extent = cell;
      for (std::size_t dim = 0; dim < shape.size(); ++dim) {
        cell[dim] *= steps[dim];
        extent[dim] = std::min(steps[dim], shape[dim] - cell[dim]);
      }
      add(std::move(cell), std::move(extent), random);
    }
  }

  const std::vector<Piece>& pieces() const { return pieces_; }
  std::uint64_t bytes() const { return dense_.size(); }

  std::vector<PieceRun> runs(std::uint64_t offset, std::uint64_t bytes) const {
    std::vector<PieceRun> runs;
    for_each_run(shape_, size_, pieces_, offset, bytes,
                 [&](const PieceRun& run) { runs.push_back(run); });
    return runs;
  }

  /// Copying the runs must give what the range holds, every byte once.
  void expect_gathers(std::uint64_t offset, std::uint64_t bytes) const {
    Bytes found(bytes);
    std::vector<int> times(bytes);
    for (const PieceRun& run : runs(offset, bytes)) {
      ASSERT_GT(run.bytes, 0u);
      ASSERT_LE(run.at + run.bytes, bytes);
      const Bytes& shard = shards_.at(run.shard);
      ASSERT_LE(run.offset + run.bytes, shard.size());
      std::memcpy(&found[run.at], &shard[run.offset], run.bytes);
      for (std::uint64_t i = 0; i < run.bytes; ++i) ++times[run.at + i];
    }
    ASSERT_EQ(std::count(times.begin(), times.end(), 1), static_cast<std::ptrdiff_t>(bytes));
    ASSERT_TRUE(std::equal(found.begin(), found.end(),
                           dense_.begin() + static_cast<std::ptrdiff_t>(offset)))
        << to_string(shape_) << " of " << size_ << ", bytes " << offset << " and " << bytes;
  }

 private:
  void add(Shape begin, Shape extent, Random& random) {
    const auto number = static_cast<std::uint32_t>(random() % shards_.size());
    Bytes& shard = shards_[number];
    shard.resize(shard.size() + random() % 3, std::byte{0xEE});  // misaligned, some adjacent
    Piece piece;
    piece.begin = boxes_.emplace_back(std::move(begin));
    piece.extent = boxes_.emplace_back(std::move(extent));
    piece.offset = shard.size();
    piece.shard = number;
    pieces_.push_back(piece);
    for_each_index(boxes_.back(), [&](Shape index) {
      for (std::size_t dim = 0; dim < index.size(); ++dim) index[dim] += piece.begin[dim];
      const std::byte* at = &dense_[flat(shape_, index) * size_];
      shard.insert(shard.end(), at, at + size_);
    });
  }

  Shape shape_;
  std::uint64_t size_;
  Bytes dense_;
  std::vector<Bytes> shards_;
  std::vector<Shape> boxes_;
  std::vector<Piece> pieces_;
};

TEST(Pieces, RunsGatherWhatTheRangeHolds) {
  Random random(12);
  for (int round = 0; round < 3000; ++round) {
    SCOPED_TRACE(round);
    const Shape shape = random_shape(random, pick(random, 0, 4), 1, 7);
    const Shape steps = random_shape(random, shape.size(), 1, 8);
    const Scattered tensor(shape, std::uint64_t{1} << pick(random, 0, 3), steps, random);
    tensor.expect_gathers(0, tensor.bytes());
    for (int i = 0; i < 5; ++i) {
      const std::uint64_t offset = pick(random, 0, tensor.bytes());
      tensor.expect_gathers(offset, pick(random, 0, tensor.bytes() - offset));
    }
    if (HasFatalFailure()) return;
  }
}

TEST(Pieces, NothingHasNoRuns) {
  Random random(13);
  const Scattered empty({3, 0, 5}, 2, {1, 1, 1}, random);
  EXPECT_TRUE(empty.runs(0, 0).empty());
  const Scattered some({4, 4}, 2, {2, 2}, random);
  EXPECT_TRUE(some.runs(5, 0).empty());
  EXPECT_TRUE(some.runs(some.bytes(), 0).empty());
}

/// As ranks of a training run cut most tensors.
TEST(Pieces, CutAlongTheFirstDimensionAPieceIsOneRun) {
  Random random(14);
  for (const Shape& shape : {Shape{9}, Shape{9, 4}, Shape{9, 4, 3}, Shape{9, 1, 2, 3}}) {
    Shape steps = shape;
    steps[0] = 4;
    const Scattered tensor(shape, 2, steps, random);
    const std::vector<PieceRun> runs = tensor.runs(0, tensor.bytes());
    EXPECT_LE(runs.size(), 3u) << to_string(shape);  // those that touch are joined
    std::uint64_t bytes = 0;
    for (const PieceRun& run : runs) bytes += run.bytes;
    EXPECT_EQ(bytes, tensor.bytes());
  }
}

TEST(Pieces, RunsThatFollowEachOtherAreOne) {
  const Shape shape{4, 6};
  const Shape begins[] = {{0, 0}, {2, 0}};
  const Shape extent{2, 6};
  const std::vector<Piece> adjacent{{begins[0], extent, 100, 1}, {begins[1], extent, 124, 1}};
  std::vector<PieceRun> runs;
  const auto keep = [&](const PieceRun& run) { runs.push_back(run); };
  for_each_run(shape, 2, adjacent, 0, 48, keep);
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_EQ(runs[0].offset, 100u);
  EXPECT_EQ(runs[0].bytes, 48u);
  std::vector<Piece> apart = adjacent;
  apart[1].shard = 2;
  runs.clear();
  for_each_run(shape, 2, apart, 0, 48, keep);
  EXPECT_EQ(runs.size(), 2u);
}

/// So that a shard is read forwards.
TEST(Pieces, RunsOfAPieceComeByRisingOffset) {
  Random random(15);
  for (int round = 0; round < 500; ++round) {
    const Shape shape = random_shape(random, pick(random, 1, 4), 1, 6);
    const Shape steps = random_shape(random, shape.size(), 1, 6);
    const Scattered tensor(shape, 2, steps, random);
    for (const Piece& piece : tensor.pieces()) {
      std::uint64_t offset = 0;
      std::uint64_t at = 0;
      for_each_run(shape, 2, {&piece, 1}, 0, tensor.bytes(), [&](const PieceRun& run) {
        EXPECT_EQ(run.shard, piece.shard);
        EXPECT_EQ(run.offset, std::max(offset, piece.offset)) << "dense in the shard";
        EXPECT_GE(run.at, at);
        offset = run.offset + run.bytes;
        at = run.at + run.bytes;
      });
      EXPECT_EQ(offset, piece.offset + 2 * product(piece.extent));
    }
  }
}

}  // namespace
}  // namespace ckptscope::testing
