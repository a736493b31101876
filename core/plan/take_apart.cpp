// The expression is walked from the top; each operation hands its parts the view that is theirs.
#include <algorithm>

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
    }
  }

 private:
  void give(const Part& tensor, const Captures& captures, ValuePtr value) {
    drafts_.push_back({{tensor.spellings.front().expand(captures).value(),
                        reading_.with_target_dtype(equation_, value)},
                       whole_.origin});
  }

  void walk_concat(const Part& part, const Captures& captures, ValuePtr value) {
    if (!reading_.has_rank(value, rank_for(part.dim), whole_.origin)) return;
    const int dim = dimension_of(part.dim, value->shape.size());
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

  void walk_stack(const Part& part, Captures captures, ValuePtr value) {
    if (!reading_.has_rank(value, 1, whole_.origin)) return;
    const std::uint64_t found = value->shape[0];
    const auto [first, last] = reading_.expert_range(part.extent.value_or(found));
    if (found != last - first || found > kMostExperts) {
      return reading_.problems.add(
          expert_count_problem(whole_.origin, value->shape, std::min(last - first, kMostExperts)));
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

void take_apart(const Place& place, const LogicalTensor& whole, Reading& reading,
                std::vector<Draft>& drafts) {
  const Equation& equation = *place.equation;
  if (!reading.has_expected_rows(equation, whole.value, whole.origin)) return;
  if (!reading.are_numbers(equation, whole)) return;
  TakingApart(equation, whole, reading, drafts).walk(equation.parts, place.captures, whole.value);
}

}  // namespace ckptscope
