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
  const bool as_output = equation.as_output || find_stack(equation.parts) != nullptr;
  if (options.to == Side::Native && as_output) return options.output_dtype();
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
  if (options.to == Side::Hf && options.experts && equation.counts_rows) {
    problems.add(Code::ExpertCount, Severity::Error, key,
                 "{}: experts {} cannot be written as one tensor of all: join the slices first",
                 display(key), options.experts->text());
    return false;
  }
  if (!equation.rows || whole->shape.empty() || whole->shape[0] == *equation.rows) return true;
  problems.add(extents.count_problem(key, whole->shape, *equation.rows));
  return false;
}

bool Reading::has_rank(ValuePtr value, std::size_t rank, std::string_view key) {
  if (value->shape.size() >= rank) return true;
  problems.add(Code::ShapeMismatch, Severity::Error, key, "{}: shape {}, at least {} expected",
               display(key), to_string(value->shape), counted(rank, "dimension"));
  return false;
}

void Reading::remark(Code code, std::string_view key, std::string text) {
  const auto [found, is_new] = remarks.try_emplace(code, Remark{std::string(key), std::move(text)});
  if (!is_new) ++found->second.alike;
}

std::vector<Problem> Reading::take_problems() {
  for (const auto& [code, one] : remarks) {
    problems.add(code, Severity::Note, one.key, "{}{}", one.text,
                 one.alike > 0 ? fmt::format("; {} more alike", one.alike) : "");
  }
  return problems.take();
}

bool Reading::has_two_halves(const Part& part, ValuePtr value, std::string_view key) {
  if (!has_rank(value, rank_for(part.dim), key)) return false;
  const int dim = dimension_of(part.dim, value->shape.size());
  if (value->shape[static_cast<std::size_t>(dim)] % 2 == 0) return true;
  mismatch(key, value, fmt::format("an even dimension {}", dim));
  return false;
}

ValuePtr Reading::with_target_dtype(const Equation& equation, ValuePtr value, bool whole) {
  const bool multiplies = options.to == Side::Native && equation.parts.op == Part::Op::Scaled;
  if (multiplies != whole) return value;
  const auto dtype = target_dtype(equation, options);
  if (!dtype || !is_number(value->dtype)) return value;
  // One cast on the way: what was decoded exactly is not rounded twice.
  return values.cast(value->op == Value::Op::Cast ? value->args[0] : value, *dtype);
}

bool Reading::is_known(const Part& part, std::string_view key) {
  if (part.unknown.empty()) return true;
  problems.add(Code::ShapeMismatch, Severity::Error, key,
               "{}: its sizes are not known: config.json does not state {}", display(key),
               display(part.unknown));
  return false;
}

void Reading::mismatch(std::string_view key, ValuePtr found, std::string_view expected) {
  problems.add(Code::ShapeMismatch, Severity::Error, key, "{}: shape {} {}, {} expected",
               display(key), name_of(found->dtype), to_string(found->shape), expected);
}

Draft Reading::draft(const Equation& equation, std::string key, ValuePtr value,
                     std::string_view origin) {
  Draft draft{{std::move(key), value}, origin};
  draft.output.line = static_cast<std::uint32_t>(&equation - mapping.equations.data());
  return draft;
}

std::pair<std::uint64_t, std::uint64_t> Reading::expert_range(std::uint64_t count) const {
  return options.experts ? options.experts->of(count) : std::pair(std::uint64_t{0}, count);
}

bool Reading::is_empty_slice(std::uint64_t count, std::string_view key) {
  const auto [first, last] = expert_range(count);
  if (!options.experts || first < last) return false;
  problems.add(Code::ExpertCount, Severity::Error, key, "{}: experts {} are none of its {}",
               display(key), options.experts->text(), count);
  return true;
}

ValuePtr Reading::sliced(const Equation& equation, ValuePtr whole, std::string_view key) {
  if (!options.experts || !equation.counts_rows || whole->shape.empty()) return whole;
  if (!equation.rows) {
    problems.add(Code::ExpertCount, Severity::Error, key,
                 "{}: how many experts it has must be stated by config.json or --set num_experts",
                 display(key));
    return nullptr;
  }
  if (is_empty_slice(*equation.rows, key)) return nullptr;
  const auto [first, last] = expert_range(*equation.rows);
  return values.slice(whole, 0, first, last);
}

}  // namespace ckptscope
