// A piece is a list of runs; finding the first that a read needs costs a binary search, so that
// tiles of a tensor cost what they hold, wherever they begin.
#include "core/checkpoint/pieces.hpp"

#include <algorithm>
#include <cassert>

namespace ckptscope {
namespace {

/// Joins runs that continue the one before.
class Joining {
 public:
  explicit Joining(const std::function<void(const PieceRun&)>& visit) : visit_(visit) {}

  void add(const PieceRun& run) {
    const bool continues = last_.bytes > 0 && last_.shard == run.shard &&
                           last_.offset + last_.bytes == run.offset &&
                           last_.at + last_.bytes == run.at;
    if (continues) {
      last_.bytes += run.bytes;
      return;
    }
    flush();
    last_ = run;
  }
  void flush() {
    if (last_.bytes > 0) visit_(last_);
    last_ = {};
  }

 private:
  const std::function<void(const PieceRun&)>& visit_;
  PieceRun last_;
};

/// The runs of one piece, by number: each is dense in the shard and in the tensor.
class Runs {
 public:
  Runs(ShapeView shape, std::uint64_t element_bytes, const Piece& piece)
      : shape_(shape), element_bytes_(element_bytes), piece_(piece) {
    // Where the piece is as wide as the tensor, steps of the dimension before are dense, too.
    std::size_t whole = shape.size();
    while (whole > 0 && piece.extent[whole - 1] == shape[whole - 1]) --whole;
    walked_ = whole > 0 ? whole - 1 : 0;
    bytes_ = product(piece.extent.subspan(walked_)) * element_bytes;
    count_ = bytes_ > 0 ? product(piece.extent.first(walked_)) : 0;
  }

  std::uint64_t count() const { return count_; }

  PieceRun run(std::uint64_t number) const {
    return {piece_.shard, piece_.offset + number * bytes_, place_of(number), bytes_};
  }

  /// The first run that ends behind byte `begin` of the tensor.
  std::uint64_t first_behind(std::uint64_t begin) const {
    std::uint64_t low = 0;
    for (std::uint64_t left = count_; left > 0;) {
      const std::uint64_t half = left / 2;
      if (place_of(low + half) + bytes_ > begin) {
        left = half;
      } else {
        low += half + 1;
        left -= half + 1;
      }
    }
    return low;
  }

 private:
  /// Bytes from the start of the tensor to where a run begins; rises with its number.
  std::uint64_t place_of(std::uint64_t number) const {
    std::uint64_t stride = product(shape_.subspan(walked_));
    std::uint64_t element =
        shape_.empty() ? 0 : piece_.begin[walked_] * product(shape_.subspan(walked_ + 1));
    for (std::size_t dim = walked_; dim-- > 0; stride *= shape_[dim]) {
      element += (piece_.begin[dim] + number % piece_.extent[dim]) * stride;
      number /= piece_.extent[dim];
    }
    return element * element_bytes_;
  }

  const ShapeView shape_;
  const std::uint64_t element_bytes_;
  const Piece& piece_;
  std::size_t walked_ = 0;  // dimensions before the innermost one that is cut
  std::uint64_t bytes_ = 0;
  std::uint64_t count_ = 0;
};

/// The part of a run that lies in bytes [begin, end) of the tensor, placed in that range.
PieceRun clipped(const PieceRun& run, std::uint64_t begin, std::uint64_t end) {
  const std::uint64_t from = std::max(run.at, begin);
  const std::uint64_t to = std::min(run.at + run.bytes, end);
  return {run.shard, run.offset + (from - run.at), from - begin, to - from};
}

}  // namespace

void for_each_run(ShapeView shape, std::uint64_t element_bytes, std::span<const Piece> pieces,
                  std::uint64_t offset, std::uint64_t bytes,
                  const std::function<void(const PieceRun&)>& visit) {
  const std::uint64_t end = offset + bytes;
  Joining joining(visit);
  for (const Piece& piece : pieces) {
    assert(piece.begin.size() == shape.size() && piece.extent.size() == shape.size());
    const Runs runs(shape, element_bytes, piece);
    for (std::uint64_t i = runs.first_behind(offset); i < runs.count(); ++i) {
      const PieceRun run = runs.run(i);
      if (run.at >= end) break;
      joining.add(clipped(run, offset, end));
    }
  }
  joining.flush();
}

}  // namespace ckptscope
