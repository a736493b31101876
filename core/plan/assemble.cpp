// Parts are gathered by the key of their whole; a whole is made when all keys were seen.
#include <algorithm>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/plan/reading.hpp"

namespace ckptscope {
namespace {

constexpr std::size_t kShownExperts = 8;

/// "layer 3", or the key of the whole where it has no layers.
std::string place_name(const std::string& whole, const Captures& captures) {
  const auto layer = captures.find("L");
  return layer == captures.end() ? display(whole) : "layer " + layer->second;
}

/// "up_proj" of "….{E}.up_proj.weight".
std::string projection(const Part& tensor) {
  std::string_view name = tensor.spellings.front().tail();
  if (name.starts_with('.')) name.remove_prefix(1);
  if (name.ends_with(".weight")) name.remove_suffix(7);
  return std::string(name);
}

/// Numbers that are missing from a rising sequence: how many, and the first few.
class Holes {
 public:
  explicit Holes(std::uint64_t first) : next_(first) {}

  void present(std::uint64_t number) {
    until(number);
    next_ = number + 1;
  }
  void until(std::uint64_t end) {
    if (end > next_) count_ += end - next_;
    for (; next_ < end && shown_.size() < kShownExperts; ++next_) shown_.push_back(next_);
  }
  std::uint64_t count() const { return count_; }
  /// "experts 3, 4 and 12 more".
  std::string text() const {
    return fmt::format(
        "expert{} {}{}", count_ == 1 ? "" : "s", fmt::join(shown_, ", "),
        count_ > shown_.size() ? fmt::format(" and {} more", count_ - shown_.size()) : "");
  }

