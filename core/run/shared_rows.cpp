// Views are undone one by one: what is left is a box of the tensor itself.
#include "core/run/shared_rows.hpp"

#include <algorithm>
#include <utility>

namespace ckptscope {
namespace {

/// Parts of rows that are longer than this are runs that are long enough by themselves.
constexpr std::uint64_t kMostRowBytes = std::uint64_t{64} << 10;

/// Several columns of one matrix, not all.
bool is_part_of_rows(const SourceBox& box) {
  const auto& extent = box.region.extent;
  const std::uint64_t columns = box.tensor->shape.back();
  return extent.back() < columns && columns * size_of(box.tensor->dtype) <= kMostRowBytes &&
         std::all_of(extent.begin(), extent.end() - 2, [](std::uint64_t one) { return one == 1; });
}

}  // namespace

std::optional<SourceBox> source_box(const Value& value, Region region) {
  using Op = Value::Op;
  bool transposed = false;
  const Value* node = &value;
  for (; node->op != Op::Input; node = node->args[0]) {
    if (node->op == Op::Transpose) {
      const std::size_t last = region.begin.size() - 1;
      std::swap(region.begin[last], region.begin[last - 1]);
      std::swap(region.extent[last], region.extent[last - 1]);
      transposed = !transposed;
    } else if (node->op == Op::Slice) {
      region.begin[static_cast<std::size_t>(node->dim)] += node->begin;
    } else if (node->op == Op::Select) {
      region.begin.insert(region.begin.begin(), node->begin);
      region.extent.insert(region.extent.begin(), 1);
    } else {
      return std::nullopt;
    }
  }
  return SourceBox{node, std::move(region), transposed};
}

bool share_rows(const Value& a, const Value& b) {
  if (a.shape.size() < 2 || !same_shape(a.shape, b.shape)) return false;
  const auto one = source_box(a, whole(a.shape));
  if (!one || !is_part_of_rows(*one)) return false;
  const auto two = source_box(b, whole(b.shape));
  return two && one->tensor->input == two->tensor->input && one->transposed == two->transposed &&
         is_part_of_rows(*two) &&
         std::equal(one->region.begin.begin(), one->region.begin.end() - 1,
                    two->region.begin.begin()) &&
         one->region.extent == two->region.extent;
}

}  // namespace ckptscope
