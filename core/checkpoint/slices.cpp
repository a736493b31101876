// The full shape is stored nowhere: it is how far the slices reach.
#include "core/checkpoint/slices.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "core/base/display.hpp"
#include "core/base/error.hpp"
#include "core/checkpoint/tiling.hpp"

namespace ckptscope {
namespace {

class Join {
 public:
  Join(const std::vector<std::optional<SavedOffsets>>& offsets, std::vector<Piece>& pieces,
       Arena& arena, Problems& problems)
      : offsets_(offsets), pieces_(pieces), arena_(arena), problems_(problems) {}

  TensorInfo join(const std::vector<const TensorInfo*>& slices) {
    TensorInfo whole = *slices.front();
    if (!offsets_[whole.shard]) return whole;
    std::vector<std::uint64_t> shape(whole.shape.size(), 0);
    const std::size_t first = pieces_.size();
    for (const TensorInfo* slice : slices) {
      const std::vector<std::uint64_t>& begin = begin_of(*slice);
      if (begin.size() != slice->shape.size() || begin.size() != shape.size()) {
        fault(whole, fmt::format("arity: {} offsets of {} dimensions", begin.size(), shape.size()));
        pieces_.resize(first);
        return whole;
      }
      if (slice->dtype != whole.dtype) fault(whole, "dtype: its slices have several");
      for (std::size_t dim = 0; dim < shape.size(); ++dim) {
        shape[dim] = std::max(shape[dim], begin[dim] + slice->shape[dim]);
      }
      pieces_.push_back({arena_.copy(begin), slice->shape, slice->begin, slice->shard});
    }
    const bool is_whole = slices.size() == 1 && same_shape(shape, whole.shape);
    if (is_whole) {
      pieces_.resize(first);
      return whole;
    }
    whole.shape = arena_.copy(shape);
    whole.begin = first;
    whole.shard = TensorInfo::kInPieces;
    const std::string wrong = settle_tiling(whole.shape, first, pieces_);
    whole.end = pieces_.size();
    if (!wrong.empty()) fault(whole, wrong);
    return whole;
  }

 private:
  const std::vector<std::uint64_t>& begin_of(const TensorInfo& slice) const {
    static const std::vector<std::uint64_t> kNone;
    const auto& of_shard = offsets_[slice.shard];
    const auto found = of_shard ? of_shard->find(slice.name) : SavedOffsets::const_iterator();
    return of_shard && found != of_shard->end() ? found->second : kNone;
  }

  void fault(const TensorInfo& tensor, const std::string& what) {
    problems_.add(Code::BadDcp, Severity::Error, {tensor.name, {}}, "{}: {}", what,
                  display(tensor.name));
  }

  const std::vector<std::optional<SavedOffsets>>& offsets_;
  std::vector<Piece>& pieces_;
  Arena& arena_;
  Problems& problems_;
};

}  // namespace

SavedOffsets parse_sharding_info(const std::string& text) {
  const auto root = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object()) fail(Code::BadDcp, "sharding info: DCP_SHARDING_INFO is no JSON object");
  SavedOffsets all;
  for (const auto& [key, tensor] : root.items()) {
    const auto offsets = tensor.is_object() ? tensor.find("saved_offsets") : tensor.end();
    if (!tensor.is_object() || offsets == tensor.end() || !offsets->is_array()) {
      fail(Code::BadDcp, "sharding info: {} has no saved_offsets", display(key));
    }
    std::vector<std::uint64_t>& numbers = all[key];
    for (const nlohmann::json& offset : *offsets) {
      if (!offset.is_number_integer()) {
        fail(Code::BadDcp, "type: an offset of {} that is no number", display(key));
      }
      if (!offset.is_number_unsigned() && offset.get<std::int64_t>() < 0) {
        fail(Code::BadDcp, "negative: {} begins at {}", display(key), offset.get<std::int64_t>());
      }
      numbers.push_back(offset.get<std::uint64_t>());
    }
  }
  return all;
}

bool all_start_at_zero(const SavedOffsets& offsets) {
  return std::all_of(offsets.begin(), offsets.end(), [](const auto& tensor) {
    return std::all_of(tensor.second.begin(), tensor.second.end(),
                       [](std::uint64_t offset) { return offset == 0; });
  });
}

void join_slices(const std::vector<std::optional<SavedOffsets>>& offsets,
                 std::vector<TensorInfo>& tensors, std::vector<Piece>& pieces, Arena& arena,
                 Problems& problems) {
  std::map<std::string_view, std::vector<const TensorInfo*>> by_name;
  for (const TensorInfo& info : tensors) by_name[info.name].push_back(&info);
  Join join(offsets, pieces, arena, problems);
  std::vector<TensorInfo> joined;
  for (const TensorInfo& info : tensors) {
    const auto& slices = by_name[info.name];
    if (slices.front() == &info) joined.push_back(join.join(slices));
  }
  tensors = std::move(joined);
}

}  // namespace ckptscope
