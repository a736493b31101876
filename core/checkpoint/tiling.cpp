// Volumes must add up. Overlaps are looked for among boxes whose first dimensions meet.
#include "core/checkpoint/tiling.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>

namespace ckptscope {
namespace {

constexpr std::uint64_t kMostComparisons = 100'000'000;

bool is_empty(const Piece& piece) {
  return std::find(piece.extent.begin(), piece.extent.end(), 0u) != piece.extent.end();
}

bool meet(const Piece& a, const Piece& b) {
  for (std::size_t dim = 0; dim < a.begin.size(); ++dim) {
    const bool apart = a.begin[dim] + a.extent[dim] <= b.begin[dim] ||
                       b.begin[dim] + b.extent[dim] <= a.begin[dim];
    if (apart) return false;
  }
  return true;
}

/// Boxes by where they begin; each against those that reach into its rows. Where many share their
/// rows the next dimension parts them.
class Overlaps {
 public:
  struct TooMany {};
  bool any(std::vector<const Piece*> pieces, std::size_t dim) {
    if (pieces.size() < 2) return false;
    const bool last = dim + 1 >= pieces.front()->begin.size();
    std::sort(pieces.begin(), pieces.end(), [&](const Piece* a, const Piece* b) {
      return a->begin[dim] != b->begin[dim] ? a->begin[dim] < b->begin[dim]
                                            : a->extent[dim] < b->extent[dim];
    });
    for (std::size_t i = 0; i < pieces.size();) {
      // Those that chain into each other along this dimension.
      std::uint64_t end = pieces[i]->begin[dim] + pieces[i]->extent[dim];
      bool alike = true;
      std::size_t next = i + 1;
      while (next < pieces.size() && pieces[next]->begin[dim] < end) {
        alike = alike && pieces[next]->begin[dim] == pieces[i]->begin[dim] &&
                pieces[next]->extent[dim] == pieces[i]->extent[dim];
        end = std::max(end, pieces[next]->begin[dim] + pieces[next]->extent[dim]);
        ++next;
      }
      const std::vector<const Piece*> group(pieces.begin() + static_cast<std::ptrdiff_t>(i),
                                            pieces.begin() + static_cast<std::ptrdiff_t>(next));
      i = next;
      if (group.size() < 2) continue;
      if (alike && last) return true;
      if (alike ? any(group, dim + 1) : any_two(group)) return true;
    }
    return false;
  }

 private:
  bool any_two(const std::vector<const Piece*>& group) {
    for (std::size_t i = 0; i < group.size(); ++i) {
      for (std::size_t k = i + 1; k < group.size(); ++k) {
        if (++comparisons_ > kMostComparisons) throw TooMany();
        if (meet(*group[i], *group[k])) return true;
      }
    }
    return false;
  }

  std::uint64_t comparisons_ = 0;
};

std::string find_fault(ShapeView shape, std::span<const Piece> pieces) {
  std::uint64_t total = 0;
  std::vector<const Piece*> full;
  for (const Piece& piece : pieces) {
    std::uint64_t volume = 1;
    for (std::size_t dim = 0; dim < shape.size(); ++dim) {
      const bool inside =
          piece.begin[dim] <= shape[dim] && piece.extent[dim] <= shape[dim] - piece.begin[dim];
      if (!inside) {
        return fmt::format("chunk bounds: {} from {} on is beyond {}", to_string(piece.extent),
                           to_string(piece.begin), to_string(shape));
      }
      volume *= piece.extent[dim];
    }
    total += volume;
    if (!is_empty(piece)) full.push_back(&piece);
  }
  const bool scalar = shape.empty();
  try {
    if (scalar ? full.size() > 1 : Overlaps().any(full, 0))
      return "overlap: two pieces share elements";
  } catch (const Overlaps::TooMany&) {
    return fmt::format("size: {} pieces that are cut too unevenly to be compared", full.size());
  }
  const std::uint64_t volume = element_count(shape).value_or(0);
  if (total != volume) {
    return fmt::format("hole: {} of {} elements are in no piece", volume - total, volume);
  }
  return "";
}

}  // namespace

std::string settle_tiling(ShapeView shape, std::size_t first, std::vector<Piece>& pieces) {
  const auto begin = pieces.begin() + static_cast<std::ptrdiff_t>(first);
  const auto other = std::find_if(begin, pieces.end(), [&](const Piece& piece) {
    return piece.begin.size() != shape.size() || piece.extent.size() != shape.size();
  });
  if (other == pieces.end()) return find_fault(shape, std::span(pieces).subspan(first));
  std::string fault = fmt::format("arity: a piece of {} dimensions", other->begin.size());
  pieces.erase(begin, pieces.end());
  return fault;
}

}  // namespace ckptscope
