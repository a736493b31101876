#include "app/logical_view.hpp"

#include <algorithm>
#include <map>

#include "adapters/adapter.hpp"
#include "app/commands/shared.hpp"
#include "app/conversion.hpp"
#include "core/display.hpp"
#include "core/natural_order.hpp"
#include "core/quantised_source.hpp"
#include "core/query.hpp"

namespace ckptscope {
namespace {

std::vector<StatsItem> decoded_items(const Checkpoint& checkpoint) {
  std::vector<Problem> problems;  // pairs that do not fit stay what they are
  const std::vector<bool> dropped(checkpoint.tensors().size());
  const DecodeOptions options{std::nullopt, Dtype::F32, /*lenient=*/true};
  std::vector<StatsItem> items;
  for (const LogicalTensor& tensor :
       logical_tensors({checkpoint.tensors(), checkpoint.keys()},
                       known_schemes(checkpoint.config()), dropped, options, problems)) {
    items.push_back({std::string(tensor.key), tensor.value});
  }
  return items;
}

bool covers(const StatsItem& item, std::uint32_t tensor) {
  bool found = false;
  for_each_source(*item.value, [&](std::uint32_t id) { found = found || id == tensor; });
  return found;
}

bool matches(const Query& query, const StatsItem& item, const Checkpoint& checkpoint) {
  bool found = false;
  for_each_source(*item.value, [&](std::uint32_t id) {
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
    for_each_source(*item.value, [&](std::uint32_t id) { covered[id] = true; });
  }
  for (std::uint32_t id = 0; id < covered.size(); ++id) {
    const TensorInfo& info = checkpoint.tensors()[id];
    if (covered[id]) continue;
    items.push_back({std::string(info.name), source_value(id, info.dtype, info.shape)});
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
  const Query query(words);
  std::erase_if(items, [&](const StatsItem& item) {
    return !has_statistics(*item.value) || !matches(query, item, checkpoint);
  });
  if (items.empty()) fail_no_match(checkpoint, words);
  return items;
}

Reference open_reference(const Checkpoint& checkpoint, const std::string& path) {
  Reference reference;
  reference.checkpoint = std::make_shared<const Checkpoint>(Checkpoint::open(path));
  const Checkpoint& other = *reference.checkpoint;
  refuse_errors(checkpoint.problems(), checkpoint.name());
  refuse_errors(other.problems(), other.name());
  const auto side_of = [](const Checkpoint& one, const Family& family) {
    return family.adapter == nullptr ? Side::Unknown
                                     : recognise_side(one, one.config(), *family.adapter);
  };
  const Side here = side_of(checkpoint, recognise_family(checkpoint, checkpoint.config()));
  const Family family = recognise_family(other, other.config());
  const Side there = side_of(other, family);
  const bool known =
      (here == Side::Hf || here == Side::Native) && (there == Side::Hf || there == Side::Native);
  if (!known || here == there) {
    reference.items = logical_items(other);
    reference.how = "same keys";
    return reference;
  }
  ConversionRequest request;
  request.to = name_of(here);
  request.dtype = "f32";
  const Plan plan = plan_conversion(other, request).plan;
  plan.require_sound(other.name());
  for (const Output& output : plan.outputs) {
    if (output.kind != Kind::Synthesised) reference.items.push_back({output.key, output.value});
  }
  reference.how = fmt::format("{} -> {}, {}", name_of(there), name_of(here), family.adapter->id);
  return reference;
}

Meeting meet(const std::vector<StatsItem>& items, const Reference& reference) {
  std::map<std::string_view, const StatsItem*> theirs;
  for (const StatsItem& item : reference.items) theirs.emplace(item.key, &item);
  Meeting meeting;
  for (const StatsItem& item : items) {
    const auto found = theirs.find(item.key);
    if (found == theirs.end()) {
      meeting.only_here.push_back(item.key);
      continue;
    }
    const ValuePtr& there = found->second->value;
    if (!same_shape(item.value->shape, there->shape)) {
      meeting.misshapen.push_back(fmt::format(
          "{}: {}, {} there", item.key, to_string(item.value->shape), to_string(there->shape)));
    } else if (are_floats(*item.value) && are_floats(*there)) {
      meeting.pairs.push_back({item.key, item.value, there});
    } else if (item.value->dtype == there->dtype) {
      meeting.others.push_back({item.key, item.value, there});
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
