// Two layouts meet in native.
#include "app/planning/counterparts.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "app/planning/conversion.hpp"
#include "core/base/display.hpp"
#include "core/base/natural_order.hpp"
#include "core/inspect/same_bytes.hpp"
#include "core/ranks/shared_results.hpp"

namespace ckptscope {
namespace {

/// What is compared as floats; F64 holds more.
bool are_floats(const Value& value) {
  return is_number(value.dtype) && value.dtype != Dtype::F64;
}

/// A tensor as it lies on disk, whose bytes can be compared.
bool is_input(const Value& value) {
  return value.op == Value::Op::Input;
}

/// A tensor that native copies from another is missing: a tied head, where nothing else tells the
/// sides.
bool lacks_a_copy(const Checkpoint& checkpoint, const Adapter& adapter) {
  const Mapping mapping = mapping_of(adapter, checkpoint.config());
  return std::any_of(mapping.additions.begin(), mapping.additions.end(), [&](const Addition& one) {
    return one.kind == Addition::Kind::Copy && checkpoint.find(one.beside.text()) &&
           !checkpoint.find(one.key.text());
  });
}

/// How much of a checkpoint is native by its names; nullopt without a family. Keys that both sides
/// share say nothing, and an hf checkpoint may carry native prefixes.
std::optional<int> nativeness(const Checkpoint& checkpoint) {
  const Family family = recognise_family(checkpoint.tensors(), checkpoint.config());
  if (family.adapter == nullptr) return std::nullopt;
  constexpr DetectedSide kRising[] = {DetectedSide::Hf, DetectedSide::Mixed, DetectedSide::Unknown,
                                      DetectedSide::Native};
  DetectedSide side = recognise_side(checkpoint.tensors(), checkpoint.config(), *family.adapter);
  if (side == DetectedSide::Unknown && lacks_a_copy(checkpoint, *family.adapter)) {
    side = DetectedSide::Hf;
  }
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

/// Keys of tensors that hold no floats and do not lie there as here.
std::vector<std::string> unequal_bytes(const Checkpoint& here, const Checkpoint& there,
                                       std::span<const ValuePair> pairs, const Workers& workers,
                                       Progress& progress) {
  std::vector<std::uint64_t> bytes;
  for (const ValuePair& pair : pairs) {
    bytes.push_back(byte_count(pair.value->dtype, pair.value->shape));
  }
  PerWorker<CheckpointBytes> readers(workers.threads);
  const auto same = shared_results<char>(
      "compare", bytes, workers, progress, [&](std::size_t i, unsigned worker) {
        CheckpointBytes& both = readers.of(worker, here, there);
        return both.same(pairs[i].value->input, pairs[i].reference->input, bytes[i], progress);
      });
  std::vector<std::string> unequal;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (same[i] == 0) unequal.push_back(pairs[i].key);
  }
  return unequal;
}

}  // namespace

Counterparts open_other(const Checkpoint& checkpoint, const std::string& path, Progress& progress) {
  Counterparts both;
  both.other = std::make_shared<const Checkpoint>(Checkpoint::open(path, {"", &progress}));
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

Comparison compare(const Checkpoint& here, const Checkpoint& there, const Meeting& meeting,
                   const Workers& workers, Progress& progress) {
  Comparison found{std::vector<ValueDistance>(meeting.pairs.size()), {}};
  value_distances([&] { return std::make_unique<CheckpointSource>(here); },
                  [&] { return std::make_unique<CheckpointSource>(there); }, meeting.pairs, workers,
                  progress,
                  [&](std::size_t i, const ValueDistance& one) { found.distances[i] = one; });
  found.unequal = unequal_bytes(here, there, meeting.others, workers, progress);
  return found;
}

}  // namespace ckptscope