 private:
  std::uint64_t next_;
  std::uint64_t count_ = 0;
  std::vector<std::uint64_t> shown_;
};

}  // namespace

// ---- gathering ----------------------------------------------------------------------------------

bool Assembly::add(const KeyPlace& place, const LogicalTensor& tensor) {
  if (!reading_.are_numbers(*place.equation, tensor)) return true;
  const Part* stack = find_stack(place.equation->parts);
  std::uint64_t expert = 0;
  if (stack != nullptr) {
    expert = number_of(place.captures, stack->index);
    std::uint64_t& seen = experts_seen_[stack];
    seen = std::max(seen, expert + 1);
    if (is_of_other_rank(*stack, expert)) {
      group_of(place);  // so that those of this rank are missed where there are none
      return false;
    }
  }
  group_of(place).members.push_back({place.leaf->number, expert, &tensor});
  return true;
}

Assembly::Group& Assembly::group_of(const KeyPlace& place) {
  std::string key = place.equation->whole.front().expand(place.captures).value();
  Groups& groups = groups_[place.equation];
  if (groups.last != nullptr && groups.last->key == key) return *groups.last;
  auto [found, is_new] = groups.by_key.try_emplace(key);
  groups.last = &found->second;
  if (is_new) {
    found->second = {place.equation, std::move(key), place.captures, {}};
    order_.push_back(&found->second);
  }
  return found->second;
}

/// Two tensors at one position are a problem; the first one stays.
void Assembly::order_members(Group& group) {
  std::stable_sort(group.members.begin(), group.members.end(),
                   [](const Member& a, const Member& b) { return a.position() < b.position(); });
  std::vector<Member> kept;
  for (const Member& member : group.members) {
    if (kept.empty() || kept.back().position() != member.position()) {
      kept.push_back(member);
      continue;
    }
    const std::string_view origin = member.tensor->origin;
    reading_.problems.add(Code::KeyCollision, Severity::Error, origin,
                          "{} and {} are the same part of {}", display(origin),
                          display(kept.back().tensor->origin), display(group.key));
  }
  group.members = std::move(kept);
}

const Assembly::Member* Assembly::find_member(const Group& group, std::size_t place,
                                              std::uint64_t expert) {
  const std::pair wanted(place, expert);
  const auto found = std::lower_bound(
      group.members.begin(), group.members.end(), wanted,
      [](const Member& member, const auto& position) { return member.position() < position; });
  return found != group.members.end() && found->position() == wanted ? &*found : nullptr;
}

bool Assembly::is_of_other_rank(const Part& stack, std::uint64_t expert) const {
  if (!reading_.options.experts || !stack.extent || expert >= *stack.extent) return false;
  const auto [first, last] = reading_.expert_range(*stack.extent);
  return expert < first || expert >= last;
}

// ---- making -------------------------------------------------------------------------------------

void Assembly::finish(std::vector<Draft>& drafts) {
  for (Group* group : order_) order_members(*group);
  for (const Group* group : order_) {
    const Equation& equation = *group->equation;
    ValuePtr value = make(*group, equation.parts, 0);
    if (value == nullptr || !reading_.has_expected_rows(equation, value, group->key)) continue;
    const Part* const stack = find_stack(equation.parts);
    if (stack == nullptr) value = reading_.sliced(equation, value, group->key);
    if (value == nullptr) continue;
    drafts.push_back(reading_.draft(equation, group->key,
                                    reading_.with_target_dtype(equation, value, /*whole=*/true),
                                    group->members.front().tensor->origin));
    if (reading_.options.experts && (stack != nullptr || equation.counts_rows)) {
      const Extent count = stack != nullptr ? extent_of(*stack) : equation.rows;
      drafts.back().output.first_expert = reading_.expert_range(count.value_or(0)).first;
    }
  }
}

ValuePtr Assembly::make(const Group& group, const Part& part, std::uint64_t expert) {
  switch (part.op) {
    case Part::Op::Tensor:
      return make_tensor(group, part, expert);
    case Part::Op::Transpose: {
      const ValuePtr inner = make(group, part.parts[0], expert);
      const bool fits = inner != nullptr && reading_.has_rank(inner, 2, group.key);
      return fits ? reading_.values.transpose(inner) : nullptr;
    }
    case Part::Op::Concat:
      return make_concat(group, part, expert);
    case Part::Op::Stack:
      return make_stack(group, part);
    case Part::Op::Row:
      return make_row(group, part, expert);
    case Part::Op::Head:
      return make_head(group, part, expert);
    case Part::Op::Scaled:
      return make_scaled(group, part, expert);
    case Part::Op::Interleaved:
      break;
  }
  const ValuePtr inner = make(group, part.parts[0], expert);
  const bool fits = inner != nullptr && reading_.has_two_halves(part, inner, group.key);
  return fits ? reading_.values.interleave(inner, dimension_of(part.dim, inner->shape.size()))
              : nullptr;
}

/// A part without the dimension is taken as it is; it comes back with it.
ValuePtr Assembly::make_row(const Group& group, const Part& part, std::uint64_t expert) {
  const ValuePtr inner = make(group, part.parts[0], expert);
  if (inner == nullptr) return nullptr;
  if (inner->shape.size() < 2) {
    reading_.remark(Code::Alias, group.key,
                    fmt::format("{} {} comes back with a first dimension of 1", display(group.key),
                                to_string(inner->shape)));
    return inner;
  }
  if (inner->shape[0] == 1) return reading_.values.select(inner, 0);
  reading_.mismatch(group.key, inner, "a first dimension of 1");
  return nullptr;
}

ValuePtr Assembly::make_head(const Group& group, const Part& part, std::uint64_t expert) {
  const ValuePtr inner = make(group, part.parts[0], expert);
  if (inner == nullptr || !reading_.is_known(part, group.key)) return nullptr;
  const std::uint64_t count = *part.extent;
  const std::uint64_t padded = round_up(count, part.multiple);
  const std::uint64_t found = inner->shape.empty() ? 0 : inner->shape.back();
  if (found == count) return inner;
  if (found != padded) {
    reading_.mismatch(group.key, inner, fmt::format("{} or {} at the end", count, padded));
    return nullptr;
  }
  reading_.remark(
      Code::Padding, group.key,
      fmt::format("{}: the last {} of {} are left out as padding, and come back as zeros",
                  display(group.key), padded - count, padded));
  const int last = static_cast<int>(inner->shape.size()) - 1;
  reading_.paddings.push_back({group.key, reading_.values.slice(inner, last, count, padded)});
  return reading_.values.slice(inner, last, 0, count);
}

ValuePtr Assembly::make_scaled(const Group& group, const Part& part, std::uint64_t expert) {
  const ValuePtr inner = make(group, part.parts[0], expert);
  const ValuePtr factor = make(group, part.parts[1], expert);
  if (inner == nullptr || factor == nullptr) return nullptr;
  const bool fits = !inner->shape.empty() && same_shape(factor->shape, Shape{inner->shape[0]});
  if (!fits || inner->dtype == Dtype::F64 || factor->dtype == Dtype::F64) {
    reading_.mismatch(group.key, inner,
                      fmt::format("BF16, F16 or F32 and as many rows as its factor {} {}",
                                  name_of(factor->dtype), to_string(factor->shape)));
    return nullptr;
  }
  return reading_.values.scaled(inner, factor);
}

ValuePtr Assembly::make_tensor(const Group& group, const Part& tensor, std::uint64_t expert) {
  if (const Member* member = find_member(group, tensor.number, expert)) {
    return reading_.with_target_dtype(*group.equation, member->tensor->value);
  }
  // Of a stack every hole has been reported before.
  if (find_stack(group.equation->parts) == nullptr) {
    reading_.problems.add(Code::MissingPart, Severity::Error, group.key,
                          "{}: its part {} is missing", display(group.key),
                          tensor.spellings.front().text());
  }
  return nullptr;
}

ValuePtr Assembly::make_concat(const Group& group, const Part& part, std::uint64_t expert) {
  std::vector<ValuePtr> parts;
  for (const Part& inner : part.parts) {
    parts.push_back(make(group, inner, expert));
    if (parts.back() == nullptr) return nullptr;
  }
  if (!reading_.has_rank(parts[0], rank_for(part.dim), group.key) ||
      !fits_concat(group, part, parts))
    return nullptr;
  return reading_.values.concat(parts, dimension_of(part.dim, parts[0]->shape.size()));
}

bool Assembly::fits_concat(const Group& group, const Part& part, std::span<const ValuePtr> parts) {
  const Value& first = *parts[0];
  const auto dim = static_cast<std::size_t>(dimension_of(part.dim, first.shape.size()));
  if (!reading_.is_known(part, group.key)) return false;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const ValuePtr one = parts[i];
    Shape expected = to_shape(first.shape);
    if (one->shape.size() == first.shape.size()) {
      expected[dim] = part.sizes.empty() ? part.each.value_or(first.shape[dim]) : part.sizes[i];
    }
    if (same_shape(one->shape, expected) && one->dtype == first.dtype) continue;
    reading_.problems.add(
        Code::ShapeMismatch, Severity::Error, group.key, "{}: a part is {} {}, {} {} expected{}",
        display(group.key), name_of(one->dtype), to_string(one->shape), name_of(first.dtype),
        to_string(expected), part.each || !part.sizes.empty() ? " (a size of the config)" : "");
    return false;
  }
  return true;
}

