// No family is needed to decode: the names of the schemes are known. Two layouts meet in native.
#include "app/planning/decoded_items.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "adapters/adapter.hpp"
#include "app/planning/conversion.hpp"
#include "app/planning/matching_tensors.hpp"
#include "core/base/display.hpp"
#include "core/base/natural_order.hpp"
#include "core/names/query.hpp"
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

bool covers(const StatsItem& item, std::uint32_t tensor) {
  bool found = false;
  for_each_input(*item.value, [&](std::uint32_t id) { found = found || id == tensor; });
  return found;
}

bool matches(const Query& query, const StatsItem& item, const Checkpoint& checkpoint) {
  bool found = false;
  for_each_input(*item.value, [&](std::uint32_t id) {
    const TensorInfo& info = checkpoint.tensors()[id];
    found = found || query.matches({.key = info.name,
                                    .dtype = info.dtype,
                                    .shape = info.shape,
                                    .bytes = info.bytes(),
                                    .shard = info.shard + 1});
  });
  const Shape shape = stored_shape(*item.value);
  return found || query.matches({.key = item.key,
                                 .dtype = item.value->dtype,
                                 .shape = shape,
                                 .bytes = stored_bytes(checkpoint, *item.value)});
}

/// What is compared as floats; F64 holds more.
bool are_floats(const Value& value) {
  return is_number(value.dtype) && value.dtype != Dtype::F64;
}

/// A tensor as it lies on disk, whose bytes can be compared.
bool is_input(const Value& value) {
  return value.op == Value::Op::Input;
}

/// How much of a checkpoint is native by its names; nullopt without a family. Keys that both sides
/// share say nothing, and an hf checkpoint may carry native prefixes.
std::optional<int> nativeness(const Checkpoint& checkpoint) {
  const Family family = recognise_family(checkpoint, checkpoint.config());
  if (family.adapter == nullptr) return std::nullopt;
  constexpr DetectedSide kRising[] = {DetectedSide::Hf, DetectedSide::Mixed, DetectedSide::Unknown,
                                      DetectedSide::Native};
  const DetectedSide side = recognise_side(checkpoint, checkpoint.config(), *family.adapter);
  return static_cast<int>(std::find(std::begin(kRising), std::end(kRising), side) - kRising);
}

/// What an hf checkpoint holds under native keys, in F32, with the zeros that native adds; returns
/// how they got there. Throws the plan's first problem.
std::string to_native(const Checkpoint& checkpoint, std::vector<StatsItem>& items,
                      std::vector<std::string>& dropped) {
  ConversionRequest request;
  request.to = name_of(Side::Native);
  request.dtype = "f32";
  const Plan plan = plan_conversion(checkpoint, request).plan;
  plan.require_sound(checkpoint.name());
  for (const Output& output : plan.outputs) {
    items.push_back({output.key, shared_value(plan.values, output.value)});
  }
  for (std::uint32_t id = 0; id < plan.fates.size(); ++id) {
    if (plan.fates[id].kind != Fate::Kind::Dropped) continue;
    dropped.push_back(fmt::format("{}: {}", checkpoint.tensors()[id].name,
                                  plan.drop_rules[plan.fates[id].where].reason));
  }
  return fmt::format("hf -> native, {}", plan.options.adapter);
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
  std::sort(items.begin(), items.end(),
            [](const StatsItem& a, const StatsItem& b) { return natural_less(a.key, b.key); });
  return items;
}

std::vector<StatsItem> matching_items(const Checkpoint& checkpoint,
                                      const std::vector<std::string>& words) {
  std::vector<StatsItem> items = logical_items(checkpoint);
  if (words.size() == 1) {
    auto one = named_item(checkpoint, items, words.front());
    if (!one.empty()) return one;
  }
  std::erase_if(items, [](const StatsItem& item) { return !has_statistics(*item.value); });
  return matching_items(checkpoint, std::move(items), words);
}

std::vector<StatsItem> matching_items(const Checkpoint& checkpoint, std::vector<StatsItem> items,
                                      const std::vector<std::string>& words) {
  const Query query(words);
  std::erase_if(items, [&](const StatsItem& item) { return !matches(query, item, checkpoint); });
  if (items.empty()) fail_no_match(checkpoint, words);
  return items;
}

Counterparts open_other(const Checkpoint& checkpoint, const std::string& path) {
  Counterparts both;
  both.other = std::make_shared<const Checkpoint>(Checkpoint::open(path));
  const Checkpoint& other = *both.other;
  refuse_errors(checkpoint.problems(), checkpoint.name());
  refuse_errors(other.problems(), other.name());
  const auto here = nativeness(checkpoint);
  const auto there = nativeness(other);
  if (here && there && *here < *there) {
    both.how = to_native(checkpoint, both.here, both.dropped_here);
    both.there = logical_items(other);
  } else if (here && there && *there < *here) {
    both.how = to_native(other, both.there, both.dropped_there);
    both.here = logical_items(checkpoint);
  } else {
    both.how = "same keys";
    both.here = logical_items(checkpoint);
    both.there = logical_items(other);
  }
  return both;
}

Meeting meet(const std::vector<StatsItem>& here, const std::vector<StatsItem>& others) {
  std::map<std::string_view, const StatsItem*> theirs;
  for (const StatsItem& item : others) theirs.emplace(item.key, &item);
  Meeting meeting;
  for (const StatsItem& item : here) {
    const auto found = theirs.find(item.key);
    if (found == theirs.end()) {
      meeting.only_here.push_back(item.key);
      continue;
    }
    const SharedValue& there = found->second->value;
    if (!same_shape(item.value->shape, there->shape)) {
      meeting.misshapen.push_back(fmt::format(
          "{}: {}, {} there", item.key, to_string(item.value->shape), to_string(there->shape)));
    } else if (are_floats(*item.value) && are_floats(*there)) {
      meeting.pairs.push_back({item.key, item.value, there});
    } else if (item.value->dtype == there->dtype && is_input(*item.value) && is_input(*there)) {
      meeting.others.push_back({item.key, item.value, there});
    } else if (item.value->dtype == there->dtype) {
      meeting.misshapen.push_back(fmt::format("{}: {}, laid out otherwise there; not compared",
                                              item.key, name_of(there->dtype)));
    } else {
      meeting.misshapen.push_back(fmt::format("{}: {}, {} there", item.key,
                                              name_of(item.value->dtype), name_of(there->dtype)));
    }
    theirs.erase(found);
  }
  for (const auto& [key, item] : theirs) meeting.only_there.emplace_back(key);
  std::sort(meeting.only_there.begin(), meeting.only_there.end(), natural_less);
  return meeting;
}

}  // namespace ckptscope
