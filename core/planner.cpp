#include "core/planner.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <unordered_map>

#include "core/display.hpp"
#include "core/matching.hpp"
#include "core/natural_order.hpp"
#include "core/quantised_source.hpp"
#include "core/regex.hpp"

namespace ckptscope {
namespace {

std::uint64_t to_number(const std::string& digits) {
  std::uint64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

/// A source tensor, or a decoded pair of them, as the rules see it.
struct Logical {
  std::string_view origin;  // the key on disk, without a scheme's suffix
  std::string key;          // after prefixes
  ValuePtr value;
};

/// The tensors of one equation that make one whole.
struct Group {
  const Equation* equation = nullptr;
  std::string key;  // of the whole
  Captures captures;
  std::map<std::pair<std::size_t, std::uint64_t>, const Logical*> members;  // by tensor and expert
};

constexpr std::size_t kShownExperts = 8;
/// An extent of a tensor without elements may claim anything; no model has more experts than this.
constexpr std::uint64_t kMostExperts = 1 << 20;

class Planner {
 public:
  Planner(const PlanSource& source, const Mapping& mapping, const PlanOptions& options)
      : source_(source), mapping_(mapping) {
    plan_.options = options;
    plan_.sources.assign(source.tensors.begin(), source.tensors.end());
    plan_.fates.resize(source.tensors.size());
  }

  Plan run() {
    drop_sources();
    make_logical();
    for (const Logical& logical : logical_) place(logical);
    for (const Group* group : group_order_) assemble(*group);
    if (to() == Namespace::Native && from() != to()) synthesise();
    exclude();
    sort_outputs();
    settle_fates();
    report_orphans();
    report_aliases();
    report_identity();
    return std::move(plan_);
  }

 private:
  Namespace from() const { return plan_.options.from; }
  Namespace to() const { return plan_.options.to; }

  template <typename... Args>
  void problem(Code code, Severity severity, std::string_view key,
               fmt::format_string<Args...> format, Args&&... args) {
    plan_.problems.push_back(
        {code, severity, fmt::format(format, std::forward<Args>(args)...), std::string(key)});
  }

  // ---- sources -------------------------------------------------------------------------------

  void drop_sources() {
    if (from() != Namespace::Hf || from() == to()) return;
    for (const Drop& drop : mapping_.drops) {
      for (std::size_t id = 0; id < source_.tensors.size(); ++id) {
        Fate& fate = plan_.fates[id];
        if (fate.kind == Fate::Kind::Dropped || !applies(drop, source_.tensors[id].name)) continue;
        fate = {Fate::Kind::Dropped, rule_named(drop.rule, drop.reason)};
      }
    }
  }

  static bool applies(const Drop& drop, std::string_view key) {
    const auto captures = drop.key.match(key);
    if (!captures) return false;
    return drop.variable.empty() ||
           to_number(captures->find(drop.variable)->second) >= drop.minimum;
  }

  void make_logical() {
    const bool decode = from() == Namespace::Hf && to() == Namespace::Native;
    std::vector<bool> dropped(source_.tensors.size());
    for (std::size_t id = 0; id < dropped.size(); ++id) {
      dropped[id] = plan_.fates[id].kind == Fate::Kind::Dropped;
    }
    const std::vector<LogicalTensor> tensors = logical_tensors(
        source_, decode ? mapping_.schemes : std::vector<QuantScheme>(), dropped,
        {plan_.options.dtype, plan_.options.output_dtype(), plan_.options.lenient}, plan_.problems);
    for (const LogicalTensor& tensor : tensors) {
      std::string key(tensor.key);
      if (decode) key = with_prefix(mapping_, key, Namespace::Native);
      logical_.push_back({tensor.key, std::move(key), tensor.value});
    }
    drop_orphan_scales();
  }

  /// With --lenient a scale without its weight is a warning, and goes.
  void drop_orphan_scales() {
    for (const Problem& one : plan_.problems) {
      if (one.code != Code::OrphanScale || one.severity != Severity::Warning) continue;
      const auto id = source_.index.find(source_.tensors, one.key);
      if (id)
        plan_.fates[*id] = {Fate::Kind::Dropped, rule_named("lenient", "scales without a weight")};
    }
  }

  // ---- equations -----------------------------------------------------------------------------

  void place(const Logical& logical) {
    const auto found = from() == to() ? std::nullopt : find_place(mapping_, logical.key, from());
    if (!found) {
      emit(logical.key, logical.value, logical.origin);
    } else if (found->leaf == nullptr) {
      if (!has_expected_rows(*found->equation, *logical.value, logical.origin)) return;
      take_apart(*found->equation, found->equation->parts, found->captures, logical.value, logical);
    } else {
      add_to_group(*found, logical);
    }
  }

  void emit(std::string key, ValuePtr value, std::string_view origin) {
    if (to() == Namespace::Hf && from() != to()) key = with_prefix(mapping_, key, Namespace::Hf);
    if (!checked_byte_count(value->dtype, value->shape)) {
      return problem(Code::ShapeOverflow, Severity::Error, key,
                     "{}: the size of {} {} exceeds 64 bits", display(key), name_of(value->dtype),
                     to_string(value->shape));
    }
    Output output{std::move(key), std::move(value)};
    output.kind = kind_of(output, origin);
    plan_.outputs.push_back(std::move(output));
    origins_.push_back(origin);
  }

  static Kind kind_of(const Output& output, std::string_view origin) {
    using Op = Value::Op;
    const Value& value = *output.value;
    if (contains(value, Op::Stack)) return Kind::Stacked;
    if (contains(value, Op::Select) || contains(value, Op::Slice)) return Kind::Split;
    if (contains(value, Op::Mxfp4) || contains(value, Op::Fp8)) return Kind::Decoded;
    if (contains(value, Op::Transpose) || contains(value, Op::Concat)) return Kind::Transposed;
    if (contains(value, Op::Cast)) return Kind::Cast;
    return output.key == origin ? Kind::Passed : Kind::Renamed;
  }

  static bool transforms(const Equation& equation) { return equation.parts.op != Part::Op::Tensor; }

  /// The dtype that an equation's tensors get; nullopt keeps theirs.
  std::optional<Dtype> target_dtype(const Equation& equation) const {
    if (equation.fixed) return equation.fixed;
    const PlanOptions& options = plan_.options;
    if (to() == Namespace::Native && find_stack(equation.parts)) return options.output_dtype();
    if (to() == Namespace::Hf && transforms(equation)) return options.dtype;
    return std::nullopt;
  }

  ValuePtr with_target_dtype(const Equation& equation, ValuePtr value) const {
    const auto dtype = target_dtype(equation);
    return dtype && is_number(value->dtype) ? cast(std::move(value), *dtype) : value;
  }

  /// What is transformed must be numbers, never packed codes.
  bool are_numbers(const Equation& equation, const Logical& logical) {
    if (!transforms(equation) || is_number(logical.value->dtype)) return true;
    problem(
        Code::PackedCodes, Severity::Error, logical.origin,
        "{}: dtype {} holds packed codes that no scheme decodes; they are not transposed, stacked "
        "or split",
        display(logical.origin), name_of(logical.value->dtype));
    return false;
  }

  bool has_expected_rows(const Equation& equation, const Value& whole, std::string_view key) {
    if (!equation.rows || whole.shape.empty() || whole.shape[0] == *equation.rows) return true;
    report_experts(key, whole.shape, *equation.rows);
    return false;
  }

  void report_experts(std::string_view key, ShapeView found, std::uint64_t expected) {
    problem(Code::ExpertCount, Severity::Error, key,
            "{}: {} experts in {}, {} expected; --set num_experts=N overrides the config",
            display(key), found[0], to_string(found), expected);
  }

  bool has_rank(const ValuePtr& value, std::size_t rank, std::string_view key) {
    if (value->shape.size() >= rank) return true;
    problem(Code::ShapeMismatch, Severity::Error, key,
            "{}: shape {}, at least {} dimensions expected", display(key), to_string(value->shape),
            rank);
    return false;
  }

  // ---- taking apart --------------------------------------------------------------------------

  void take_apart(const Equation& equation, const Part& part, const Captures& captures,
                  const ValuePtr& value, const Logical& logical) {
    if (!are_numbers(equation, logical)) return;
    switch (part.op) {
      case Part::Op::Tensor:
        emit(part.spellings.front().expand(captures).value(), with_target_dtype(equation, value),
             logical.origin);
        return;
      case Part::Op::Transpose:
        if (!has_rank(value, 2, logical.origin)) return;
        return take_apart(equation, part.parts[0], captures, transpose(value), logical);
      case Part::Op::Concat:
        return take_apart_concat(equation, part, captures, value, logical);
      case Part::Op::Stack:
        return take_apart_stack(equation, part, captures, value, logical);
    }
  }

  void take_apart_concat(const Equation& equation, const Part& part, const Captures& captures,
                         const ValuePtr& value, const Logical& logical) {
    if (!has_rank(value, 1, logical.origin)) return;
    const int dim = part.dim < 0 ? static_cast<int>(value->shape.size()) + part.dim : part.dim;
    const std::uint64_t whole = value->shape[static_cast<std::size_t>(dim)];
    const std::uint64_t count = part.parts.size();
    const std::uint64_t each = part.each.value_or(whole / count);
    if (each * count != whole) {
      problem(Code::ShapeMismatch, Severity::Error, logical.origin,
              "{}: dimension {} of {} is {}, {} parts of {} expected", display(logical.origin), dim,
              to_string(value->shape), whole, count, each);
      return;
    }
    for (std::uint64_t i = 0; i < count; ++i) {
      take_apart(equation, part.parts[i], captures, slice(value, dim, i * each, (i + 1) * each),
                 logical);
    }
  }

  void take_apart_stack(const Equation& equation, const Part& part, Captures captures,
                        const ValuePtr& value, const Logical& logical) {
    if (!has_rank(value, 1, logical.origin)) return;
    const std::uint64_t found = value->shape[0];
    const auto [first, last] = expert_range(part.extent.value_or(found));
    if (found != last - first || found > kMostExperts) {
      return report_experts(logical.origin, value->shape, std::min(last - first, kMostExperts));
    }
    for (std::uint64_t i = 0; i < found; ++i) {
      captures[part.index] = fmt::format("{}", first + i);
      take_apart(equation, part.parts[0], captures, select(value, i), logical);
    }
  }

  std::pair<std::uint64_t, std::uint64_t> expert_range(std::uint64_t count) const {
    return plan_.options.expert_range.value_or(std::pair(std::uint64_t{0}, count));
  }

  // ---- assembling ----------------------------------------------------------------------------

  void add_to_group(const Place& place, const Logical& logical) {
    const Equation& equation = *place.equation;
    if (!are_numbers(equation, logical)) return;
    const Part* stack_part = find_stack(equation.parts);
    std::uint64_t index = 0;
    if (stack_part != nullptr) {
      index = to_number(place.captures.find(stack_part->index)->second);
      std::uint64_t& seen = stack_sizes_[stack_part];
      seen = std::max(seen, index + 1);
    }
    if (stack_part != nullptr && belongs_to_other_rank(index, stack_part->extent)) {
      return drop(logical, "rank", "experts of other ranks");
    }
    std::string key = equation.whole.front().expand(place.captures).value();
    auto [found, is_new] = groups_.try_emplace(key);
    Group& group = found->second;
    if (is_new) {
      group = {&equation, std::move(key), place.captures, {}};
      group_order_.push_back(&group);
    }
    if (!group.members.emplace(std::pair(place.leaf->number, index), &logical).second) {
      problem(Code::KeyCollision, Severity::Error, logical.origin,
              "{} and {} are the same part of {}", display(logical.origin),
              display(group.members.at({place.leaf->number, index})->origin), display(group.key));
    }
  }

  bool belongs_to_other_rank(std::uint64_t index, Extent count) const {
    const auto& range = plan_.options.expert_range;
    return range && count && index < *count && (index < range->first || index >= range->second);
  }

  void drop(const Logical& logical, std::string_view name, std::string_view reason) {
    const std::uint32_t rule = rule_named(name, reason);
    for_each_source(*logical.value, [&](std::uint32_t id) {
      plan_.fates[id] = {Fate::Kind::Dropped, rule};
    });
  }

  std::uint32_t rule_named(std::string_view name, std::string_view reason) {
    for (std::uint32_t i = 0; i < plan_.drop_rules.size(); ++i) {
      if (plan_.drop_rules[i].name == name) return i;
    }
    plan_.drop_rules.push_back({std::string(name), std::string(reason)});
    return static_cast<std::uint32_t>(plan_.drop_rules.size() - 1);
  }

  void assemble(const Group& group) {
    const std::size_t before = error_count();
    const ValuePtr value = assemble(group, group.equation->parts, 0);
    if (value && error_count() == before && has_expected_rows(*group.equation, *value, group.key)) {
      emit(group.key, value, group.members.begin()->second->origin);
    }
  }

  std::size_t error_count() const {
    return static_cast<std::size_t>(
        std::count_if(plan_.problems.begin(), plan_.problems.end(),
                      [](const Problem& one) { return one.severity == Severity::Error; }));
  }

  ValuePtr assemble(const Group& group, const Part& part, std::uint64_t index) {
    switch (part.op) {
      case Part::Op::Tensor: {
        const auto member = group.members.find({part.number, index});
        if (member != group.members.end()) {
          return with_target_dtype(*group.equation, member->second->value);
        }
        if (!find_stack(group.equation->parts)) {
          problem(Code::MissingPart, Severity::Error, group.key, "{}: its part {} is missing",
                  display(group.key), part.spellings.front().text());
        }
        return nullptr;
      }
      case Part::Op::Transpose: {
        const ValuePtr inner = assemble(group, part.parts[0], index);
        return inner && has_rank(inner, 2, group.key) ? transpose(inner) : nullptr;
      }
      case Part::Op::Concat:
        return assemble_concat(group, part, index);
      case Part::Op::Stack:
        break;
    }
    return assemble_stack(group, part);
  }

  ValuePtr assemble_concat(const Group& group, const Part& part, std::uint64_t index) {
    std::vector<ValuePtr> parts;
    for (const Part& inner : part.parts) {
      parts.push_back(assemble(group, inner, index));
      if (!parts.back()) return nullptr;
    }
    const auto rank = parts[0]->shape.size();
    if (!has_rank(parts[0], 1, group.key)) return nullptr;
    const auto dim = part.dim < 0 ? rank - static_cast<std::size_t>(-part.dim)
                                  : static_cast<std::size_t>(part.dim);
    for (const ValuePtr& one : parts) {
      Shape expected = parts[0]->shape;
      if (one->shape.size() == rank) expected[dim] = part.each.value_or(one->shape[dim]);
      if (one->shape == expected && one->dtype == parts[0]->dtype) continue;
      problem(Code::ShapeMismatch, Severity::Error, group.key,
              "{}: a part is {} {}, {} {} expected{}", display(group.key), name_of(one->dtype),
              to_string(one->shape), name_of(parts[0]->dtype), to_string(expected),
              part.each ? " (the config's expert size)" : "");
      return nullptr;
    }
    return concat(std::move(parts), static_cast<int>(dim));
  }

  ValuePtr assemble_stack(const Group& group, const Part& part) {
    const auto count = stack_extent(part);
    if (!count) return nullptr;
    report_missing(group, part, *count);
    const auto [first, last] = expert_range(*count);
    std::vector<ValuePtr> parts;
    for (std::uint64_t index = first; index < last; ++index) {
      const ValuePtr one = assemble(group, part.parts[0], index);
      if (!one) return nullptr;
      if (!parts.empty() && (one->shape != parts[0]->shape || one->dtype != parts[0]->dtype)) {
        problem(Code::ShapeMismatch, Severity::Error, group.key,
                "{}: expert {} is {} {}, expert {} is {} {}", display(group.key), index,
                name_of(one->dtype), to_string(one->shape), first, name_of(parts[0]->dtype),
                to_string(parts[0]->shape));
        return nullptr;
      }
      parts.push_back(one);
    }
    return parts.empty() ? nullptr : stack(std::move(parts), first);
  }

  /// The number of experts; without a config and --set, what the keys show.
  std::optional<std::uint64_t> stack_extent(const Part& part) {
    if (part.extent) return part.extent;
    const std::uint64_t seen = stack_sizes_[&part];
    const bool is_new = reported_extent_.insert(seen).second;
    if (plan_.options.has_config) {
      if (is_new) {
        problem(Code::ExpertCount, Severity::Error, "",
                "the config does not state the number of experts, the keys show 0..{}; "
                "--set num_experts={} says so",
                seen - 1, seen);
      }
      return std::nullopt;
    }
    if (is_new) {
      problem(Code::Inferred, Severity::Warning, "",
              "no config: {} experts, inferred from the keys 0..{}", seen, seen - 1);
    }
    return seen;
  }

  /// Names layer, projection and expert ids of every hole, and every id beyond the end. Costs what
  /// the keys cost, whatever number of experts a config claims.
  void report_missing(const Group& group, const Part& part, std::uint64_t count) {
    const auto [first, last] = expert_range(count);
    for_each_tensor(part, [&, first = first, last = last](const Part& tensor) {
      std::vector<std::uint64_t> shown;
      std::uint64_t missing = last - first;
      std::uint64_t next = first;
      const auto hole = [&](std::uint64_t end) {
        for (; next < end && shown.size() < kShownExperts; ++next) shown.push_back(next);
      };
      const auto begin = group.members.lower_bound({tensor.number, first});
      const auto end = group.members.lower_bound({tensor.number, last});
      for (auto member = begin; member != end; ++member, --missing) {
        hole(member->first.second);
        next = member->first.second + 1;
      }
      hole(last);
      if (missing == 0) return;
      problem(Code::MissingExpert, Severity::Error, group.key, "{}: {} of {} of 0..{} {} missing",
              place_name(group), projection(tensor), expert_list(shown, missing), count - 1,
              missing == 1 ? "is" : "are");
    });
    for (const auto& [place, logical] : group.members) {
      if (place.second < count) continue;
      problem(Code::ExpertRange, Severity::Error, logical->origin,
              "{}: expert {} where the config states {} (0..{})", display(logical->origin),
              place.second, count, count - 1);
    }
  }

  static std::string place_name(const Group& group) {
    const auto layer = group.captures.find("L");
    return layer == group.captures.end() ? display(group.key) : "layer " + layer->second;
  }

  /// "up_proj" of "….{E}.up_proj.weight".
  static std::string projection(const Part& leaf) {
    std::string_view name = leaf.spellings.front().tail();
    if (name.starts_with('.')) name.remove_prefix(1);
    if (name.ends_with(".weight")) name.remove_suffix(7);
    return std::string(name);
  }

  static std::string expert_list(const std::vector<std::uint64_t>& shown, std::uint64_t count) {
    return fmt::format(
        "expert{} {}{}", count == 1 ? "" : "s", fmt::join(shown, ", "),
        count > shown.size() ? fmt::format(" and {} more", count - shown.size()) : "");
  }

  // ---- what the rules add and take away --------------------------------------------------------

  void synthesise() {
    std::set<std::string_view> keys;
    for (const Output& output : plan_.outputs) keys.insert(output.key);
    std::vector<Output> made;
    for (const Synth& synth : mapping_.synths) {
      for (const Output& output : plan_.outputs) {
        const auto captures = synth.trigger.match(output.key);
        if (!captures) continue;
        std::string key = synth.key.expand(*captures).value();
        if (keys.contains(key)) continue;
        const auto extent = synth_extent(synth, output);
        if (!extent) return;
        made.push_back(
            {std::move(key), zeros(synth.dtype, {*extent}), Kind::Synthesised, synth.rule});
      }
    }
    for (Output& output : made) {
      plan_.outputs.push_back(std::move(output));
      origins_.emplace_back();
    }
  }

  Extent synth_extent(const Synth& synth, const Output& trigger) {
    const Extent rows = trigger.shape().empty() ? Extent() : trigger.shape()[0];
    if (rows && *rows > kMostExperts) {
      report_experts(trigger.key, trigger.shape(), kMostExperts);
      return std::nullopt;
    }
    if (synth.extent && synth.extent == rows) return rows;
    if (synth.extent && rows) {
      report_experts(trigger.key, trigger.shape(), *synth.extent);
      return std::nullopt;
    }
    const bool is_new = rows && reported_extent_.insert(*rows).second;
    if (plan_.options.has_config || !rows) {
      problem(Code::ExpertCount, Severity::Error, trigger.key,
              "the config does not state the number of experts that {} needs; --set num_experts=N",
              synth.rule);
      return std::nullopt;
    }
    if (is_new) {
      problem(Code::Inferred, Severity::Warning, trigger.key,
              "no config: {} experts, inferred from the rows of {}", *rows, display(trigger.key));
    }
    return rows;
  }

  void exclude() {
    if (plan_.options.exclude.empty()) return;
    const Regex regex(plan_.options.exclude, {.at_start = true});
    std::size_t kept = 0;
    for (std::size_t i = 0; i < plan_.outputs.size(); ++i) {
      if (regex.matches(plan_.outputs[i].key)) {
        for_each_source(*plan_.outputs[i].value,
                        [&](std::uint32_t id) { excluded_.push_back(id); });
        plan_.excluded.push_back(plan_.outputs[i].key);
        continue;
      }
      if (kept != i) {
        plan_.outputs[kept] = std::move(plan_.outputs[i]);
        origins_[kept] = origins_[i];
      }
      ++kept;
    }
    plan_.outputs.resize(kept);
    origins_.resize(kept);
    std::sort(plan_.excluded.begin(), plan_.excluded.end(), natural_less);
  }

  void sort_outputs() {
    std::vector<std::size_t> order(plan_.outputs.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return natural_less(plan_.outputs[a].key, plan_.outputs[b].key);
    });
    std::vector<Output> outputs;
    std::vector<std::string_view> origins;
    outputs.reserve(order.size());
    for (const std::size_t i : order) {
      if (!outputs.empty() && outputs.back().key == plan_.outputs[i].key) {
        problem(Code::KeyCollision, Severity::Error, plan_.outputs[i].key,
                "{} is made twice, from {} and from {}", display(plan_.outputs[i].key),
                display(origins.back()), display(origins_[i]));
      }
      outputs.push_back(std::move(plan_.outputs[i]));
      origins.push_back(origins_[i]);
    }
    plan_.outputs = std::move(outputs);
    origins_ = std::move(origins);
  }

  void settle_fates() {
    plan_.settle_used();
    for (const std::uint32_t id : excluded_) {
      if (plan_.fates[id].kind != Fate::Kind::Unplaced) continue;
      plan_.fates[id] = {Fate::Kind::Dropped,
                         rule_named("exclude", "output excluded by --exclude")};
    }
  }

  /// Nothing is lost without a word: a source that nothing accounts for is an error, named by
  /// itself where no other error explains it.
  void report_orphans() {
    if (!plan_.sound()) return;
    for (std::size_t id = 0; id < plan_.fates.size(); ++id) {
      if (plan_.fates[id].kind != Fate::Kind::Unplaced) continue;
      const std::string_view key = source_.tensors[id].name;
      problem(Code::Orphan, Severity::Error, key, "{}: no output uses it and no rule drops it",
              display(key));
    }
  }

  // ---- names -----------------------------------------------------------------------------------

  /// The key that `key` of side `side` gets on the other side: of the whole, or of the first leaf.
  std::string name_on_other_side(std::string_view key, Namespace side) const {
    std::string name =
        side == Namespace::Hf ? with_prefix(mapping_, key, Namespace::Native) : std::string(key);
    if (auto place = find_place(mapping_, name, side)) {
      const Equation& equation = *place->equation;
      const Part* stack_part = find_stack(equation.parts);
      if (stack_part != nullptr && place->leaf == nullptr) {
        place->captures[stack_part->index] = fmt::format("{}", expert_range(0).first);
      }
      const Pattern& pattern = place->leaf != nullptr
                                   ? equation.whole.front()
                                   : first_tensor(equation.parts).spellings.front();
      name = pattern.expand(place->captures).value();
    }
    return side == Namespace::Hf ? name : with_prefix(mapping_, name, Namespace::Hf);
  }

  /// A note when keys would come back under other names.
  void report_aliases() {
    if (from() == to()) return;
    std::size_t count = 0;
    std::string example;
    for (std::size_t i = 0; i < plan_.outputs.size(); ++i) {
      if (plan_.outputs[i].kind == Kind::Synthesised) continue;
      const std::string back = name_on_other_side(plan_.outputs[i].key, to());
      if (back == origins_[i]) continue;
      if (count++ == 0) {
        example = fmt::format("{} would come back as {}", display(origins_[i]), display(back));
      }
    }
    if (count == 0) return;
    problem(Code::Alias, Severity::Note, "", "{} {} read under an alias: {}", count,
            count == 1 ? "key is" : "keys are", example);
  }

  void report_identity() {
    const bool changes = std::any_of(plan_.outputs.begin(), plan_.outputs.end(),
                                     [](const Output& o) { return o.kind != Kind::Passed; });
    if (changes || !plan_.excluded.empty() || !plan_.drop_rules.empty() || !plan_.sound()) return;
    problem(Code::NothingToDo, Severity::Note, "", "nothing changes: every tensor passes through");
  }

  const PlanSource& source_;
  const Mapping& mapping_;
  Plan plan_;
  std::vector<Logical> logical_;
  std::unordered_map<std::string, Group> groups_;
  std::vector<const Group*> group_order_;
  std::map<const Part*, std::uint64_t> stack_sizes_;
  std::set<std::uint64_t> reported_extent_;
  std::vector<std::string_view> origins_;  // by output: the key of its first part
  std::vector<std::uint32_t> excluded_;    // sources of outputs that --exclude removed
};

}  // namespace

Plan make_plan(const PlanSource& source, const Mapping& mapping, const PlanOptions& options) {
  return Planner(source, mapping, options).run();
}

}  // namespace ckptscope