ValuePtr Assembly::make_stack(const Group& group, const Part& part) {
  const Extent count = extent_of(part);
  if (!count || !has_every_expert(group, part, *count)) return nullptr;
  const auto [first, last] = reading_.expert_range(*count);
  if (reading_.is_empty_slice(*count, group.key)) return nullptr;
  std::vector<ValuePtr> parts;
  for (std::uint64_t expert = first; expert < last; ++expert) {
    parts.push_back(make(group, part.parts[0], expert));
    if (parts.back() == nullptr) return nullptr;
  }
  const bool fits = !parts.empty() && fits_stack(group, parts, first);
  return fits ? reading_.values.stack(parts, first) : nullptr;
}

bool Assembly::fits_stack(const Group& group, std::span<const ValuePtr> parts,
                          std::uint64_t first) {
  const Value& model = *parts[0];
  for (std::size_t i = 1; i < parts.size(); ++i) {
    if (same_shape(parts[i]->shape, model.shape) && parts[i]->dtype == model.dtype) continue;
    reading_.problems.add(Code::ShapeMismatch, Severity::Error, group.key,
                          "{}: expert {} is {} {}, expert {} is {} {}", display(group.key),
                          first + i, name_of(parts[i]->dtype), to_string(parts[i]->shape), first,
                          name_of(model.dtype), to_string(model.shape));
    return false;
  }
  return true;
}

/// The number of experts; without a config and --set, what the keys show.
Extent Assembly::extent_of(const Part& stack) {
  if (stack.extent) return stack.extent;
  return reading_.extents.infer(experts_seen_[&stack], "the keys", "", reading_.problems);
}

/// Names layer, projection and expert ids of every hole, and every id beyond the end. Costs what
/// the keys cost, whatever number of experts a config claims.
bool Assembly::has_every_expert(const Group& group, const Part& stack, std::uint64_t count) {
  bool whole = true;
  for_each_tensor(stack, [&](const Part& tensor) {
    whole = has_every_expert_of(group, tensor, count) && whole;
  });
  for (const Member& member : group.members) {
    if (member.expert < count) continue;
    whole = false;
    const std::string_view origin = member.tensor->origin;
    reading_.problems.add(Code::ExpertRange, Severity::Error, origin,
                          "{}: expert {} where the config states {}{}", display(origin),
                          member.expert, count,
                          count == 0 ? "" : fmt::format(" (0..{})", count - 1));
  }
  return whole;
}

bool Assembly::has_every_expert_of(const Group& group, const Part& tensor, std::uint64_t count) {
  const auto [first, last] = reading_.expert_range(count);
  Holes holes(first);
  for (const Member& member : group.members) {
    const bool counts = member.place == tensor.number && member.expert >= first;
    if (counts && member.expert < last) holes.present(member.expert);
  }
  holes.until(last);
  if (holes.count() == 0) return true;
  reading_.problems.add(Code::MissingExpert, Severity::Error, group.key,
                        "{}: {} of {} of 0..{} {} missing", place_name(group.key, group.captures),
                        projection(tensor), holes.text(), count - 1,
                        holes.count() == 1 ? "is" : "are");
  return false;
}

}  // namespace ckptscope
