// Questions that follow from the data of a plan.
#include "core/plan/plan.hpp"

#include <algorithm>

#include "core/base/natural_order.hpp"

namespace ckptscope {

std::string_view name_of(OutputKind kind) {
  switch (kind) {
    case OutputKind::Stacked:
      return "stacked";
    case OutputKind::Split:
      return "split";
    case OutputKind::Decoded:
      return "decoded";
    case OutputKind::Transposed:
      return "transposed";
    case OutputKind::Cast:
      return "cast";
    case OutputKind::Encoded:
      return "encoded";
    case OutputKind::Renamed:
      return "renamed";
    case OutputKind::Passed:
      return "passed through";
    case OutputKind::Synthesised:
      return "synthesised";
    case OutputKind::Copied:
      return "copied";
    case OutputKind::Borrowed:
      return "copied from --like";
  }
  return "";
}

std::pair<std::uint64_t, std::uint64_t> ExpertSlice::of(std::uint64_t count) const {
  if (ranks == 0) return {std::min(first, count), std::min(last + 1, count)};
  const std::uint64_t each = count / ranks;
  const std::uint64_t more = count % ranks;
  const std::uint64_t begin = first * each + std::min(first, more);
  return {begin, begin + each + (first < more ? 1 : 0)};
}

std::string ExpertSlice::text() const {
  return ranks > 0 ? fmt::format("{}/{}", first, ranks) : fmt::format("{}..{}", first, last);
}

std::string_view name_of(Quantise quantise) {
  if (quantise.keeps) return "keep";
  return quantise.scheme ? name_of(*quantise.scheme) : "none";
}

bool Plan::sound() const {
  return count_errors(problems) == 0;
}

void Plan::require_sound(const std::string& checkpoint) const {
  refuse_errors(problems, checkpoint);
}

bool Plan::lossless() const {
  const auto changes_bytes = [](const Output& output) {
    const OpSet ops = ops_of(*output.value);
    return output.kind == OutputKind::Synthesised || output.kind == OutputKind::Borrowed ||
           output.kind == OutputKind::Copied || ops.has(Value::Op::Scaled) ||
           ops.has(Value::Op::Ones) || ops.has(Value::Op::Cast) || is_encoded(*output.value) ||
           !decoded_form_below(*output.value).empty();
  };
  const auto is_alias = [](const Problem& problem) {
    return problem.code == Code::Alias || problem.code == Code::Padding;
  };
  return drop_rules.empty() && excluded.empty() && renamed == 0 &&
         std::none_of(outputs.begin(), outputs.end(), changes_bytes) &&
         std::none_of(problems.begin(), problems.end(), is_alias);
}

Account Plan::account() const {
  Account account;
  account.sources = inputs.size();
  account.targets = outputs.size();
  account.excluded = excluded.size();
  for (std::size_t id = 0; id < inputs.size(); ++id) {
    account.bytes_in += inputs[id].bytes();
    switch (fates[id].kind) {
      case Fate::Kind::Used:
        ++account.sources_by_kind[static_cast<std::size_t>(outputs[fates[id].where].kind)];
        break;
      case Fate::Kind::Dropped:
        ++account.dropped;
        break;
      case Fate::Kind::Unplaced:
        ++account.unplaced;
        break;
    }
  }
  for (const Output& output : outputs) {
    ++account.targets_by_kind[static_cast<std::size_t>(output.kind)];
    account.bytes_out += output.bytes();
    account.largest = std::max(account.largest, output.bytes());
    const Value& value = *output.value;
    if (value.op != Value::Op::PackedScales || !written_form(value.packing).is_measured()) continue;
    for_each_input(*output.value,
                   [&](std::uint32_t id) { account.read_twice += input(id).bytes(); });
  }
  return account;
}

const TensorInfo& Plan::input(std::uint32_t number) const {
  return number < inputs.size() ? inputs[number] : borrowed[number - inputs.size()].info;
}

const Output* Plan::find_output(std::string_view key) const {
  const auto found = std::lower_bound(outputs.begin(), outputs.end(), key,
                                      [](const Output& output, std::string_view wanted) {
                                        return natural_less(output.key, wanted);
                                      });
  return found != outputs.end() && found->key == key ? &*found : nullptr;
}

Plan Plan::subset(const std::function<bool(const Output&)>& keep,
                  const std::function<bool(const TensorInfo&)>& keep_dropped) const {
  Plan part = *this;
  std::erase_if(part.outputs, [&](const Output& output) { return !keep(output); });
  for (std::size_t id = 0; id < fates.size(); ++id) {
    const bool stays = fates[id].kind == Fate::Kind::Dropped && keep_dropped(inputs[id]);
    if (!stays) part.fates[id] = {};
  }
  part.fates = with_used(std::move(part.fates), part.outputs);
  return part;
}

void Plan::name_inputs(std::span<const TensorInfo> stored) {
  for (std::size_t id = 0; id < inputs.size(); ++id) {
    renamed += inputs[id].name != stored[id].name ? 1 : 0;
  }
  inputs = stored;
  for (Output& output : outputs) {
    const bool moved =
        output.kind == OutputKind::Passed && inputs[output.value->input].name != output.key;
    if (moved) output.kind = OutputKind::Renamed;
  }
}

std::vector<Fate> with_used(std::vector<Fate> fates, std::span<const Output> outputs) {
  for (const bool copies : {false, true}) {  // a copy is no input's first use
    for (std::uint32_t i = 0; i < outputs.size(); ++i) {
      if ((outputs[i].kind == OutputKind::Copied) != copies) continue;
      for_each_input(*outputs[i].value, [&](std::uint32_t id) {
        if (id < fates.size() && fates[id].kind == Fate::Kind::Unplaced)
          fates[id] = {Fate::Kind::Used, i};
      });
    }
  }
  return fates;
}

}  // namespace ckptscope
