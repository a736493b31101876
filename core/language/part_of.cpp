// Every operation has its operands in slots of its own.
#include "core/language/part_of.hpp"

#include <algorithm>

namespace ckptscope {
namespace {

/// Parts with sizes of their own, or like ones, whose sizes are written alike.
void take_parts(const std::vector<LineFields>& operands, Part& part) {
  const auto size_of = [](const LineFields& one) -> const LineField& { return one["SIZE"]; };
  const LineField& first = size_of(operands.front());
  const bool alike = std::all_of(operands.begin(), operands.end(), [&](const LineFields& one) {
    return size_of(one).text == first.text;
  });
  if (alike) part.each = first.value.extent();
  for (const LineFields& one : operands) {
    part.parts.push_back(part_of(one["X"], part.side));
    if (alike) continue;
    const Quantity& size = size_of(one).value;
    part.sizes.push_back(size.extent().value_or(0));
    if (!size.extent() && part.unknown.empty()) part.unknown = size.what_is_missing();
  }
}

Part operation_of(const LineFields& operation, Side side) {
  Part part;
  part.op = operation.word->op;
  part.side = side;
  const auto has = [&](std::string_view slot) { return operation.has(slot); };
  if (has("E")) part.index = operation["E"].text;
  if (has("DIM")) part.dim = static_cast<int>(*number_in(operation["DIM"].text).whole());
  if (has("COUNT")) part.extent = operation["COUNT"].value.extent();
  if (has("MULTIPLE")) part.multiple = operation["MULTIPLE"].value.extent().value_or(1);
  if (part.op == Part::Op::Head && !part.extent) {
    part.unknown = operation["COUNT"].value.what_is_missing();
  }
  for (const char* const slot : {"X", "FACTOR"}) {
    if (has(slot)) part.parts.push_back(part_of(operation[slot], side));
  }
  if (!operation.repeated.empty()) take_parts(operation.repeated, part);
  return part;
}

}  // namespace

Part part_of(const LineField& operand, Side side) {
  if (operand.operation) return operation_of(*operand.operation, side);
  Part part;
  part.side = side;
  for (const std::string& key : operand.spellings) part.spellings.emplace_back(key);
  return part;
}

}  // namespace ckptscope
