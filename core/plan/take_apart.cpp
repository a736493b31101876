// The expression is walked from the top; each operation hands its parts the view that is theirs.
#include <algorithm>
#include <numeric>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/plan/reading.hpp"

namespace ckptscope {
namespace {

class TakingApart {
 public:
  TakingApart(const Equation& equation, const LogicalTensor& whole, Reading& reading,
              std::vector<Draft>& drafts)
      : equation_(equation), whole_(whole), reading_(reading), drafts_(drafts) {}

  void walk(const Part& part, const Captures& captures, ValuePtr value) {
    switch (part.op) {
      case Part::Op::Tensor:
        return give(part, captures, value);
      case Part::Op::Transpose:
        if (!reading_.has_rank(value, 2, whole_.origin)) return;
        return walk(part.parts[0], captures, reading_.values.transpose(value));
      case Part::Op::Concat:
        return walk_concat(part, captures, value);
      case Part::Op::Stack:
        return walk_stack(part, captures, value);
      case Part::Op::Row:
        return walk(part.parts[0], captures, reading_.values.stack(std::span(&value, 1), 0));
      case Part::Op::Head:
        return walk_head(part, captures, value);
      case Part::Op::Scaled:
        walk(part.parts[0], captures, value);
        return give_ones(part.parts[1], captures, value);
      case Part::Op::Interleaved:
        if (!reading_.has_two_halves(part, value, whole_.origin)) return;
        return walk(
            part.parts[0], captures,
            reading_.values.deinterleave(value, dimension_of(part.dim, value->shape.size())));
    }
  }

 private:
  void give(const Part& tensor, const Captures& captures, ValuePtr value) {
    drafts_.push_back(reading_.draft(equation_, tensor.spellings.front().expand(captures).value(),
                                     reading_.with_target_dtype(equation_, value), whole_.origin));
  }

  /// The factor that was folded into `value`.
  void give_ones(const Part& tensor, const Captures& captures, ValuePtr value) {
    if (value->shape.empty()) return reading_.mismatch(whole_.origin, value, "1 dimension");
    give(first_tensor(tensor), captures,
         reading_.values.ones(reading_.options.output_dtype(), Shape{value->shape[0]}));
  }

  void walk_head(const Part& part, const Captures& captures, ValuePtr value) {
    if (!reading_.is_known(part, whole_.origin)) return;
    const std::uint64_t count = *part.extent;
    const std::uint64_t padded = round_up(count, part.multiple);
    const std::uint64_t found = value->shape.empty() ? 0 : value->shape.back();
    if (found != count && found != padded) {
      return reading_.mismatch(whole_.origin, value, fmt::format("{} at the end", count));
    }
    if (found == padded) return walk(part.parts[0], captures, value);
    Shape rest = to_shape(value->shape);
    rest.back() = padded - count;
    const ValuePtr parts[] = {value, reading_.values.zeros(value->dtype, rest)};
    walk(part.parts[0], captures, reading_.values.concat(parts, static_cast<int>(rest.size()) - 1));
  }

  void walk_concat(const Part& part, const Captures& captures, ValuePtr value) {
    if (!reading_.has_rank(value, rank_for(part.dim), whole_.origin)) return;
    if (!reading_.is_known(part, whole_.origin)) return;
    const int dim = dimension_of(part.dim, value->shape.size());
    if (!part.sizes.empty()) return walk_unlike(part, captures, value, dim);
    const std::uint64_t measure = value->shape[static_cast<std::size_t>(dim)];
    const std::uint64_t count = part.parts.size();
    const std::uint64_t each = part.each.value_or(measure / count);
    if (each * count != measure) {
      return reading_.problems.add(Code::ShapeMismatch, Severity::Error, whole_.origin,
                                   "{}: dimension {} of {} is {}, {} parts of {} expected",
                                   display(whole_.origin), dim, to_string(value->shape), measure,
                                   count, each);
    }
    for (std::uint64_t i = 0; i < count; ++i) {
      walk(part.parts[i], captures, reading_.values.slice(value, dim, i * each, (i + 1) * each));
    }
  }

  void walk_unlike(const Part& part, const Captures& captures, ValuePtr value, int dim) {
    const std::uint64_t sum =
        std::accumulate(part.sizes.begin(), part.sizes.end(), std::uint64_t{0});
    if (sum != value->shape[static_cast<std::size_t>(dim)]) {
      return reading_.mismatch(
          whole_.origin, value,
          fmt::format("{} = {} in dimension {}", fmt::join(part.sizes, " + "), sum, dim));
    }
    std::uint64_t begin = 0;
    for (std::size_t i = 0; i < part.parts.size(); ++i) {
      const std::uint64_t end = begin + part.sizes[i];
      walk(part.parts[i], captures, reading_.values.slice(value, dim, begin, end));
      begin = end;
    }
  }

  void walk_stack(const Part& part, Captures captures, ValuePtr value) {
    if (!reading_.has_rank(value, 1, whole_.origin)) return;
    const std::uint64_t found = value->shape[0];
    if (reading_.options.experts && !part.extent) {
      return reading_.problems.add(Code::ExpertCount, Severity::Error, whole_.origin,
                                   "{}: of how many experts these are some must be stated by "
                                   "config.json or --set num_experts",
                                   display(whole_.origin));
    }
    const auto [first, last] = reading_.expert_range(part.extent.value_or(found));
    if (found != last - first || found > kMostExperts) {
      return reading_.problems.add(reading_.extents.count_problem(
          whole_.origin, value->shape, std::min(last - first, kMostExperts)));
    }
    for (std::uint64_t i = 0; i < found; ++i) {
      captures[part.index] = fmt::format("{}", first + i);
      walk(part.parts[0], captures, reading_.values.select(value, i));
    }
  }

  const Equation& equation_;
  const LogicalTensor& whole_;
  Reading& reading_;
  std::vector<Draft>& drafts_;
};

}  // namespace

void take_apart(const KeyPlace& place, const LogicalTensor& whole, Reading& reading,
                std::vector<Draft>& drafts) {
  const Equation& equation = *place.equation;
  if (!reading.has_expected_rows(equation, whole.value, whole.origin)) return;
  if (!reading.are_numbers(equation, whole)) return;
  TakingApart(equation, whole, reading, drafts).walk(equation.parts, place.captures, whole.value);
}

}  // namespace ckptscope
