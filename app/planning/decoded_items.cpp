// No family is needed to decode: the names of the schemes are known.
#include "app/planning/decoded_items.hpp"

#include <algorithm>
#include <set>

#include "adapters/adapter.hpp"
#include "app/planning/matching_tensors.hpp"
#include "core/base/display.hpp"
#include "core/base/natural_order.hpp"
#include "core/names/companions.hpp"
#include "core/names/find.hpp"
#include "core/plan/decoding.hpp"

namespace ckptscope {
namespace {

/// Every tensor, with packed pairs as one.
std::vector<StatsItem> decoded_items(const Checkpoint& checkpoint) {
  const auto values = std::make_shared<Values>();
  const std::vector<bool> dropped(checkpoint.tensors().size());
  // Pairs that do not fit stay what they are: their problems are the planner's to tell.
  const Decoded decoded =
      decode({checkpoint.tensors(), checkpoint.keys()}, known_schemes(checkpoint.config()), dropped,
             {std::nullopt, Dtype::F32, /*lenient=*/true}, *values);
  std::vector<StatsItem> items;
  for (const LogicalTensor& tensor : decoded.tensors) {
    items.push_back({std::string(tensor.key), shared_value(values, tensor.value)});
  }
  return items;
}

/// The scale beside FP8 codes that stayed what they are: nobody says how it lies over them.
std::string unapplied_scale(const Checkpoint& checkpoint, const Value& value) {
  if (value.op != Value::Op::Input || !is_fp8(value.dtype)) return "";
  for (const std::string& key : companions_of(checkpoint.tensors()[value.input].name)) {
    if (checkpoint.find(key) && !companion_of(key)->activation) return key;
  }
  return "";
}

bool covers(const StatsItem& item, std::uint32_t tensor) {
  bool found = false;
  for_each_input(*item.value, [&](std::uint32_t id) { found = found || id == tensor; });
  return found;
}

/// Its own name and those of its parts.
void see_names(const Checkpoint& checkpoint, const StatsItem& item, const SeeNames& see) {
  std::vector<QueryItem> names;
  for_each_input(*item.value, [&](std::uint32_t id) {
    const TensorInfo& info = checkpoint.tensors()[id];
    names.push_back({.key = info.name,
                     .dtype = info.dtype,
                     .shape = info.shape,
                     .bytes = info.bytes(),
                     .shard = checkpoint.shard_of(info) + 1});
  });
  const Shape shape = stored_shape(*item.value);
  names.push_back({.key = item.key,
                   .dtype = item.value->dtype,
                   .shape = shape,
                   .bytes = stored_bytes(checkpoint, *item.value)});
  see(names);
}

std::set<std::string_view> dtypes_of(const Checkpoint& checkpoint) {
  std::set<std::string_view> names;
  for (const TensorInfo& info : checkpoint.tensors()) names.insert(name_of(info.dtype));
  return names;
}

/// The item that a key names, as itself or as a part.
std::vector<StatsItem> named_item(const Checkpoint& checkpoint, std::vector<StatsItem>& items,
                                  const std::string& key) {
  const auto id = checkpoint.find(key);
  const auto found = std::find_if(items.begin(), items.end(), [&](const StatsItem& item) {
    return item.key == key || (id && covers(item, *id));
  });
  if (found != items.end() && has_statistics(*found->value)) return {std::move(*found)};
  if (!id) return {};
  const TensorInfo& info = checkpoint.tensors()[*id];
  fail(Code::Usage, "{}: {} {} holds no numbers that have statistics", display(key),
       name_of(info.dtype), to_string(info.shape));
}

}  // namespace

std::vector<StatsItem> logical_items(const Checkpoint& checkpoint) {
  std::vector<StatsItem> items = decoded_items(checkpoint);
  std::vector<bool> covered(checkpoint.tensors().size());
  for (const StatsItem& item : items) {
    for_each_input(*item.value, [&](std::uint32_t id) { covered[id] = true; });
  }
  const auto values = std::make_shared<Values>();
  for (std::uint32_t id = 0; id < covered.size(); ++id) {
    const TensorInfo& info = checkpoint.tensors()[id];
    if (covered[id]) continue;
    items.push_back(
        {std::string(info.name), shared_value(values, values->input(id, info.dtype, info.shape))});
  }
  for (StatsItem& item : items) item.unapplied_scale = unapplied_scale(checkpoint, *item.value);
  std::sort(items.begin(), items.end(),
            [](const StatsItem& a, const StatsItem& b) { return natural_less(a.key, b.key); });
  return items;
}

MatchingItems matching_items(const Checkpoint& checkpoint, const std::vector<std::string>& words) {
  std::vector<StatsItem> items = logical_items(checkpoint);
  if (words.size() == 1) {
    auto one = named_item(checkpoint, items, words.front());
    if (!one.empty()) return {std::move(one), {}};
  }
  std::erase_if(items, [](const StatsItem& item) { return !has_statistics(*item.value); });
  if (items.empty()) {
    fail(Code::NoMatch, "{}: no tensor holds numbers that have statistics; there are {}",
         display(checkpoint.name()), fmt::join(dtypes_of(checkpoint), ", "));
  }
  return matching_items(checkpoint, std::move(items), words);
}

MatchingItems matching_items(const Checkpoint& checkpoint, std::vector<StatsItem> items,
                             const std::vector<std::string>& words) {
  const auto see = [&](std::uint32_t i, const SeeNames& see_them) {
    see_names(checkpoint, items[i], see_them);
  };
  const auto count = static_cast<std::uint32_t>(items.size());
  QueryResult found = find(words, count, see, Looseness::Letters);
  if (found.things.empty()) fail_no_match(checkpoint, words);
  MatchingItems matching{{}, std::move(found.notes)};
  for (const std::uint32_t i : found.things) matching.items.push_back(std::move(items[i]));
  return matching;
}

std::vector<StatsItem> by_cost(std::vector<StatsItem> items, const Checkpoint& checkpoint) {
  std::stable_sort(items.begin(), items.end(), [&](const StatsItem& a, const StatsItem& b) {
    return stored_bytes(checkpoint, *a.value) < stored_bytes(checkpoint, *b.value);
  });
  return items;
}

}  // namespace ckptscope
