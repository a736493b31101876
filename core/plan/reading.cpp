// One place for what must hold before a tensor is transposed, stacked or split.
#include "core/plan/reading.hpp"

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"

namespace ckptscope {
namespace {

bool transforms(const Equation& equation) {
  return equation.parts.op != Part::Op::Tensor;
}

/// The dtype that an equation's tensors get; nullopt keeps theirs.
std::optional<Dtype> target_dtype(const Equation& equation, const PlanOptions& options) {
  if (equation.fixed) return equation.fixed;
  if (options.to == Side::Native && find_stack(equation.parts)) return options.output_dtype();
  if (options.to == Side::Hf && transforms(equation)) return options.dtype;
  return std::nullopt;
}

}  // namespace

bool Reading::are_numbers(const Equation& equation, const LogicalTensor& tensor) {
  if (!transforms(equation) || is_number(tensor.value->dtype)) return true;
  problems.add(
      Code::PackedCodes, Severity::Error, tensor.origin,
      "{}: dtype {} holds packed codes that no scheme decodes; they are not transposed, stacked "
      "or split",
      display(tensor.origin), name_of(tensor.value->dtype));
  return false;
}

bool Reading::has_expected_rows(const Equation& equation, ValuePtr whole, std::string_view key) {
  if (!equation.rows || whole->shape.empty() || whole->shape[0] == *equation.rows) return true;
  problems.add(expert_count_problem(key, whole->shape, *equation.rows));
  return false;
}

bool Reading::has_rank(ValuePtr value, std::size_t rank, std::string_view key) {
  if (value->shape.size() >= rank) return true;
  problems.add(Code::ShapeMismatch, Severity::Error, key, "{}: shape {}, at least {} expected",
               display(key), to_string(value->shape), counted(rank, "dimension"));
  return false;
}

ValuePtr Reading::with_target_dtype(const Equation& equation, ValuePtr value) {
  const auto dtype = target_dtype(equation, options);
  return dtype && is_number(value->dtype) ? values.cast(value, *dtype) : value;
}

std::pair<std::uint64_t, std::uint64_t> Reading::expert_range(std::uint64_t count) const {
  return options.expert_range.value_or(std::pair(std::uint64_t{0}, count));
}

}  // namespace ckptscope
