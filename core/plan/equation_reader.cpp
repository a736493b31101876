#include "core/plan/equation_reader.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "core/base/display.hpp"
#include "core/mapping/lookup.hpp"

namespace ckptscope {
namespace {

/// The tensors of one equation that make one whole.
struct Group {
  const Equation* equation = nullptr;
  std::string key;  // of the whole
  Captures captures;
  std::map<std::pair<std::size_t, std::uint64_t>, const Logical*> members;  // by tensor and expert
};

constexpr std::size_t kShownExperts = 8;
class EquationReader {
 public:
  EquationReader(const Mapping& mapping, const PlanOptions& options, std::vector<Problem>& problems)
      : mapping_(mapping), options_(options), problems_(problems) {}

  EquationResult run(std::span<const Logical> tensors) {
    for (const Logical& logical : tensors) read(logical);
    for (const Group* group : group_order_) assemble(*group);
    return std::move(result_);
  }

 private:
  Namespace from() const { return options_.from; }
  Namespace to() const { return options_.to; }

  template <typename... Args>
  void problem(Code code, Severity severity, std::string_view key,
               fmt::format_string<Args...> format, Args&&... args) {
    problems_.push_back(
        {code, severity, fmt::format(format, std::forward<Args>(args)...), std::string(key)});
  }

  void read(const Logical& logical) {
    const auto found = from() == to() ? std::nullopt : find_place(mapping_, logical.key, from());
    if (!found) {
      result_.unknown.push_back(&logical);
    } else if (found->leaf != nullptr) {
      add_to_group(*found, logical);
    } else if (has_expected_rows(*found->equation, *logical.value, logical.origin)) {
      take_apart(*found->equation, found->equation->parts, found->captures, logical.value, logical);
    }
  }

  void make(std::string key, ValuePtr value, std::string_view origin) {
    result_.made.push_back({std::move(key), std::move(value), origin});
  }

  static bool transforms(const Equation& equation) { return equation.parts.op != Part::Op::Tensor; }

  /// The dtype that an equation's tensors get; nullopt keeps theirs.
  std::optional<Dtype> target_dtype(const Equation& equation) const {
    if (equation.fixed) return equation.fixed;
    if (to() == Namespace::Native && find_stack(equation.parts)) return options_.output_dtype();
    if (to() == Namespace::Hf && transforms(equation)) return options_.dtype;
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
    problems_.push_back(expert_count_problem(key, whole.shape, *equation.rows));
    return false;
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
        make(part.spellings.front().expand(captures).value(), with_target_dtype(equation, value),
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
      problems_.push_back(
          expert_count_problem(logical.origin, value->shape, std::min(last - first, kMostExperts)));
      return;
    }
    for (std::uint64_t i = 0; i < found; ++i) {
      captures[part.index] = fmt::format("{}", first + i);
      take_apart(equation, part.parts[0], captures, select(value, i), logical);
    }
  }

  std::pair<std::uint64_t, std::uint64_t> expert_range(std::uint64_t count) const {
    return options_.expert_range.value_or(std::pair(std::uint64_t{0}, count));
  }

  // ---- assembling ----------------------------------------------------------------------------

  void add_to_group(const Place& place, const Logical& logical) {
    const Equation& equation = *place.equation;
    if (!are_numbers(equation, logical)) return;
    const Part* stack_part = find_stack(equation.parts);
    std::uint64_t index = 0;
    if (stack_part != nullptr) {
      index = number_of(place.captures, stack_part->index);
      std::uint64_t& seen = stack_sizes_[stack_part];
      seen = std::max(seen, index + 1);
    }
    if (stack_part != nullptr && belongs_to_other_rank(index, stack_part->extent)) {
      result_.of_other_ranks.push_back(&logical);
      return;
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
    const auto& range = options_.expert_range;
    return range && count && index < *count && (index < range->first || index >= range->second);
  }

  void assemble(const Group& group) {
    const std::size_t before = count_errors(problems_);
    const ValuePtr value = assemble(group, group.equation->parts, 0);
    if (value && count_errors(problems_) == before &&
        has_expected_rows(*group.equation, *value, group.key)) {
      make(group.key, value, group.members.begin()->second->origin);
    }
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
    if (options_.has_config) {
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

  const Mapping& mapping_;
  const PlanOptions& options_;
  std::vector<Problem>& problems_;
  EquationResult result_;
  std::unordered_map<std::string, Group> groups_;
  std::vector<const Group*> group_order_;
  std::map<const Part*, std::uint64_t> stack_sizes_;
  std::set<std::uint64_t> reported_extent_;
};

}  // namespace

EquationResult read_equations(const Mapping& mapping, const PlanOptions& options,
                              std::span<const Logical> tensors, std::vector<Problem>& problems) {
  return EquationReader(mapping, options, problems).run(tensors);
}

Problem expert_count_problem(std::string_view key, ShapeView found, std::uint64_t expected) {
  return {Code::ExpertCount, Severity::Error,
          fmt::format("{}: {} experts in {}, {} expected; --set num_experts=N overrides the config",
                      display(key), found[0], to_string(found), expected),
          std::string(key)};
}

}  // namespace ckptscope
